// How does a test get an etcd, an API server and a controller manager of its own?
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { KubePrograms } from "../../tools/kube-parts.ts";
import { until } from "../e2e/harness.ts";
import { freePort } from "../proxy/parts.ts";
import { Api, type Access } from "./api.ts";
import { auditPolicy } from "./audit.ts";
import { Daemon } from "./daemon.ts";
import { makeIdentities, withCertificate, withToken, writeKubeconfig, type Identities } from "./identities.ts";

/** Flags besides the fixture's own; the last one of a name counts. */
export interface PlaneFlags {
  readonly apiServer?: readonly string[];
  readonly controllerManager?: readonly string[];
}

export interface PlaneOptions {
  readonly dir: string;
  readonly programs: KubePrograms;
  /** `a.b` of the range `a.b.0.0/16` of Services. */
  readonly services: string;
  readonly flags: PlaneFlags;
}

interface Ports {
  readonly client: number;
  readonly peer: number;
  readonly api: number;
  readonly controllers: number;
}

const READY_MS = 120_000;

function etcd({ dir, programs }: PlaneOptions, { client, peer }: Ports): Daemon {
  const [clients, peers] = [`http://127.0.0.1:${client}`, `http://127.0.0.1:${peer}`];
  const listen = [`--listen-client-urls=${clients}`, `--listen-peer-urls=${peers}`];
  const tell = [`--advertise-client-urls=${clients}`, `--initial-advertise-peer-urls=${peers}`];
  const flags = ["--name=tests", `--initial-cluster=tests=${peers}`, "--unsafe-no-fsync", "--log-level=warn"];
  return new Daemon({
    name: "etcd",
    command: [programs.etcd, `--data-dir=${join(dir, "etcd")}`, ...listen, ...tell, ...flags],
    log: join(dir, "etcd.log"),
  });
}

function apiServer({ dir, programs, services, flags }: PlaneOptions, ports: Ports, own: Identities): Daemon {
  const address = ["--bind-address=127.0.0.1", `--secure-port=${ports.api}`, "--advertise-address=127.0.0.1"];
  const identity = [
    `--tls-cert-file=${own.serverCert}`,
    `--tls-private-key-file=${own.serverKey}`,
    `--client-ca-file=${own.ca}`,
    `--token-auth-file=${own.tokens}`,
    `--service-account-key-file=${own.accountKey}`,
    `--service-account-signing-key-file=${own.accountKey}`,
    "--service-account-issuer=https://kubernetes.default.svc",
    "--authorization-mode=RBAC",
  ];
  // Written before the answer, so that a test that has its answer finds the line.
  const audit = [
    `--audit-policy-file=${auditPolicy(dir)}`,
    `--audit-log-path=${join(dir, "audit.log")}`,
    "--audit-log-mode=blocking",
    "--audit-log-maxsize=10000",
  ];
  const rest = [
    `--etcd-servers=http://127.0.0.1:${ports.client}`,
    `--service-cluster-ip-range=${services}.0.0/16`,
    "--endpoint-reconciler-type=none",
    "--allow-privileged=true",
    "--enable-priority-and-fairness=false",
    "--max-requests-inflight=2000",
    "--max-mutating-requests-inflight=1000",
    "--profiling=false",
  ];
  return new Daemon({
    name: "kube-apiserver",
    command: [programs.apiServer, ...address, ...identity, ...audit, ...rest, ...(flags.apiServer ?? [])],
    log: join(dir, "apiserver.log"),
  });
}

function controllerManager({ dir, programs, flags }: PlaneOptions, ports: Ports, own: Identities): Daemon {
  const busy = ["deployment", "replicaset", "endpoint", "service-endpoint", "namespace", "gc"];
  const options = [
    `--kubeconfig=${join(dir, "controllers.kubeconfig")}`,
    "--bind-address=127.0.0.1",
    `--secure-port=${ports.controllers}`,
    "--leader-elect=false",
    `--service-account-private-key-file=${own.accountKey}`,
    `--root-ca-file=${own.ca}`,
    "--allocate-node-cidrs=false",
    "--horizontal-pod-autoscaler-sync-period=2s",
    // What thousands of pods take.
    "--kube-api-qps=2000",
    "--kube-api-burst=4000",
    ...busy.map((name) => `--concurrent-${name}-syncs=20`),
    "--profiling=false",
  ];
  return new Daemon({
    name: "kube-controller-manager",
    command: [programs.controllerManager, ...options, ...(flags.controllerManager ?? [])],
    log: join(dir, "controllers.log"),
  });
}

export class ControlPlane {
  readonly etcd: Daemon;
  readonly apiServer: Daemon;
  readonly controllerManager: Daemon;
  /** The fixture's own access, which is not counted. */
  readonly access: Access;
  readonly #api: Api;

  private constructor(options: PlaneOptions, ports: Ports) {
    const own = makeIdentities(options.dir);
    const at = { server: `https://127.0.0.1:${ports.api}`, ca: own.ca };
    const config = (name: string, user: object): void =>
      writeKubeconfig(join(options.dir, `${name}.kubeconfig`), at, user);
    config("admin", withCertificate(options.dir, "admin"));
    config("token", withToken(own.token["token-admin"]));
    config("controllers", withToken(own.token.controllers));
    this.access = { ...at, token: own.token.fixture };
    writeFileSync(join(options.dir, "access.json"), JSON.stringify(this.access), { mode: 0o600 });
    this.etcd = etcd(options, ports);
    this.apiServer = apiServer(options, ports, own);
    this.controllerManager = controllerManager(options, ports, own);
    this.#api = new Api(this.access, "serin-fixture");
  }

  /** Starts all three; answers once pods can be made. */
  static async start(options: PlaneOptions): Promise<ControlPlane> {
    const [client, peer, api, controllers] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
    const plane = new ControlPlane(options, { client, peer, api, controllers });
    try {
      plane.etcd.start();
      plane.apiServer.start();
      await plane.answers();
      plane.controllerManager.start();
      await plane.#asked("an account for pods", "/api/v1/namespaces/default/serviceaccounts/default");
      return plane;
    } catch (error) {
      await plane.end();
      throw error;
    }
  }

  /** Waits until the API server answers. */
  async answers(): Promise<void> {
    await this.#asked("an answer of the API server", "/readyz");
  }

  /** Ends all three at once. */
  async end(): Promise<void> {
    this.#api.close();
    await Promise.all([this.controllerManager.kill(), this.apiServer.kill(), this.etcd.kill()]);
  }

  async #asked(what: string, path: string): Promise<void> {
    const found = async (): Promise<boolean> => {
      this.etcd.assertRuns();
      this.apiServer.assertRuns();
      try {
        const answer = await this.#api.open(path);
        answer.resume();
        return true;
      } catch {
        return false;
      }
    };
    await until(what, found, READY_MS);
  }
}
