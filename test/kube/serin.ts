// How does a test run Serin's controller on its cluster?
import { join } from "node:path";
import { mkdtemp } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { parseAllDocuments, stringify } from "yaml";
import { daemonOf, type Daemon } from "./daemon.ts";
import type { Cluster, Ending, Namespace } from "./cluster.ts";
import type { KubeObject } from "./objects.ts";

const MAIN = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

/** A Rollout as tests read it. */
export interface RolloutObject extends KubeObject {
  readonly status?: {
    readonly phase?: string;
    readonly step?: string;
    readonly outcome?: string;
    readonly rollout?: number;
    readonly verdict?: string;
    readonly health?: string;
    readonly why?: string;
    readonly message?: string;
    readonly stable?: { readonly revision: string };
    readonly candidate?: { readonly revision: string };
    readonly weight?: { readonly wanted: string; readonly measured: string };
    readonly answers?: readonly { readonly id: string; readonly text: string; readonly refused?: string }[];
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly reason: string;
      readonly message: string;
    }[];
  };
}

/** Folders of the clusters that have them. */
const installed = new Set<string>();

/** The kinds that Serin brings, once for the cluster. */
export async function installKinds(cluster: Cluster): Promise<void> {
  if (installed.has(cluster.dir)) return;
  const text = execFileSync(process.execPath, [MAIN, "export", "install"], { encoding: "utf8" });
  const kinds = text.split("\n---\n").find((part) => part.includes("kind: CustomResourceDefinition"));
  await cluster.objects.apply(kinds ?? "");
  await cluster.objects.until<KubeObject & { status?: { conditions?: readonly { type: string; status: string }[] } }>(
    "CustomResourceDefinition/rollouts.serin.dev",
    ({ status }) =>
      status?.conditions?.some(({ type, status: is }) => type === "Established" && is === "True") ?? false,
  );
  installed.add(cluster.dir);
}

const OF_RIGHTS = new Set(["Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]);

/** Proof of the installed controller's account, without the rest of the installation: its lease is in `serin-system`. */
export async function installedAccount(cluster: Cluster, ...options: readonly string[]): Promise<string> {
  const text = execFileSync(process.execPath, [MAIN, "export", "install", ...options], {
    encoding: "utf8",
    maxBuffer: 16 * 1_048_576,
  });
  const objects = parseAllDocuments(text).map((document) => document.toJS() as { readonly kind: string } | null);
  const granted = objects.filter((object) => object !== null && OF_RIGHTS.has(object.kind));
  await cluster.objects.apply(granted.map((object) => stringify(object)).join("---\n"));
  return cluster.kubeconfigOf("serin-system/serin-controller");
}

interface Controlled {
  readonly cluster: Cluster;
  readonly namespace: Namespace;
  /** Tells several controllers apart. */
  readonly name?: string;
  /** Serin's own 15 s without it: on a busy machine a short one is lost, and the controller ends. */
  readonly lease?: string;
  /** Further namespaces that it looks after. */
  readonly besides?: readonly Namespace[];
  /** Whose rights it has; an administrator's without it. */
  readonly kubeconfig?: string;
  /** Where its lease is; the namespace that it looks after without it. */
  readonly leaseNamespace?: string;
  /** Folder of its state; one of its own without it. */
  readonly state?: string;
  /** Further options of `serin serve`. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A folder for the state of a controller. */
export function stateOf(cluster: Cluster): Promise<string> {
  return mkdtemp(join(cluster.dir, "state-"));
}

/** A controller for one namespace, or a few, in a process of its own. It ends with the test. */
export async function controllerOf(
  context: Ending,
  { cluster, namespace, name = "a", lease, besides = [], ...rest }: Controlled,
): Promise<Daemon> {
  const { kubeconfig = cluster.kubeconfig, leaseNamespace = namespace.name, flags = [], env = {} } = rest;
  await installKinds(cluster);
  const state = rest.state ?? (await stateOf(cluster));
  return daemonOf(context, {
    name: `serin-${name}`,
    command: [
      "env",
      ...Object.entries(env).map(([key, value]) => `${key}=${value}`),
      process.execPath,
      MAIN,
      "serve",
      "--kubernetes",
      "--kubeconfig",
      kubeconfig,
      "--namespaces",
      [namespace, ...besides].map((one) => one.name).join(","),
      "--lease-namespace",
      leaseNamespace,
      "--state",
      state,
      ...(lease === undefined ? [] : ["--lease", lease]),
      ...flags,
    ],
    log: join(cluster.dir, `serin-${namespace.name}-${name}.log`),
  });
}

/** A Rollout of the demo service. */
export function rolloutOf(
  strategy: object,
  more: { readonly name?: string; readonly traffic?: object; readonly spec?: object } = {},
): object {
  const { name = "app", traffic = { service: { name } }, spec = {} } = more;
  return {
    apiVersion: "serin.dev/v1",
    kind: "Rollout",
    metadata: { name },
    spec: {
      workload: { deployment: { name } },
      traffic,
      strategy,
      analysis: { enabled: false },
      progressDeadline: "1m",
      ...spec,
    },
  };
}

const ROLLOUT = "serin.dev/v1/Rollout";

/** Waits until the Rollout's last release has ended so. */
export function ended(namespace: Namespace, number: number, outcome: string): Promise<RolloutObject> {
  return namespace.until<RolloutObject>(
    `${ROLLOUT}/app`,
    ({ status }) => status?.rollout === number && status.outcome === outcome && status.phase === "Idle",
  );
}

export function rolloutNow(
  namespace: Namespace,
  holds: (rollout: RolloutObject) => boolean | Promise<boolean>,
  withinMs?: number,
): Promise<RolloutObject> {
  return namespace.until<RolloutObject>(`${ROLLOUT}/app`, holds, withinMs);
}

/** Notes a command on the Rollout, and waits for its answer. */
export async function command(
  namespace: Namespace,
  note: { readonly id: string; readonly kind: string; readonly actor: string; readonly reason: string },
): Promise<string> {
  await namespace.patch(`${ROLLOUT}/app`, { metadata: { annotations: { "serin.dev/command": JSON.stringify(note) } } });
  const answered = await rolloutNow(
    namespace,
    ({ status }) => status?.answers?.some(({ id }) => id === note.id) ?? false,
  );
  return answered.status?.answers?.find(({ id }) => id === note.id)?.text ?? "";
}
