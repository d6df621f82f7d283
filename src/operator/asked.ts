// What does a Rollout of a cluster, with what it adopts, ask for?
import { abilitiesOf } from "../adapters/registry.ts";
import { fullSizeOf } from "../adapters/kubernetes/adopted.ts";
import type {
  Adoptable,
  Container,
  PodTemplate,
  RolloutObject,
  StatefulSet,
} from "../adapters/kubernetes/client/objects.ts";
import { templateAskedOf } from "../adapters/kubernetes/held.ts";
import { digest, revisionOfTemplate } from "../adapters/kubernetes/revision.ts";
import { serviceOf } from "../adapters/kubernetes/service-name.ts";
import type { ApplyCommand } from "../core/engine/input.ts";
import { parseRollout } from "../core/spec/parse.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { adoptedIn, withReplicas } from "../core/spec/workload.ts";
import { nothingOf } from "./adoptees.ts";

/** What is to be brought about, or why it cannot be told yet. */
export type Asked =
  | { readonly kind: "apply"; readonly key: string; readonly apply: Omit<ApplyCommand, "id" | "actor" | "reason"> }
  | { readonly kind: "not-yet"; readonly reason: Reason; readonly message: string };

/** Machine-readable, as conditions have it. */
type Reason =
  | "BadSpec"
  | "NotOfClusters"
  | "NoDeployment"
  | "NoStatefulSet"
  | "NoDaemonSet"
  | "RollingNatively"
  | "NoPods"
  | "Taken"
  | "LosesVolumes";

/** Reads a Rollout's spec as a rollout file is read; its mistakes, one a line. */
export function readSpec({
  metadata,
  spec,
}: RolloutObject): { readonly rollout: Rollout } | { readonly mistakes: string } {
  const { name, namespace } = metadata;
  const text = JSON.stringify(
    { apiVersion: "serin.dev/v1", kind: "Rollout", metadata: { name, namespace }, spec },
    undefined,
    1,
  );
  const parsed = parseRollout(text);
  if (!parsed.ok) return { mistakes: parsed.issues.map(({ path, message }) => `${path}: ${message}`).join("\n") };
  const mistakes = ofMachines(spec, "spec");
  return mistakes.length > 0 ? { mistakes: mistakes.join("\n") } : { rollout: parsed.rollout };
}

/** What is run in a pod has a command too. */
const IN_PODS: ReadonlySet<string> = new Set(["job", "candidates"]);

/** Programs and files of the controller's own machine: whoever may make Rollouts has no right to them. */
function ofMachines(value: unknown, path: string): readonly string[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value as Readonly<Record<string, unknown>>).flatMap(([name, field]) => {
    const at = Array.isArray(value) ? `${path}[${name}]` : `${path}.${name}`;
    if (IN_PODS.has(name)) return [];
    if (name === "command") return [`${at}: a program of the controller's machine is not run for a cluster: use a job`];
    if (name === "file" && typeof field === "string")
      return [`${at}: a file of the controller's machine is not read for a cluster: use env`];
    return ofMachines(field, at);
  });
}

/** What there is of what a Rollout names. */
interface At {
  readonly adoptable: Adoptable | undefined;
  readonly isKnown: boolean;
  readonly takenBy: string | undefined;
  /** The candidate that was taken back last. */
  readonly withdrawn: string | undefined;
}

