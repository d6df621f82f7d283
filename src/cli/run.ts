// How is one rollout brought to its end?
import { dirname, resolve } from "node:path";
import type { EventsOptions } from "../api/events.ts";
import type { ApplyRequest, Link, Reply, ServiceView } from "../api/contract.ts";
import { SerinError, type Trouble } from "../core/issues.ts";
import { parseDocument, parseRollout } from "../core/spec/parse.ts";
import { KIND } from "../core/spec/rollout.ts";
import { asker } from "../api/asker.ts";
import { follow } from "./follow.ts";
import { exitOf, followGroup, isOver } from "./group.ts";
import { findController, hostController, openCluster, type HostOptions, type Where } from "./home.ts";
import type { Context } from "./io.ts";
import { readText, unreadable } from "./rollout-file.ts";

export interface RunOptions {
  readonly file: string;
  readonly reason: string;
  /** Whether to stay when a person must decide, or to leave with exit code 4. */
  readonly wait: boolean;
  /** Where events of users are taken meanwhile. */
  readonly events?: EventsOptions | undefined;
  /** What the controller of this command tells of itself. */
  readonly telemetry?: HostOptions["telemetry"];
}

/** What a command that follows a rollout answers for its outcome. */
export const EXIT = { promoted: 0, "rolled-back": 3, stopped: 1, concluded: 0 } as const;

/** Applies a file and follows the rollout to its end: exit code 0 promoted, 3 rolled back, 4 waiting for a person. */
export async function runCommand(options: RunOptions, context: Context): Promise<number> {
  const { file, reason, wait } = options;
  if (context.cluster) throw new SerinError(NOT_RUN);
  const text = await readRollout(file);
  const { link, own, eventsUrl, metricsUrl } = await linkFor(context, options);
  if (eventsUrl !== undefined && !context.json) context.io.out(`taking events of users at ${eventsUrl}`);
  if (metricsUrl !== undefined && !context.json) context.io.out(`metrics at ${metricsUrl}/metrics`);
  try {
    const request = { text, origin: dirname(resolve(file)), actor: asker(), reason };
    const parsed = parseDocument(text);
    if (parsed.ok && parsed.document.kind !== KIND) return await runGroup(link, context, request);
    const { service, rollout } = await begin(link, context, request);
    return await (rollout === undefined
      ? untilWell(link, context, service)
      : toTheEnd(link, { ...context, wait, own }, service));
  } finally {
    await link.close();
  }
}

const NOT_RUN: Trouble = {
  code: "SERIN_REFUSED",
  what: "in a cluster a rollout begins when its Deployment's template changes, and not by a command",
  now: "nothing was changed",
  next: "serin apply FILE --kubernetes once; then change the Deployment, and follow it with: serin status NAME --kubernetes",
  exitCode: 2,
};

/** Applies the file of a group and follows it to its end, or to where it needs a person. */
async function runGroup(link: Link, { io, json, signal }: Context, request: ApplyRequest): Promise<number> {
  const { service: name, text } = await link.apply(request);
  if (!json) io.out(text);
  const last = await followGroup(link, io, { name, afterVersion: 0, until: isOver, json, signal });
  if (!json) for (const line of last.next) io.out(line);
  return exitOf(last);
}

/** Applies a file; one whose rollout is under way already, from an earlier run that was cut off, is taken up again. */
async function begin(
  link: Link,
  { io, json }: Context,
  request: ApplyRequest,
): Promise<Pick<Reply, "service" | "rollout">> {
  try {
    const reply = await link.apply(request);
    if (!json) io.out(reply.text);
    return reply;
  } catch (error) {
    const parsed = parseRollout(request.text);
    if (!(error instanceof SerinError && error.trouble.code === "SERIN_UNDER_WAY" && parsed.ok)) throw error;
    if (!json) io.out("under way already; goes on with it");
    return await link
      .get(parsed.rollout.metadata.name)
      .then(({ service, rollout }) => ({ service, rollout: rollout?.number }));
  }
}

/** So long what is stable already may take to answer: after a restart of the machine nothing runs. */
const WELL_MS = 60_000;

