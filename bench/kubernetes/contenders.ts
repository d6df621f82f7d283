// Who rolls a Deployment out in the benchmark, and how is each asked?
import { createServer } from "node:http";
import { readdirSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { kubeDefinitions, kubePart } from "../../tools/kube-parts.ts";
import type { Cluster, Namespace } from "../../test/kube/cluster.ts";
import { Daemon } from "../../test/kube/daemon.ts";
import { demoDeployment, demoService } from "../../test/kube/demo.ts";
import type { Condition, KubeObject } from "../../test/kube/objects.ts";
import { freePort } from "../../test/proxy/parts.ts";
import { installKinds } from "../../test/kube/serin.ts";

/** The same for all: so many pods, and so long a step lasts, which is the shortest that Flagger knows. */
const REPLICAS = 4;
const HOLD = "10s";

/** One controller with its Deployment, in a namespace of its own. */
export interface Contender {
  readonly name: string;
  /** How its user agent begins. */
  readonly agent: string;
  /** Starts it, and brings version 1 into service. */
  begin(): Promise<void>;
  release(version: string): Promise<void>;
  /** Resolves when a release has reached everybody. */
  promoted(version: string): Promise<void>;
  /** Resolves when about half of the pods or requests are the new version's. */
  halfWay(): Promise<void>;
  /** As a person takes a release back, and until that is done. */
  takeBack(): Promise<void>;
  end(): Promise<void>;
}

interface Place {
  readonly cluster: Cluster;
  readonly namespace: Namespace;
}

const LONG_MS = 240_000;

interface Status extends KubeObject {
  readonly spec?: { readonly paused?: boolean };
  readonly status?: {
    readonly phase?: string;
    readonly outcome?: string;
    readonly rollout?: number;
    readonly weight?: { readonly measured?: string };
    readonly abort?: boolean;
    readonly canaryWeight?: number;
    readonly iterations?: number;
    readonly currentStepIndex?: number;
    readonly stableRS?: string;
    readonly currentPodHash?: string;
    readonly failedChecks?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
  };
}

interface Definition extends KubeObject {
  readonly status?: { readonly conditions?: readonly Condition[] };
}

const inProcess = (version: string): object => demoDeployment(version, { replicas: REPLICAS, image: "inprocess" });

function daemonOf({ cluster, namespace }: Place, name: string, command: readonly [string, ...string[]]): Daemon {
  return new Daemon({ name, command, log: join(cluster.dir, `${name}-${namespace.name}.log`) });
}

/** Serin: a canary by counts of pods. */
export async function serin(place: Place): Promise<Contender> {
  const { cluster, namespace } = place;
  const main = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
  const where = ["--namespaces", namespace.name, "--lease-namespace", namespace.name];
  const state = join(cluster.dir, `serin-${namespace.name}`);
  const daemon = daemonOf(place, "serin", [
    ...([process.execPath, main, "serve", "--kubernetes", "--kubeconfig", cluster.kubeconfig] as const),
    ...where,
    "--state",
    state,
  ]);
  let releases = 0;
  const until = (holds: (status: NonNullable<Status["status"]>) => boolean): Promise<Status> =>
    namespace.until<Status>("serin.dev/v1/Rollout/app", ({ status = {} }) => holds(status), LONG_MS);
  const over = (outcome: string) =>
    until((status) => status.rollout === releases && status.phase === "Idle" && status.outcome === outcome);
  return {
    name: "Serin",
    agent: "serin/",
    begin: async () => {
      await installKinds(cluster);
      await namespace.apply([demoService(), inProcess("v1")]);
      await namespace.rolledOut("app");
      daemon.start();
      const steps = ["25%", "50%", "75%"].map((weight) => ({ weight, hold: HOLD }));
      const spec = {
        workload: { deployment: { name: "app" } },
        traffic: { service: { name: "app" } },
        strategy: { canary: { steps } },
        analysis: { enabled: false },
      };
      await namespace.apply({ apiVersion: "serin.dev/v1", kind: "Rollout", metadata: { name: "app" }, spec });
      releases += 1;
      await over("promoted");
    },
    release: async (version) => {
      releases += 1;
      await namespace.apply(inProcess(version));
    },
    promoted: async () => void (await over("promoted")),
    halfWay: async () => void (await until(({ weight, phase }) => phase !== "Idle" && weight?.measured === "50%")),
    takeBack: async () => {
      const note = { id: `back-${releases}`, kind: "abort", actor: "bench", reason: "taken back" };
      const annotations = { "serin.dev/command": JSON.stringify(note) };
      await namespace.patch("serin.dev/v1/Rollout/app", { metadata: { annotations } });
      await over("stopped");
    },
    end: () => daemon.stop(),
  };
}

/** Argo Rollouts: a canary by counts of pods, without a router. */
export async function argo(place: Place): Promise<Contender | undefined> {
  const { cluster, namespace } = place;
  const [program, definitions] = [kubePart("argo"), kubeDefinitions("argo")];
  if (program === undefined || definitions === undefined) return undefined;
  const rollout = "argoproj.io/v1alpha1/Rollout/app";
  const ports = [`--metricsPort=${await freePort()}`, `--healthzPort=${await freePort()}`];
  const daemon = daemonOf(place, "argo", [
    named(cluster, program, "argo-rollouts"),
    "--kubeconfig",
    cluster.kubeconfig,
    "--namespaced",
    "--namespace",
    namespace.name,
    "--leader-elect=false",
    ...ports,
  ]);
  const { spec } = demoDeployment("v1", { replicas: REPLICAS, image: "inprocess" }) as { spec: object };
  const steps = [25, 50, 75].flatMap((setWeight) => [{ setWeight }, { pause: { duration: HOLD } }]);
  const until = (holds: (status: NonNullable<Status["status"]>) => boolean): Promise<Status> =>
    namespace.until<Status>(rollout, ({ status = {} }) => holds(status), LONG_MS);
  const healthy = () =>
    until(
      ({ phase, stableRS, currentPodHash, replicas, updatedReplicas }) =>
        phase === "Healthy" && stableRS === currentPodHash && replicas === REPLICAS && updatedReplicas === REPLICAS,
    );
  let before = "";
  return {
    name: "Argo Rollouts 1.10.1",
    agent: "argo-rollouts",
    begin: async () => {
      await defined(cluster, definitions);
      daemon.start();
      const metadata = { name: "app" };
      const strategy = { canary: { steps } };
      await namespace.apply([
        demoService(),
        { apiVersion: "argoproj.io/v1alpha1", kind: "Rollout", metadata, spec: { ...spec, strategy } },
      ]);
      before = (await healthy()).status?.stableRS ?? "";
    },
    release: async (version) => {
      const container = (inProcess(version) as { spec: { template: { spec: { containers: object[] } } } }).spec.template
        .spec.containers[0];
      await namespace.patch(rollout, { spec: { template: { spec: { containers: [container] } } } });
    },
    promoted: async () => {
      await until(({ stableRS }) => stableRS !== before);
      before = (await healthy()).status?.stableRS ?? "";
    },
    halfWay: async () => void (await until(({ currentStepIndex }) => currentStepIndex === 3)),
    takeBack: async () => {
      await namespace.patch(rollout, { status: { abort: true } }, "status");
      await until(({ phase, replicas, updatedReplicas = 0 }) => {
        return phase === "Degraded" && replicas === REPLICAS && updatedReplicas === 0;
      });
    },
    end: () => daemon.stop(),
  };
}

/** Flagger: pods first and everybody at once, or requests by weights, for which no mesh need run. */
export async function flagger(place: Place, provider: "kubernetes" | "istio"): Promise<Contender | undefined> {
  const { cluster, namespace } = place;
  const [program, definitions, istio] = [kubePart("flagger"), kubeDefinitions("flagger"), kubeDefinitions("istio")];
  if (program === undefined || definitions === undefined || istio === undefined) return undefined;
  const port = await freePort();
  const gate = await openGate();
  const canary = "flagger.app/v1beta1/Canary/app";
  const agent = `flagger-${provider}`;
  const daemon = daemonOf(place, agent, [
    named(cluster, program, agent),
    "--kubeconfig",
    cluster.kubeconfig,
    "--namespace",
    namespace.name,
    "--mesh-provider",
    provider,
    "--port",
    String(port),
  ]);
  const until = (holds: (status: NonNullable<Status["status"]>) => boolean): Promise<Status> =>
    namespace.until<Status>(canary, ({ status = {} }) => holds(status), LONG_MS);
  const pace = provider === "istio" ? { stepWeights: [25, 50, 75] } : { iterations: 5 };
  const webhooks = [{ name: "take-back", type: "rollback", url: gate.url }];
  return {
    name: provider === "istio" ? "Flagger 1.43.0, weights" : "Flagger 1.43.0, blue/green",
    agent,
    begin: async () => {
      await defined(cluster, istio);
      await defined(cluster, definitions);
      await namespace.apply(inProcess("v1"));
      await namespace.rolledOut("app");
      daemon.start();
      const spec = {
        provider,
        targetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "app" },
        service: { port: 80, targetPort: 8080 },
        analysis: { interval: HOLD, threshold: 2, ...pace, webhooks },
      };
      await namespace.apply({ apiVersion: "flagger.app/v1beta1", kind: "Canary", metadata: { name: "app" }, spec });
      await until(({ phase }) => phase === "Initialized");
    },
    release: async (version) => {
      const { template } = (inProcess(version) as { spec: { template: object } }).spec;
      await namespace.patch("Deployment/app", { spec: { template } });
    },
    promoted: async (version) => {
      await until(({ phase }) => phase === "Progressing");
      await until(({ phase }) => phase === "Succeeded");
      await namespace.until<KubeObject>("Deployment/app-primary", (found) => JSON.stringify(found).includes(version));
    },
    halfWay: async () =>
      void (await until(({ phase, canaryWeight = 0, iterations = 0 }) => {
        return phase === "Progressing" && (provider === "istio" ? canaryWeight >= 50 : iterations >= 3);
      })),
    takeBack: async () => {
      gate.isOpen = true;
      await until(({ phase }) => phase === "Failed");
    },
    end: async () => {
      await daemon.stop();
      gate.close();
    },
  };
}

