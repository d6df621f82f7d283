// How does a rollout file become a Rollout of a cluster?
import { isConflict } from "../../adapters/kubernetes/client/errors.ts";
import { RESOURCES, type Adoptable, type ObjectMeta, type Resource } from "../../adapters/kubernetes/client/objects.ts";
import { fullSizeOf } from "../../adapters/kubernetes/adopted.ts";
import { RESOURCE_OF } from "../../adapters/kubernetes/cluster.ts";
import { revisionOfTemplate } from "../../adapters/kubernetes/revision.ts";
import { abilitiesOf } from "../../adapters/registry.ts";
import { SerinError } from "../../core/issues.ts";
import { compile } from "../../core/plan/compile.ts";
import type { Program } from "../../core/plan/step.ts";
import { parseDocument } from "../../core/spec/parse.ts";
import { KIND, type Rollout } from "../../core/spec/rollout.ts";
import { adoptedIn, replicasAsked, withReplicas } from "../../core/spec/workload.ts";
import type { ApplyRequest, Reply } from "../contract.ts";
import { notARollout } from "../local.ts";
import { readRolloutText } from "../rollout-text.ts";
import { LOOK_FOR_CONTROLLER, type Place, type Reach, type StoredRollout } from "./reach.ts";

/** So long a controller may take to look at what was applied before that is said. */
const LOOK_MS = 10_000;

/** A file, read and checked against what it adopts. */
interface Checked {
  readonly place: Place;
  readonly rollout: Rollout;
  readonly adoptable: Adoptable;
  /** `Deployment app`. */
  readonly what: string;
  readonly program: Program;
  /** What the cluster is given: metadata and spec as they are written. */
  readonly written: { readonly metadata: Partial<ObjectMeta>; readonly spec: object };
}

/** Brings a file into the cluster. Nothing is changed when the file, or what it adopts, is not fit for it. */
export async function applyTo(reach: Reach, request: ApplyRequest): Promise<Reply> {
  if (request.hotfix)
    throw refused(
      "a hotfix is asked for by a file that runs something, and a cluster's Rollout runs nothing",
      NO_HOTFIX,
    );
  const checked = await check(reach, request);
  const { place, written } = checked;
  const before = await reach.find(place);
  if (!before) await reach.list(place.namespace);
  const object = { metadata: { ...written.metadata, ...place }, spec: written.spec };
  let after: StoredRollout;
  try {
    after = await reach.client.ask<StoredRollout>(RESOURCES.rollouts, object, reach.call());
  } catch (error) {
    throw isConflict(error) ? managed(place, error) : error;
  }
  const followed = await reach.until(place, looked(after), AbortSignal.timeout(LOOK_MS));
  const { version = 0, rollout } = await numbers(followed);
  return {
    service: `${place.name}.${place.namespace}`,
    text: told(checked, { before, after, followed }),
    version,
    rollout,
  };
}

const NO_HOTFIX = "abort the rollout under way with: serin abort, then change its pod template";

async function check(reach: Reach, { text, origin }: ApplyRequest): Promise<Checked> {
  const parsed = parseDocument(text);
  if (!parsed.ok) throw notARollout(parsed.issues);
  if (parsed.document.kind !== KIND)
    throw refused(
      `kind: ${parsed.document.kind} is not of clusters`,
      "apply it to a controller outside of the cluster",
    );
  const read = await readRolloutText(text, origin);
  if (!read.ok) throw notARollout(read.issues);
  const { rollout, at } = read;
  const { name, namespace: said } = rollout.metadata;
  const namespace = reach.namespaceOf(said);
  const { adoptable, what, sized } = await liveAdoptee(reach, rollout, namespace);
  const compiled = compile(sized, { abilities: abilitiesOf(sized), stable: true });
  if (!compiled.ok) throw notARollout(compiled.issues.map((issue) => ({ ...at(issue.path), ...issue })));
  const data = parsed.data as { readonly metadata: Partial<ObjectMeta>; readonly spec: Written };
  const written = { metadata: data.metadata, spec: inlined(data.spec, rollout) };
  return { place: { name, namespace }, rollout: sized, adoptable, what, program: compiled.program, written };
}

