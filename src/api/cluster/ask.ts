// How does a person's command get to the controller of a cluster, and its answer back?
import { randomUUID } from "node:crypto";
import { isConflict } from "../../adapters/kubernetes/client/errors.ts";
import { RESOURCES, type CommandAnswer, type KubeObject } from "../../adapters/kubernetes/client/objects.ts";
import { notedOf, troubleIn, type NotedCommand } from "../../adapters/kubernetes/command.ts";
import { COMMAND } from "../../adapters/kubernetes/names.ts";
import { SerinError } from "../../core/issues.ts";
import type { CommandRequest, Reply } from "../contract.ts";
import { isFollowed, LOOK_FOR_CONTROLLER, whyNot, type Place, type Reach, type StoredRollout } from "./reach.ts";

/**
 * Leaves a note on the Rollout and waits for its answer. There is one note at a time: one of somebody else is waited for
 * first. A note that nobody answers is taken back, so that nothing happens long after it was asked for.
 */
export async function ask(reach: Reach, place: Place, request: CommandRequest): Promise<Reply> {
  const object = await reach.need(place);
  if (request.kind === "scale") throw notScaled(object, request.replicas);
  if (!isFollowed(object)) throw notFollowed(object);
  const command = commandOf(request, { service: serviceName(place), short: place.name, actor: await userOf(reach) });
  const signal = AbortSignal.timeout(reach.answerMs);
  await leave(reach, { place, command, signal });
  const answer =
    (await reach.until(place, wholeAnswerTo(command.id), signal)) ?? (await takeBack(reach, place, command.id));
  if (!answer) throw noAnswer(reach, `${command.kind} was taken back: nothing was changed`);
  const trouble = troubleIn(answer);
  if (trouble) throw new SerinError(trouble);
  const { text, version = 0, rollout } = answer;
  return { service: serviceName(place), text, version, rollout };
}

const serviceName = ({ name, namespace }: Place): string => `${name}.${namespace}`;

type Said = Extract<CommandRequest["kind"], NotedCommand["kind"]>;

function commandOf(
  request: CommandRequest,
  { service, short, actor }: { readonly service: string; readonly short: string; readonly actor: string },
): NotedCommand {
  const { kind, reason, expected, full, to } = request;
  const said = { id: randomUUID(), actor, reason, ...(expected === undefined ? {} : { expected }) };
  if (kind === "promote") return { ...said, kind, full: full ?? false };
  // A rollout is called by the name of its service, and people leave the namespace out.
  const named = to?.startsWith(`${short}/`) ? `${service}${to.slice(short.length)}` : to;
  if (kind === "undo") return { ...said, kind, ...(named === undefined ? {} : { to: named }) };
  return { ...said, kind: kind as Exclude<Said, "promote" | "undo"> };
}

/** Who asks, by the name that the cluster itself knows. */
async function userOf(reach: Reach): Promise<string> {
  const review = { metadata: { name: "" } } as KubeObject;
  const { selfSubjectReviews } = RESOURCES;
  const answer = await reach.client.create<KubeObject & Reviewed>(selfSubjectReviews, review, reach.call());
  return answer.status?.userInfo?.username ?? "unknown";
}

interface Reviewed {
  readonly status?: { readonly userInfo?: { readonly username?: string } };
}

interface Note {
  readonly place: Place;
  readonly command: NotedCommand;
  readonly signal: AbortSignal;
}

/** Writes the note, once nobody else's waits. */
async function leave(reach: Reach, { place, command, signal }: Note): Promise<void> {
  for (;;) {
    const free = await reach.until(place, (object) => (notedOf(object) ? undefined : object), signal);
    if (!free) throw await taken(reach, place);
    try {
      await write(reach, free, JSON.stringify(command));
      return;
    } catch (error) {
      // Its status changes often; only a note that came in between is waited for.
      if (!isConflict(error)) throw error;
    }
  }
}

