// How does a test get a Kubernetes cluster, and a namespace in it?
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { kubePrograms } from "../../tools/kube-parts.ts";
import { kill, processesOf, until, type Running } from "../e2e/harness.ts";
import { Api, type Access } from "./api.ts";
import { readAudit, type Requests } from "./audit.ts";
import { ControlPlane, type PlaneFlags } from "./control-plane.ts";
import { Daemon } from "./daemon.ts";
import { withToken, writeKubeconfig } from "./identities.ts";
import { Manifests } from "./manifests.ts";
import type { Deployment, KubeObject, Service } from "./objects.ts";
import { Resources } from "./resources.ts";

export interface ClusterOptions {
  readonly flags?: PlaneFlags;
  /** Default 2. */
  readonly nodes?: number;
  /** Which of the ranges of addresses it has; no two clusters have the same at one time. */
  readonly range?: number;
}

/** Whoever has something that ends with it: a test, or what is shown to a person. */
export interface Ending {
  readonly onTestFinished: (end: () => void | Promise<void>) => void;
  readonly onTestFailed: (told: () => void) => void;
}

/** What a test asks of a cluster, whoever started it. */
export class Cluster {
  readonly dir: string;
  /** Of an administrator, proved by a certificate. Whatever uses it is counted. */
  readonly kubeconfig: string;
  /** The same, proved by a token. */
  readonly tokenKubeconfig: string;
  readonly access: Access;
  /** A file for Prometheus' `file_sd_configs` with the pods that are annotated with `prometheus.io/scrape: "true"`. */
  readonly targets: string;
  /** The objects that are in no namespace, and those of all namespaces. */
  readonly objects: Manifests;
  readonly #api: Api;
  readonly #resources: Resources;