/** What a file adopts, and the file with its number of replicas. */
export async function liveAdoptee(
  reach: Reach,
  rollout: Rollout,
  namespace: string,
): Promise<{ readonly adoptable: Adoptable; readonly what: string; readonly sized: Rollout }> {
  const { workload } = rollout.spec;
  const adoptee = adoptedIn(workload);
  if (!adoptee)
    throw refused(
      "in a cluster spec.workload is a deployment, a statefulSet or a daemonSet",
      "workload: { deployment: { name: … } }",
    );
  const { kind, asked } = adoptee;
  const resource = RESOURCE_OF[kind];
  const adoptable = await reach.client.get<Adoptable>(resource, { namespace, name: asked.name }, reach.call());
  if (!adoptable) throw await noAdoptee(reach, { resource, name: asked.name, namespace });
  const spec = { ...rollout.spec, workload: withReplicas(workload, Math.max(1, fullSizeOf(adoptable))) };
  return { adoptable, what: `${kind} ${asked.name}`, sized: { ...rollout, spec } };
}

interface Written {
  readonly analysis?: { readonly config?: unknown } | undefined;
}

/** A cluster has no files beside this one: what it names is put into it. */
function inlined(spec: Written, { spec: { analysis } }: Rollout): object {
  const config = analysis?.kayenta?.config;
  if (config === undefined || spec.analysis === undefined) return spec;
  return { ...spec, analysis: { ...spec.analysis, config } };
}

/** Tells when a controller has looked at what was applied. */
const looked =
  ({ metadata: { generation = 0 } }: StoredRollout) =>
  (object: StoredRollout): StoredRollout | undefined =>
    (object.status?.observedGeneration ?? 0) >= generation ? object : undefined;

async function numbers(object: StoredRollout | undefined): Promise<{ version?: number; rollout?: number | undefined }> {
  if (!object) return {};
  const { lookAt } = await import("./look.ts");
  const { version, rollout } = lookAt(object, { kind: "absent" });
  return { version, rollout: rollout?.phase === "ended" ? undefined : rollout?.number };
}

interface Became {
  readonly before: StoredRollout | undefined;
  readonly after: StoredRollout;
  readonly followed: StoredRollout | undefined;
}

/** What has changed, and what will happen. */
function told(
  { place, adoptable, what: which, program, rollout }: Checked,
  { before, after, followed }: Became,
): string {
  const name = `${place.name}.${place.namespace}`;
  const isSame = before !== undefined && before.metadata.generation === after.metadata.generation;
  const done = before === undefined ? `${name} is made` : isSame ? `${name} is so already` : `${name} is changed`;
  const replicas = replicasAsked(rollout.spec.workload);
  const { id } = revisionOfTemplate(adoptable.spec.template);
  const what =
    before === undefined
      ? `${which} (${replicas} replicas, ${id}) is adopted as it is; its next template comes by ${program.strategy}`
      : isSame
        ? "nothing to do"
        : `from the next template of ${which} on it counts; nothing starts by it`;
  const { message } = followed?.status ?? {};
  const why =
    message === undefined
      ? followed || isSame
        ? ""
        : `. No controller has looked at it within ${LOOK_MS / 1_000}s: ${LOOK_FOR_CONTROLLER}`
      : `. It waits: ${message}`;
  return `${done}: ${what}${why}`;
}

function refused(what: string, next: string): SerinError {
  return new SerinError({ code: "SERIN_REFUSED", what, now: "nothing was changed", next, exitCode: 2 });
}

async function noAdoptee(
  reach: Reach,
  { resource, name, namespace }: { readonly resource: Resource; readonly name: string; readonly namespace: string },
): Promise<SerinError> {
  const { kind } = resource;
  const { items } = await reach.client.list(resource, { namespace }, reach.call());
  const names = items.map(({ metadata }) => metadata.name).join(", ");
  return new SerinError({
    code: `SERIN_KUBE_NO_${kind.toUpperCase()}`,
    what: `there is no ${kind} ${name} in ${namespace}`,
    found: names === "" ? `no ${kind} at all` : `${kind}s: ${names}`,
    now: "nothing was changed",
    next: `name one that is there, or bring it first: kubectl --namespace ${namespace} apply -f FILE`,
    exitCode: 2,
  });
}

/** Another program keeps the Rollout as it wants it: what is changed here it would change back. */
function managed({ name, namespace }: Place, error: Error): SerinError {
  const again = `kubectl --namespace ${namespace} apply --server-side --field-manager=serin-apply --force-conflicts -f FILE`;
  return new SerinError(
    {
      code: "SERIN_KUBE_MANAGED",
      what: `${name}.${namespace} is managed by somebody else, who says something else there`,
      found: error.message,
      now: "nothing was changed",
      next: `change it where it is kept, or take it over once: ${again}`,
      exitCode: 2,
    },
    { cause: error },
  );
}