/** What to ask of the engine for a Rollout that nobody else's rolling update is in the way of. */
export function askedOf(object: RolloutObject, rollout: Rollout, at: At): Asked {
  const { adoptable, isKnown, takenBy } = at;
  const adoptee = adoptedIn(rollout.spec.workload);
  if (!adoptee)
    return notYet("NotOfClusters", "spec.workload must be a deployment, a statefulSet or a daemonSet in a cluster");
  const what = `${adoptee.kind} ${adoptee.asked.name}`;
  if (!adoptable) return notYet(`No${adoptee.kind}`, `there is no ${what} in ${object.metadata.namespace ?? ""}`);
  if (takenBy !== undefined)
    return notYet("Taken", `${what} is looked after by Rollout ${takenBy}: delete one of the two`);
  const replicas = fullSizeOf(adoptable);
  if (!isKnown) {
    if (replicas === 0) return notYet("NoPods", `${what} ${nothingOf(adoptee.kind)}: there is nothing to adopt`);
    const left = rollingNatively(adoptable);
    if (left !== undefined)
      return notYet("RollingNatively", `${what} is adopted when its own rolling update is over: ${left}`);
  }
  if (rollout.spec.strategy.kind === "recreate" && losesVolumes(adoptable))
    return notYet(
      "LosesVolumes",
      `recreate scales ${what} to 0, and its persistentVolumeClaimRetentionPolicy deletes volumes then: use canary or rolling, or whenScaled: Retain`,
    );
  const service = serviceOf(object);
  const spec: Rollout = {
    ...rollout,
    metadata: { ...rollout.metadata, name: service },
    spec: { ...rollout.spec, workload: withReplicas(rollout.spec.workload, Math.max(1, replicas)) },
  };
  const template = templateAskedOf(adoptable);
  const asked = revisionOfTemplate(template);
  // What was taken back, and stands there no more, does not start again because the file has changed.
  const revision = asked.id === at.withdrawn ? revisionOfTemplate(adoptable.spec.template) : asked;
  const { strategy } = rollout.spec;
  const named = strategy.kind === "experiment" ? strategy.rivals : [];
  const rivals = named.map((rival) => ({
    name: rival.name,
    revision: revisionOfTemplate(rivalTemplate(template, rival)),
  }));
  const key = `${digest(object.spec)}-${asked.id}`;
  return {
    kind: "apply",
    key,
    apply: {
      kind: "apply",
      spec,
      origin: "/",
      revision,
      abilities: abilitiesOf(rollout),
      ...(rivals.length > 0 && { rivals }),
    },
  };
}

/** The same, with the approvals that are asked for whatever the object says. */
export function approvable(rollout: Rollout, approvals: number | undefined): Rollout {
  return approvals === undefined ? rollout : { ...rollout, spec: { ...rollout.spec, approvals } };
}

/** The template of a further candidate: another command, or other values in the environment, of the first container. */
function rivalTemplate(
  template: PodTemplate,
  {
    command,
    env,
  }: { readonly command?: readonly string[] | undefined; readonly env: Readonly<Record<string, string>> },
): PodTemplate {
  const [first, ...others] = template.spec.containers as readonly (Container & { readonly env?: readonly EnvVar[] })[];
  if (!first) return template;
  const kept = (first.env ?? []).filter(({ name }) => !(name in env));
  const added = Object.entries(env).map(([name, value]) => ({ name, value }));
  const changed = { ...first, ...(command && { command, args: [] }), env: [...kept, ...added] };
  return { ...template, spec: { ...template.spec, containers: [changed, ...others] } };
}

interface EnvVar {
  readonly name: string;
}

const notYet = (reason: Reason, message: string): Asked => ({ kind: "not-yet", reason, message });

const losesVolumes = ({ spec }: Pick<StatefulSet, "spec">): boolean =>
  spec.persistentVolumeClaimRetentionPolicy?.whenScaled === "Delete";

/** What a rolling update of its own still has to do; nothing when it is complete. */
function rollingNatively({ metadata, spec, status }: Adoptable): string | undefined {
  const { observedGeneration = 0, replicas = status?.currentNumberScheduled ?? 0 } = status ?? {};
  const { updatedReplicas = status?.updatedNumberScheduled ?? 0 } = status ?? {};
  const { availableReplicas = status?.numberAvailable ?? 0 } = status ?? {};
  const wanted = spec.replicas ?? status?.desiredNumberScheduled ?? 1;
  if (observedGeneration < (metadata.generation ?? 0)) return "its controller has not seen its last change";
  if (updatedReplicas < wanted) return `${updatedReplicas} of ${wanted} pods are of the newest template`;
  if (replicas > updatedReplicas) return `${replicas - updatedReplicas} old pods are left`;
  return availableReplicas < wanted ? `${availableReplicas} of ${wanted} pods are available` : undefined;
}
