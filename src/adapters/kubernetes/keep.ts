// What is kept in memory of each kind of object?
import {
  hashOf,
  type AdoptableStatus,
  type ControllerRevision,
  type DaemonSet,
  type Deployment,
  type KubeObject,
  type ObjectMeta,
  type Pod,
  type ReplicaSet,
  type RolloutObject,
  type StatefulSet,
  type Texts,
} from "./client/objects.ts";
import { slim, type Kept } from "./client/informer.ts";
import { ROLE } from "./names.ts";
import { digest, revisionOfTemplate } from "./revision.ts";

/** A ReplicaSet without its template, which is known by its content's name. */
export interface KnownSet extends Pick<ReplicaSet, "metadata"> {
  readonly metadata: ObjectMeta;
  readonly revision: string;
  readonly hash: string;
  readonly podLabels: Texts;
  readonly replicas: number;
  readonly minReadySeconds: number;
  /** Why it cannot make pods. */
  readonly failure?: string | undefined;
}

export function knownSet(set: ReplicaSet): KnownSet {
  const { metadata } = slim(set);
  const failed = set.status?.conditions?.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
  return {
    metadata,
    revision: revisionOfTemplate(set.spec.template).id,
    hash: hashOf(set) ?? "",
    podLabels: set.spec.template.metadata?.labels ?? {},
    replicas: set.spec.replicas ?? 1,
    minReadySeconds: set.spec.minReadySeconds ?? 0,
    ...(failed && { failure: failed.message ?? failed.reason ?? "no reason given" }),
  };
}

/** A pod: who made it, where it answers, how it is. */
export interface KnownPod {
  readonly metadata: Pick<
    ObjectMeta,
    "name" | "namespace" | "uid" | "resourceVersion" | "labels" | "deletionTimestamp" | "ownerReferences"
  >;
  readonly ip?: string | undefined;
  /** Of a DaemonSet's: its node. */
  readonly node?: string | undefined;
  /** What it has for its role, by its content. */
  readonly dress?: string | undefined;
  readonly phase?: string | undefined;
  readonly ready: boolean;
  /** Since when it is as ready as it is. */
  readonly sinceMs?: number | undefined;
  readonly restarts: number;
  /** Why it is not ready. */
  readonly why?: string | undefined;
  readonly reason?: string | undefined;
}

export function knownPod({ metadata, spec, status }: Pod): KnownPod {
  const { name, namespace, uid, resourceVersion, labels, deletionTimestamp, ownerReferences } = metadata;
  const dress = metadata.annotations?.[ROLE];
  const owners = ownerReferences?.filter(({ controller }) => controller);
  const condition = status?.conditions?.find(({ type }) => type === "Ready");
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const trouble = troubleOf({ status });
  return {
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion,
      labels,
      ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      ...(owners && { ownerReferences: owners }),
    },
    ip: status?.podIP,
    ...(owners?.[0]?.kind === "DaemonSet" && { node: spec.nodeName }),
    ...(dress === undefined ? {} : { dress }),
    phase: status?.phase,
    ready: condition?.status === "True",
    ...(condition?.lastTransitionTime === undefined ? {} : { sinceMs: Date.parse(condition.lastTransitionTime) }),
    restarts: containers.reduce((sum, { restartCount }) => sum + restartCount, 0),
    ...trouble,
  };
}

/** Reasons of a container that does nothing but wait for its turn. */
const USUAL: ReadonlySet<string> = new Set(["ContainerCreating", "PodInitializing"]);

function troubleOf({ status }: Pick<Pod, "status">): Pick<KnownPod, "why" | "reason"> {
  for (const { name, state, lastState } of [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
  ]) {
    const { waiting, terminated } = state ?? {};
    const ended = terminated ?? (waiting ? lastState?.terminated : undefined);
    const code = ended
      ? `: exited with code ${ended.exitCode ?? "unknown"}${ended.message ? `: ${ended.message.trim()}` : ""}`
      : "";
    if (waiting?.reason !== undefined && !USUAL.has(waiting.reason)) {
      const said = waiting.message === undefined || ended ? "" : `: ${waiting.message}`;
      return { reason: waiting.reason, why: `${name}: ${waiting.reason}${code || said}` };
    }
    if (terminated && terminated.exitCode !== 0) return { reason: terminated.reason ?? "Error", why: `${name}${code}` };
  }
  const unscheduled = status?.conditions?.find(({ type, status: is }) => type === "PodScheduled" && is === "False");
  if (unscheduled)
    return { reason: unscheduled.reason, why: unscheduled.message ?? unscheduled.reason ?? "is not scheduled" };
  const gated = status?.conditions?.find(({ type, status: is }) => type === "Ready" && is === "False");
  return gated && status?.phase === "Running" ? { why: gated.message ?? gated.reason } : {};
}

/** Metadata without what takes room and is not read. */
function brief({ metadata }: KubeObject): ObjectMeta {
  const { "kubectl.kubernetes.io/last-applied-configuration": _applied, ...annotations } = metadata.annotations ?? {};
  return { ...metadata, annotations };
}

const progress = ({
  observedGeneration,
  replicas,
  updatedReplicas,
  availableReplicas,
}: AdoptableStatus): AdoptableStatus => ({ observedGeneration, replicas, updatedReplicas, availableReplicas });

/** A Deployment without what takes room and is not read. */
export function knownDeployment(deployment: Deployment): Deployment {
  const { spec, status } = deployment;
  return { metadata: brief(slim(deployment)), spec, ...(status && { status: progress(status) }) };
}

/** A StatefulSet, likewise. */
export function knownStatefulSet(set: StatefulSet): StatefulSet {
  const { spec, status } = set;
  const { currentRevision, updateRevision } = status ?? {};
  return {
    metadata: brief(slim(set)),
    spec,
    ...(status && { status: { ...progress(status), currentRevision, updateRevision } }),
  };
}

/** A DaemonSet, likewise. */
export function knownDaemonSet(set: DaemonSet): DaemonSet {
  const { spec, status = {} } = set;
  const { observedGeneration, desiredNumberScheduled, currentNumberScheduled } = status;
  const { updatedNumberScheduled, numberAvailable } = status;
  const told = { observedGeneration, desiredNumberScheduled, currentNumberScheduled };
  return { metadata: brief(slim(set)), spec, status: { ...told, updatedNumberScheduled, numberAvailable } };
}

/** A ControllerRevision without its template, which is known by its content's name. */
export interface KnownRevision extends Kept {
  readonly metadata: ObjectMeta;
  readonly revision: string | undefined;
}

export function knownRevision(made: ControllerRevision): KnownRevision {
  const template = made.data?.spec?.template;
  return { metadata: slim(made).metadata, revision: template && revisionOfTemplate(template).id };
}

/** A ConfigMap or Secret by its content alone: what it holds is nobody's business here. */
export interface KnownContent extends Kept {
  readonly content: string;
}

export function knownContent(
  object: KubeObject & { readonly data?: unknown; readonly binaryData?: unknown },
): KnownContent {
  const { name, namespace, uid, resourceVersion } = object.metadata;
  const content = digest([object.data, object.binaryData]);
  return { metadata: { name, namespace, uid, resourceVersion }, content };
}

/** A Rollout without its packed state, which the journal reads when it needs it. */
export function knownRollout(rollout: RolloutObject): RolloutObject {
  const { metadata, spec, status } = slim(rollout);
  if (!status) return { metadata, spec };
  const { seq, handled, deployment, configuration, answers, conditions, health } = status;
  return { metadata, spec, status: { seq, handled, deployment, configuration, answers, conditions, health } };
}