/** There was nothing to roll out: leaves when the service answers. The last rollout's outcome is not this command's. */
async function untilWell(link: Link, { io, json, signal }: Context, service: string): Promise<number> {
  const { version } = await link.get(service);
  const view = await follow(link, io, {
    service,
    afterVersion: version,
    until: ({ health }) => health === "well",
    json,
    signal: AbortSignal.any([signal, AbortSignal.timeout(WELL_MS)]),
  });
  if (view.health === "well") return 0;
  io.err(`${service} is ${view.health}; look closer with: serin get ${service}`);
  return 1;
}

/** Starts a rollout of something that is known already (`retry`, `undo`) and follows it to its end. */
export async function toTheEnd(
  link: Link,
  context: Context & { wait: boolean; own: boolean },
  service: string,
): Promise<number> {
  const { io, json, signal, wait } = context;
  const before = await link.get(service);
  const number = before.rollout?.number ?? 0;
  const until = ({ rollout }: ServiceView): boolean =>
    !rollout || rollout.phase === "ended" || rollout.number !== number || (!wait && rollout.waiting?.for === "person");
  const started =
    before.recent.find(({ kind, rollout }) => kind === "started" && rollout === number)?.version ?? before.version;
  const view = await follow(link, io, { service, afterVersion: started - 1, until, json, signal });
  const { rollout } = view;
  if (!json && rollout?.phase === "ended") io.out(farewell(view, context.own));
  if (!rollout) return 0;
  if (rollout.outcome) return EXIT[rollout.outcome];
  io.err(
    `left while ${service}/${rollout.number} is under way${context.own ? "; nobody watches it until serin serve runs" : ""}`,
  );
  return 4;
}

function farewell({ service, rollout, address, stable }: ServiceView, own: boolean): string {
  const serves = stable ? `${service} serves ${stable}${address ? ` at ${address}` : ""}` : `${service} serves nothing`;
  const alone =
    own && stable ? `\nIt goes on by itself; serin serve watches over it, serin down ${service} ends it.` : "";
  const next = {
    promoted: "",
    concluded: "",
    "rolled-back": `\nNext: change what is named above and run again, or try the same again with: serin retry ${service}`,
    stopped: `\nNext: start it again with: serin retry ${service}`,
  }[rollout?.outcome ?? "promoted"];
  return `${service}/${rollout?.number} ${rollout?.outcome}: ${rollout?.why}\n${serves}.${alone}${next}`;
}

/** The controller that runs, or one of our own for as long as this command lasts. */
export async function linkFor(
  { state, cluster }: Where,
  { events, telemetry }: Pick<RunOptions, "events" | "telemetry"> = {},
): Promise<{ link: Link; own: boolean; eventsUrl?: string | undefined; metricsUrl?: string | undefined }> {
  if (cluster) return { link: await openCluster(cluster), own: false };
  const found = await findController(state);
  if (!found) {
    const link = await hostController(state, { events, telemetry });
    return { link, own: true, eventsUrl: link.eventsUrl, metricsUrl: link.metricsUrl };
  }
  const wrong = events ? EVENTS_ELSEWHERE : telemetry?.metrics || telemetry?.log ? TELEMETRY_ELSEWHERE : undefined;
  if (!wrong) return { link: found, own: false };
  const { code, what, next } = wrong;
  throw new SerinError({
    code,
    what: `the controller that runs on ${state} must ${what}, this command cannot`,
    now: "nothing was changed",
    next: `start that one with ${next}, and run this again without`,
    exitCode: 2,
  });
}

const EVENTS_ELSEWHERE = { code: "SERIN_EVENTS_ELSEWHERE", what: "take the events", next: "--events" };
const TELEMETRY_ELSEWHERE = {
  code: "SERIN_TELEMETRY_ELSEWHERE",
  what: "serve metrics and keep the log",
  next: "--metrics or --log",
};

/** The text of a rollout file. Throws a SerinError when it cannot be read. */
export async function readRollout(file: string): Promise<string> {
  try {
    return await readText(file);
  } catch (error) {
    throw new SerinError(
      {
        code: "SERIN_NO_FILE",
        what: `${file} cannot be read as a rollout file`,
        found: unreadable(error),
        now: "nothing was changed",
        next: "name a rollout file that this user may read",
        exitCode: 2,
      },
      { cause: error },
    );
  }
}
