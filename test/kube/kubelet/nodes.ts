// Which nodes does the fixture play, and which of them takes a pod?
import { isStatus, type Api } from "../api.ts";
import type { KubeNode, Pod } from "../objects.ts";
import { watch } from "../watch.ts";
import { now } from "./container.ts";
import { LOGS_PORT } from "./logs.ts";

const BEAT_MS = 10_000;
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

/** More than any test takes. */
const RESOURCES = { cpu: "1000", memory: "4000Gi", pods: "100000", "ephemeral-storage": "1000Gi" };

const INFO = {
  kubeletVersion: "v1.35.4",
  containerRuntimeVersion: "process://1",
  operatingSystem: "linux",
  architecture: "amd64",
  osImage: "none",
  bootID: "none",
  machineID: "none",
  systemUUID: "none",
  kernelVersion: "none",
  kubeProxyVersion: "",
};

/** What pods are counted by: their owner and node, and their node alone. */
function keysOf({ metadata }: Pod, node: string): readonly string[] {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)?.uid ?? metadata.namespace;
  return [`${owner} ${node}`, node];
}

function compare(some: readonly number[], others: readonly number[]): number {
  const at = some.findIndex((count, index) => count !== others[index]);
  return (some[at] ?? 0) - (others[at] ?? 0);
}

export class Nodes {
  readonly #api: Api;
  readonly #range: string;
  readonly #names: readonly string[];
  readonly #since = now();
  #known = new Map<string, KubeNode>();
  /** How many there are, by `keysOf`. */
  readonly #pods = new Map<string, number>();

  constructor(api: Api, { range, count }: { range: string; count: number }) {
    this.#api = api;
    this.#range = range;
    this.#names = Array.from({ length: count }, (_, at) => `node-${at}`);
  }

  addressOf(name: string): string {
    return `${this.#range}.255.${10 + this.#names.indexOf(name)}`;
  }

  /** Where it answers for its nodes. */
  get addresses(): readonly string[] {
    return this.#names.map((name) => this.addressOf(name));
  }

  isOwn(name: string): boolean {
    return this.#names.includes(name);
  }

  /** Brings the nodes into being and keeps them alive; tells when one has changed. */
  async start(signal: AbortSignal, changed: () => void): Promise<void> {
    await Promise.all(this.#names.map((name) => this.#register(name)));
    const beat = (): void => {
      for (const name of this.#names) void this.#beat(name).catch(() => undefined);
    };
    const timer = setInterval(beat, BEAT_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    const put = (node: KubeNode): void => {
      const was = this.#known.get(node.metadata.name);
      this.#known.set(node.metadata.name, node);
      if (was?.spec.unschedulable !== node.spec.unschedulable) changed();
    };
    await watch<KubeNode>(
      this.#api,
      { path: "/api/v1/nodes", signal },
      {
        all: (nodes) => nodes.forEach(put),
        changed: put,
        deleted: ({ metadata }) => this.#known.delete(metadata.name),
      },
    );
  }

  /** The node for a pod: the one with the fewest of its owner's, then with the fewest; `undefined` when none takes it. */
  choose(pod: Pod): string | undefined {
    const { spec } = pod;
    const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
    const fields = required?.nodeSelectorTerms.flatMap(({ matchFields = [] }) => matchFields) ?? [];
    // That is how a DaemonSet names the node, which takes it whatever it takes otherwise.
    const named = fields.find(({ key }) => key === "metadata.name")?.values?.[0];
    if (named !== undefined) return this.isOwn(named) ? named : undefined;
    const fits = (name: string): boolean => {
      const node = this.#known.get(name);
      if (!node || node.spec.unschedulable) return false;
      return Object.entries(spec.nodeSelector ?? {}).every(([key, value]) => node.metadata.labels?.[key] === value);
    };
    const [load] = this.#names
      .filter(fits)
      .map((name) => ({ name, counts: keysOf(pod, name).map((key) => this.#pods.get(key) ?? 0) }))
      .toSorted((one, other) => compare(one.counts, other.counts));
    return load?.name;
  }

  /** A pod has come to a node, or has left it. */
  count(pod: Pod, name: string, more: 1 | -1): void {
    for (const key of keysOf(pod, name)) {
      const count = (this.#pods.get(key) ?? 0) + more;
      if (count > 0) this.#pods.set(key, count);
      else this.#pods.delete(key);
    }
  }

  async #register(name: string): Promise<void> {
    const labels = {
      "kubernetes.io/hostname": name,
      "kubernetes.io/os": "linux",
      "topology.kubernetes.io/region": "here",
      "topology.kubernetes.io/zone": `here-${this.#names.indexOf(name)}`,
    };
    try {
      await this.#api.call("POST", "/api/v1/nodes", { data: { metadata: { name, labels } } });
    } catch (error) {
      if (!isStatus(error, 409)) throw error;
    }
    await this.#beat(name);
  }

  async #beat(name: string): Promise<void> {
    const ready = { type: "Ready", status: "True", reason: "KubeletReady", lastTransitionTime: this.#since };
    const status = {
      capacity: RESOURCES,
      allocatable: RESOURCES,
      addresses: [{ type: "InternalIP", address: this.addressOf(name) }],
      daemonEndpoints: { kubeletEndpoint: { Port: LOGS_PORT } },
      nodeInfo: INFO,
      conditions: [{ ...ready, lastHeartbeatTime: now() }],
    };
    const body = { data: { status }, type: "strategic-merge-patch+json" };
    await this.#api.call("PATCH", `/api/v1/nodes/${name}/status`, body);
    const renewTime = new Date().toISOString().replace("Z", "000Z");
    const data = { metadata: { name }, spec: { holderIdentity: name, leaseDurationSeconds: 40, renewTime } };
    try {
      await this.#api.call("PATCH", `${LEASES}/${name}`, { data, type: "merge-patch+json" });
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      await this.#api.call("POST", LEASES, { data });
    }
  }
}
