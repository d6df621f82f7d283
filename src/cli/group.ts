// What can a person see of a group, and how is it followed to its end?
import type { GroupView, Link } from "../api/contract.ts";
import { decision } from "../core/engine/decision-text.ts";
import { livePicture, showUntil, ticking, type Picture } from "./follow.ts";
import { lookInto, needController } from "./home.ts";
import type { Context, Io } from "./io.ts";
import { renderGroup } from "./group-view.ts";
import { clockTime, dateTime, painter, table } from "./paint.ts";
import type { Frame } from "./view.ts";

/** `serin get release NAME`, `serin get facade/NAME`. */
export async function getGroup(name: string, context: Context): Promise<number> {
  const { io, json } = context;
  const link = await lookInto(context);
  try {
    const view = await link.group(name);
    io.out(json ? JSON.stringify(view, undefined, 2) : renderGroup(view, frameFor(io, 8)).join("\n"));
    return 0;
  } finally {
    await link.close();
  }
}

/** `serin watch release/NAME`: until it ends or waits for a person, or until interrupted when nothing is under way. */
export async function watchGroup(name: string, context: Context): Promise<number> {
  const { io, json, signal } = context;
  const link = await needController(context);
  const { version, phase } = await link.group(name);
  const underWay = phase !== "ended";
  const last = await followGroup(link, io, {
    name,
    afterVersion: Math.max(0, version - 8),
    until: (view) => underWay && isOver(view),
    json,
    signal,
  });
  return underWay ? exitOf(last) : 0;
}

/** `serin history facade/NAME`: every run that has ended, newest first. */
export async function historyGroup(name: string, context: Context): Promise<number> {
  const { io, json } = context;
  const link = await lookInto(context);
  try {
    const { history } = await link.group(name);
    if (json) io.out(JSON.stringify(history, undefined, 2));
    else if (history.length === 0) io.out(`${name} has no run that ended yet`);
    else {
      const rows = history.map(({ number, outcome, why, startedMs, endedMs }) => {
        const took = `${Math.round((endedMs - startedMs) / 1000)}s`;
        return [`${name}/${number}`, outcome, dateTime(startedMs), took, why];
      });
      io.out(table([["run", "outcome", "started", "took", "why"], ...rows]).join("\n"));
    }
    return 0;
  } finally {
    await link.close();
  }
}

/** `serin explain release/NAME`: every decision on the group; those of its members are explained one by one. */
export async function explainGroup(name: string, context: Context): Promise<number> {
  const { io, json } = context;
  const link = await lookInto(context);
  try {
    const { members } = await link.group(name);
    const records = await link.records(name, 0, 1_000);
    if (json) io.out(JSON.stringify(records, undefined, 2));
    else {
      const lines = records.map((record) => `${dateTime(record.atMs)}  ${decision(record)}`);
      const more = members.map(({ service }) => `serin explain ${service}`).join(" · ");
      io.out([...lines, "", `The figures of each: ${more}`].join("\n"));
    }
    return 0;
  } finally {
    await link.close();
  }
}

export interface FollowGroup {
  readonly name: string;
  /** Decisions up to this version are known already. */
  readonly afterVersion: number;
  readonly until: (view: GroupView) => boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

/** Shows every change of a group until there is nothing more to wait for; answers the last view. */
export function followGroup(link: Pick<Link, "group" | "groupViews">, io: Io, what: FollowGroup): Promise<GroupView> {
  const { name, afterVersion } = what;
  const isLive = io.live && !what.json;
  const show = isLive ? livePicture((view: GroupView) => renderGroup(view, frameFor(io, 5))) : plainLines(io, what);
  const told = link.groupViews?.bind(link);
  const views = told && ((signal: AbortSignal) => told({ service: name, signal, after: afterVersion }));
  return showUntil(show, {
    ...what,
    read: () => link.group(name),
    // A picture has a clock.
    views: views && isLive ? (signal) => ticking(views(signal), signal) : views,
  });
}

function plainLines(io: Io, { afterVersion, json }: FollowGroup): Picture<GroupView> {
  let shown = afterVersion;
  const next = ({ recent }: GroupView): void => {
    for (const record of recent.filter(({ version }) => version > shown)) {
      shown = record.version;
      io.out(json ? JSON.stringify(record) : `${clockTime(record.atMs)}  ${decision(record)}`);
    }
  };
  return { next, end: next };
}

/** Whether it has ended, or does not go on without a person. */
export function isOver({ phase, members, paused, group }: GroupView): boolean {
  const isStopped = group.startsWith("facade/") && members.some(({ at }) => STOPS.has(at));
  return phase === "ended" || phase === "held" || paused !== undefined || isStopped;
}

const STOPS: ReadonlySet<GroupView["members"][number]["at"]> = new Set(["rolled-back", "stopped", "undone", "refused"]);

/** 0 promoted, 3 rolled back, 1 stopped, 4 waiting for a person. */
export function exitOf({ phase, outcome, members }: GroupView): number {
  if (phase !== "ended") return members.some(({ at }) => at === "rolled-back") ? 3 : 4;
  return { promoted: 0, "rolled-back": 3, stopped: 1 }[outcome ?? "stopped"];
}

function frameFor(io: Io, decisions: number): Frame {
  return { width: Math.min(process.stdout.columns ?? 120, 140), paint: painter(io.color), decisions };
}