  constructor(dir: string) {
    this.dir = dir;
    this.kubeconfig = join(dir, "admin.kubeconfig");
    this.tokenKubeconfig = join(dir, "token.kubeconfig");
    this.targets = join(dir, "targets.json");
    this.access = JSON.parse(readFileSync(join(dir, "access.json"), "utf8")) as Access;
    this.#api = new Api(this.access, "serin-tests");
    this.#resources = new Resources(this.#api);
    this.objects = new Manifests(this.#api, this.#resources);
  }

  /** A namespace that ends with the test. */
  async namespace(context: Pick<Ending, "onTestFinished">, prefix = "test"): Promise<Namespace> {
    // Files know nothing of each other, and a namespace's name stays taken for a while.
    const name = `${prefix}-${randomUUID().slice(0, 8)}`;
    await this.objects.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
    context.onTestFinished(() => this.forget(name));
    const namespace = new Namespace(this, this.#api, { resources: this.#resources, name });
    // Without it no pod is taken.
    await namespace.until("ServiceAccount/default", () => true);
    return namespace;
  }

  /** Runs kubectl to its end and answers with what it said; throws when it fails. */
  async kubectl(...args: readonly string[]): Promise<string> {
    const kubectl = kubePrograms()?.kubectl ?? "kubectl";
    const { stdout } = await promisify(execFile)(kubectl, ["--kubeconfig", this.kubeconfig, ...args], {
      timeout: 300_000,
      maxBuffer: 64 * 1_048_576,
    });
    return stdout;
  }

  /** What clients whose user agent starts so have asked for, from a time on. */
  async requestsOf(userAgent: string, sinceMs = 0): Promise<Requests> {
    return readAudit(this.dir, userAgent, sinceMs);
  }

  /** The file of a kubeconfig with the rights of a ServiceAccount, `namespace/name`, for an hour. */
  async kubeconfigOf(account: string): Promise<string> {
    const [namespace = "", name = ""] = account.split("/");
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const data = { spec: { expirationSeconds: 3600 } };
    const { status } = await this.#api.call<KubeObject & { status: { token: string } }>("POST", path, { data });
    const file = join(this.dir, `${namespace}-${name}.kubeconfig`);
    writeKubeconfig(file, this.access, withToken(status.token));
    return file;
  }

  close(): void {
    this.#api.close();
  }

  /** Takes a namespace away. */
  protected async forget(name: string): Promise<void> {
    await this.objects.delete(`Namespace/${name}`);
    // Kubernetes waits for seconds before it does so itself; nothing brings them back in a namespace that ends.
    await this.#api.call("DELETE", `/api/v1/namespaces/${name}/pods`, { data: { gracePeriodSeconds: 1 } });
  }
}

/** A namespace of one test. */
export class Namespace extends Manifests {
  readonly name: string;
  readonly #cluster: Cluster;

  constructor(cluster: Cluster, api: Api, { resources, name }: { resources: Resources; name: string }) {
    super(api, resources, name);
    this.name = name;
    this.#cluster = cluster;
  }

  /** Where a Service is asked: at its first port. */
  async address(service: string): Promise<string> {
    const { spec } = await this.until<Service>(`Service/${service}`, (found) => found.spec.clusterIP !== undefined);
    return `http://${spec.clusterIP}:${spec.ports?.[0]?.port}`;
  }

  async kubectl(...args: readonly string[]): Promise<string> {
    return this.#cluster.kubectl("--namespace", this.name, ...args);
  }

  /** Waits until a Deployment has rolled out what it says. */
  async rolledOut(name: string, withinMs?: number): Promise<Deployment> {
    const isDone = ({ metadata, spec, status = {} }: Deployment): boolean =>
      status.observedGeneration === metadata.generation &&
      status.updatedReplicas === spec.replicas &&
      status.replicas === spec.replicas &&
      status.availableReplicas === spec.replicas;
    return this.until<Deployment>(`Deployment/${name}`, isDone, withinMs);
  }
}

/** A cluster of a test's own, with its parts. */
export class OwnCluster extends Cluster {
  readonly plane: ControlPlane;
  readonly kubelet: Daemon;
  readonly serviceProxy: Daemon;

  constructor(dir: string, plane: ControlPlane, { nodes, pods }: { nodes: number; pods: string }) {
    super(dir);
    this.plane = plane;
    const daemon = (name: string, ...args: readonly string[]): Daemon =>
      new Daemon({
        name,
        command: [process.execPath, join(import.meta.dirname, name, "main.ts"), dir, ...args],
        log: join(dir, `${name}.log`),
      });
    this.kubelet = daemon("kubelet", pods, String(nodes));
    this.serviceProxy = daemon("service-proxy");
  }

  async ready(): Promise<void> {
    const says = async (name: string, daemon: Daemon): Promise<void> => {
      const log = join(this.dir, `${name}.log`);
      await until(`${name} is ready`, async () => {
        daemon.assertRuns();
        return readFileSync(log, "utf8").includes("ready");
      });
    };
    await Promise.all([says("kubelet", this.kubelet), says("service-proxy", this.serviceProxy)]);
  }

  /** All of it ends with the test, and its API server may be away by then. */
  protected override async forget(): Promise<void> {
    // Nothing to take away.
  }

  /** Processes that live on this cluster: its parts and its pods. */
  async processes(): Promise<readonly Running[]> {
    return processesOf(this.dir);
  }

  /** Ends everything; answers with what was left and had to be ended by force. */
  async end(): Promise<readonly Running[]> {
    this.close();
    await Promise.all([this.kubelet.stop(), this.serviceProxy.stop()]);
    await this.plane.end();
    const left = await this.processes();
    for (const { pid } of left) kill(pid);
    await rm(this.dir, { recursive: true, force: true });
    return left;
  }
}

/** Starts a cluster: some ten seconds. Tests that break nothing share one instead: `sharedCluster`. */
export async function openCluster({ flags = {}, nodes = 2, range = 1 }: ClusterOptions = {}): Promise<OwnCluster> {
  const programs = kubePrograms();
  if (!programs) throw new Error("the control plane's programs are not there: run node tools/kube-parts.ts");
  const dir = await mkdtemp(join(tmpdir(), "serin-kube-"));
  const plane = await ControlPlane.start({ dir, programs, services: `10.${96 + range}`, flags });
  const cluster = new OwnCluster(dir, plane, { nodes, pods: `10.${244 + range}` });
  try {
    cluster.kubelet.start();
    cluster.serviceProxy.start();
    await cluster.ready();
    return cluster;
  } catch (error) {
    await cluster.end();
    throw error;
  }
}