async function write(reach: Reach, { metadata }: StoredRollout, note: string | null): Promise<void> {
  const { namespace, name, resourceVersion } = metadata;
  const at = { resource: RESOURCES.rollouts, namespace, name };
  await reach.client.merge(at, { metadata: { resourceVersion, annotations: { [COMMAND]: note } } }, reach.call());
}

const answerTo =
  (id: string) =>
  ({ status }: StoredRollout): CommandAnswer | undefined =>
    status?.answers?.find((answer) => answer.id === id);

/**
 * What is written down with the decision says that the command was carried out; what came of it, with the version, follows at
 * once. Where the controller dies in between, the first counts when the time is over.
 */
const wholeAnswerTo =
  (id: string) =>
  (object: StoredRollout): CommandAnswer | undefined => {
    const answer = answerTo(id)(object);
    return answer?.version === undefined && answer?.refused === undefined ? undefined : answer;
  };

/** Takes a note back that was not answered. It may be answered at this very moment: then that counts. */
async function takeBack(reach: Reach, place: Place, id: string): Promise<CommandAnswer | undefined> {
  for (;;) {
    const object = await reach.need(place);
    const answer = answerTo(id)(object);
    const noted = notedOf(object);
    const isOurs = noted?.ok && noted.command.id === id;
    if (answer || !isOurs) return answer;
    try {
      await write(reach, object, null);
      return undefined;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

/** Why the note could not be left. */
async function taken(reach: Reach, place: Place): Promise<SerinError> {
  const noted = notedOf(await reach.need(place));
  const whose = noted?.ok ? `${noted.command.kind} by ${noted.command.actor}` : "a command of somebody else";
  return noAnswer(reach, "nothing was changed", `${whose} waits already`);
}

function noAnswer({ answerMs }: Reach, now: string, found?: string): SerinError {
  return new SerinError({
    code: "SERIN_NO_ANSWER",
    what: `no controller has answered within ${Math.round(answerMs / 1_000)}s`,
    found,
    now: `${now}; traffic stays at the last split`,
    next: LOOK_FOR_CONTROLLER,
  });
}

/** Nothing has been decided about it yet. */
export function notFollowed(object: StoredRollout): SerinError {
  const { name, namespace = "" } = object.metadata;
  return new SerinError({
    code: "SERIN_KUBE_NOT_FOLLOWED",
    what: `${name}.${namespace} is not looked after yet`,
    found: whyNot(object),
    now: "what it names is as it was",
    next: object.status?.message === undefined ? LOOK_FOR_CONTROLLER : `serin get ${name}.${namespace}`,
  });
}

/** What is adopted is the user's: its size is changed where everybody, and an autoscaler, looks for it. */
export function notScaled(
  { metadata: { name, namespace = "" }, spec }: StoredRollout,
  replicas: number | undefined,
): SerinError {
  const { workload = {} } = (spec ?? {}) as {
    readonly workload?: Readonly<Record<string, { readonly name?: string }>>;
  };
  const now = "nothing was changed";
  const daemon = workload["daemonSet"]?.name;
  if (daemon !== undefined) {
    const what = "a DaemonSet has a pod on each node that it names, in mid-rollout too";
    const next = `add or take nodes, or change spec.template.spec.nodeSelector of DaemonSet ${daemon}`;
    return new SerinError({ code: "SERIN_REFUSED", what, now, next, exitCode: 2 });
  }
  const kind = workload["statefulSet"] ? "StatefulSet" : "Deployment";
  const adopted = (workload["statefulSet"] ?? workload["deployment"])?.name ?? name;
  return new SerinError({
    code: "SERIN_REFUSED",
    what: `in a cluster the ${kind}'s own number of replicas counts, in mid-rollout too`,
    now,
    next: `kubectl --namespace ${namespace} scale ${kind.toLowerCase()}/${adopted} --replicas=${replicas ?? 1}`,
    exitCode: 2,
  });
}