/** What Flagger asks at every interval whether a release is to be taken back: yes once it is open. */
async function openGate() {
  const gate = { isOpen: false, url: "", close: () => {} };
  const server = createServer((_request, response) => {
    response.writeHead(gate.isOpen ? 200 : 403);
    response.end();
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  gate.url = `http://127.0.0.1:${port}/`;
  gate.close = () => void server.close();
  return gate;
}

const made = new Map<string, Promise<void>>();

/** Brings others' kinds, once for the cluster. */
function defined(cluster: Cluster, path: string): Promise<void> {
  const known = made.get(path) ?? define(cluster, path);
  made.set(path, known);
  return known;
}

async function define(cluster: Cluster, path: string): Promise<void> {
  const inside = (name: string): boolean => name.endsWith(".yaml") && name !== "kustomization.yaml";
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter(inside)
        .map((name) => join(path, name))
    : [path];
  // They have fields that a strict API server does not know.
  const flags = ["--server-side", "--validate=false", ...files.flatMap((file) => ["-f", file])];
  await cluster.kubectl("apply", ...flags);
  // A controller that starts before they are served would not find them.
  await cluster.objects.untilAll<Definition>("CustomResourceDefinition", (all) =>
    all.every(({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True"),
    ),
  );
}

/** The same program under another name: a client's user agent begins with it. */
function named(cluster: Cluster, program: string, name: string): string {
  const path = join(cluster.dir, name);
  symlinkSync(program, path);
  return path;
}
