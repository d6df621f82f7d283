// What must hold at every moment of a rollout on a cluster?
import { setTimeout as sleep } from "node:timers/promises";
import type { TestContext } from "vitest";
import type { Namespace } from "./cluster.ts";
import type { Deployment, EndpointSlice, KubeObject, Pod, ReplicaSet } from "./objects.ts";
import type { RolloutObject } from "./serin.ts";

const LOOK_MS = 40;
/** The last writes follow the end of a rollout. What only the next look at rest would bring, half a minute later, is too late. */
const SETTLED_MS = 25_000;
const SLICE = "discovery.k8s.io/v1/EndpointSlice";
const ROLLOUT = "serin.dev/v1/Rollout/app";

/** What did not hold, each once. */
interface Holding {
  readonly broken: readonly string[];
  stop(): Promise<readonly string[]>;
}

const controllersOf = ({ metadata }: KubeObject) =>
  metadata.ownerReferences?.filter(({ controller }) => controller) ?? [];

/** ReplicaSets have one owner each, and of those of a Deployment no two have pods. */
function ownership(sets: readonly ReplicaSet[]): readonly string[] {
  const wrong = sets.flatMap((set) => {
    const owners = controllersOf(set);
    return owners.length === 1 ? [] : [`${set.metadata.name} has ${owners.length} owners`];
  });
  const own = sets.filter((set) => controllersOf(set)[0]?.kind === "Deployment" && (set.spec.replicas ?? 1) > 0);
  if (own.length > 1) wrong.push(`the Deployment is divided: ${own.map(({ metadata }) => metadata.name).join(", ")}`);
  return wrong;
}

const readyOf = (slices: readonly EndpointSlice[]): readonly string[] =>
  slices.flatMap(({ endpoints }) =>
    (endpoints ?? []).flatMap(({ addresses, conditions }) => (conditions?.ready ? addresses : [])),
  );

const isReady = ({ status }: Pod): boolean =>
  status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") ?? false;

/** Whether the endpoints are behind what the pods say, or the pods are not well, is told apart. */
function tooFew(ready: readonly string[], pods: readonly Pod[], least: number): string {
  const well = pods.filter(isReady).map(({ metadata }) => metadata.name);
  return `${ready.length} of ${least} ready pods behind the Service; ready are ${well.toSorted().join(", ")}`;
}

const shareOf = ({ status }: RolloutObject): number => Number.parseFloat(status?.weight?.wanted ?? "0");

/** Looks all the time, from when it holds first until it is stopped. `least` is how many ready pods must stand behind the Service. */
export function holding(context: TestContext, namespace: Namespace, { least = 3 } = {}): Holding {
  const broken = new Set<string>();
  const off = new AbortController();
  /** Rollouts whose candidate was given a share at some time. */
  const given = new Set<number>();
  const look = async (before: RolloutObject): Promise<RolloutObject> => {
    const [sets, slices, pods] = await Promise.all([
      namespace.list<ReplicaSet>("ReplicaSet"),
      namespace.list<EndpointSlice>(SLICE),
      namespace.list<Pod>("Pod"),
    ]);
    for (const wrong of ownership(sets)) broken.add(wrong);
    const ready = readyOf(slices);
    if (ready.length < least) broken.add(tooFew(ready, pods, least));
    const after = await namespace.get<RolloutObject>(ROLLOUT);
    const number = before.status?.rollout ?? 0;
    for (const one of [before, after]) if (shareOf(one) > 0) given.add(one.status?.rollout ?? 0);
    // One that is on its way back may have had a share between two looks.
    const isForward = [before, after].every(
      ({ status }) => status?.phase === "Progressing" && status.rollout === number,
    );
    if (isForward && number > 1 && !given.has(number)) {
      const held = new Set(
        sets.filter((set) => controllersOf(set)[0]?.kind === "Rollout").map((set) => set.metadata.uid),
      );
      const early = pods.filter(
        (pod) => held.has(controllersOf(pod)[0]?.uid ?? "") && ready.includes(pod.status?.podIP ?? ""),
      );
      for (const pod of early)
        broken.add(`rollout ${number}: ${pod.metadata.name} gets requests before its route step`);
    }
    return after;
  };
  const run = async (): Promise<void> => {
    // The endpoints may be a second behind the pods: their controller asks again so late where its own write is not seen yet.
    await namespace.untilAll<EndpointSlice>(SLICE, (slices) => readyOf(slices).length >= least);
    let before = await namespace.get<RolloutObject>(ROLLOUT);
    while (!off.signal.aborted) {
      before = await look(before);
      await sleep(LOOK_MS);
    }
  };
  const done = run();
  const stop = async (): Promise<readonly string[]> => {
    off.abort();
    await done;
    return [...broken];
  };
  context.onTestFinished(async () => void (await stop()));
  return {
    get broken() {
      return [...broken];
    },
    stop,
  };
}

/** What is not as it is when all is over: one version, all of it the Deployment's, nothing left behind. */
export async function leftOver(
  namespace: Namespace,
  wanted: { readonly version: string; readonly replicas?: number },
): Promise<readonly string[]> {
  const deadline = Date.now() + SETTLED_MS;
  for (;;) {
    const found = await amiss(namespace, wanted);
    if (found.length === 0 || Date.now() > deadline) return found;
    await sleep(LOOK_MS);
  }
}

async function amiss(
  namespace: Namespace,
  { version, replicas = 3 }: { readonly version: string; readonly replicas?: number },
): Promise<readonly string[]> {
  const { spec, metadata, status } = await namespace.get<Deployment>("Deployment/app");
  const found: string[] = [];
  if (!spec.paused) found.push("the Deployment is not paused");
  if (spec.replicas !== replicas) found.push(`the Deployment has ${spec.replicas} replicas`);
  if (status?.availableReplicas !== replicas) found.push(`${status?.availableReplicas} pods are available`);
  if (metadata.annotations?.["serin.dev/replicas"] !== undefined) found.push("the Deployment is reduced");
  const sets = await namespace.list<ReplicaSet>("ReplicaSet");
  const full = sets.filter((set) => (set.spec.replicas ?? 1) > 0);
  const versions = full.map((set) => set.spec.template.spec.containers[0]?.image).join();
  if (versions !== `demo:${version}`) found.push(`ReplicaSets with pods: ${versions}`);
  for (const set of sets) {
    if (controllersOf(set)[0]?.kind !== "Deployment") found.push(`${set.metadata.name} is not the Deployment's`);
  }
  const service = await namespace.get<KubeObject & { spec: { selector: object } }>("Service/app");
  if (JSON.stringify(service.spec.selector) !== '{"app":"app"}')
    found.push(`the Service selects ${JSON.stringify(service.spec.selector)}`);
  return found;
}
