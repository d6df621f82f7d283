// What can a person say to a controller from another terminal?
import { dirname, resolve } from "node:path";
import type { CommandRequest, Link, RolloutView, ServiceSummary, ServiceView } from "../api/contract.ts";
import { isGroupName } from "../core/group/state.ts";
import { asker } from "../api/asker.ts";
import { follow, showUntil, UNSEEN } from "./follow.ts";
import { getGroup, historyGroup, watchGroup } from "./group.ts";
import { lookInto, needController } from "./home.ts";
import type { Context, Io } from "./io.ts";
import { dateTime, painter, table } from "./paint.ts";
import { EXIT, linkFor, readRollout, toTheEnd } from "./run.ts";
import { renderService } from "./view.ts";

export interface VerbOptions {
  readonly service: string;
  readonly reason: string;
  /** The version on which the person decided; without it, the one of right now. */
  readonly ifVersion?: number | undefined;
  readonly full?: boolean | undefined;
  readonly to?: string | undefined;
  readonly replicas?: number | undefined;
}

/** `serin apply FILE`. */
export async function applyCommand(
  { file, reason, hotfix }: { readonly file: string; readonly reason: string; readonly hotfix?: boolean | undefined },
  context: Context,
): Promise<number> {
  const text = await readRollout(file);
  const link = await needController(context);
  const reply = await link.apply({ text, origin: dirname(resolve(file)), actor: asker(), reason, hotfix });
  const next = context.cluster
    ? `\nSee it with: serin get ${reply.service}`
    : `; watch it with: serin watch ${reply.service}`;
  context.io.out(context.json ? JSON.stringify(reply) : `${reply.text}${next}`);
  return 0;
}

/** `serin promote | pause | resume | abort SERVICE`. */
export async function verbCommand(
  kind: CommandRequest["kind"],
  options: VerbOptions,
  context: Context,
): Promise<number> {
  const { service, reason, full, to, replicas } = options;
  const link = await needController(context);
  // Whatever else was decided meanwhile, who wants back wants back.
  const expected = options.ifVersion ?? (kind === "abort" ? undefined : await versionOf(link, service));
  const reply = await link.command(service, { kind, actor: asker(), reason, expected, full, to, replicas });
  context.io.out(context.json ? JSON.stringify(reply) : reply.text);
  return 0;
}

/** `serin retry | undo SERVICE`: start a rollout, and see it through when no controller runs that would. */
export async function startCommand(kind: "retry" | "undo", options: VerbOptions, context: Context): Promise<number> {
  // Several services are not seen through by a command; a controller does that.
  if (isGroupName(options.service)) return verbCommand(kind, options, context);
  const { link, own } = await linkFor(context);
  try {
    const { service, reason, to } = options;
    const expected = options.ifVersion ?? (await link.get(service)).version;
    const reply = await link.command(service, { kind, actor: asker(), reason, expected, to });
    context.io.out(context.json ? JSON.stringify(reply) : reply.text);
    return own ? await toTheEnd(link, { ...context, wait: true, own }, service) : 0;
  } finally {
    await link.close();
  }
}

/** `serin get [SERVICE]`. */
export async function getCommand(service: string | undefined, context: Context): Promise<number> {
  if (service !== undefined && isGroupName(service)) return getGroup(service, context);
  const { io, json } = context;
  const link = await lookInto(context);
  try {
    if (service !== undefined) {
      const view = await link.get(service);
      io.out(json ? JSON.stringify(view, undefined, 2) : renderService(view, frame(io)).join("\n"));
      return 0;
    }
    const views = await link.list();
    if (json) io.out(JSON.stringify(views, undefined, 2));
    else if (views.length === 0) {
      const where = link.where === undefined ? "" : ` in ${link.where}`;
      io.out(`no services${where} yet; start one with: serin apply FILE`);
    } else {
      io.out(servicesTable(views).join("\n"));
      const groups = await link.groups();
      const named = groups.map(({ group, phase, outcome, members }) => [
        group,
        phase === "ended" ? (outcome ?? "ended") : phase === "forward" ? "under way" : phase,
        members.map(({ name, at }) => `${name} ${at}`).join(", "),
      ]);
      if (named.length > 0) io.out(["", ...table([["group", "now", "members"], ...named])].join("\n"));
    }
    return 0;
  } finally {
    await link.close();
  }
}

/** One line for each service. In a cluster nobody serves at an address of Serin's. */
function servicesTable(views: readonly ServiceSummary[]): readonly string[] {
  const isCluster = views.some(({ namespace }) => namespace !== undefined);
  const rows = views.map(({ service, namespace, health, stable, rollout, address, troubles }) => [
    ...(isCluster ? [namespace ?? ""] : []),
    namespace === undefined ? service : service.slice(0, -namespace.length - 1),
    health,
    stable ?? "–",
    rollout ? `${rollout.number} ${rollout.outcome ?? (rollout.phase === "back" ? "going back" : "under way")}` : "–",
    ...(isCluster ? [] : [address ?? "–"]),
    shortened(isCluster && troubles["rollout"] !== undefined ? troubles["rollout"] : lastWord(rollout), 60),
  ]);
  const place = isCluster ? ["namespace"] : [];
  const more = isCluster ? [] : ["address"];
  return table([[...place, "service", "health", "stable", "rollout", ...more, "last word"], ...rows]);
}

function lastWord(rollout: ServiceSummary["rollout"]): string {
  const { paused, waiting, why } = rollout ?? {};
  if (paused) return `paused by ${paused.by}${paused.reason ? `: ${paused.reason}` : ""}`;
  return waiting?.text ?? why ?? "";
}

/** The version that is decided on. */
async function versionOf(link: Link, name: string): Promise<number> {
  return (isGroupName(name) ? await link.group(name) : await link.get(name)).version;
}

function shortened(text: string, length: number): string {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}

function frame(io: Io): Parameters<typeof renderService>[1] {
  return { width: Math.min(process.stdout.columns ?? 120, 140), paint: painter(io.color), decisions: 8 };
}

/** `serin watch SERVICE`: until the rollout under way ends, or until interrupted when none is. */
export async function watchCommand(service: string, context: Context): Promise<number> {
  if (isGroupName(service)) return watchGroup(service, context);
  const { io, json, signal } = context;
  const link = await needController(context);
  const { rollout, version } = await link.get(service);
  const underWay = rollout && rollout.phase !== "ended";
  const last = await follow(link, io, {
    service,
    afterVersion: Math.max(0, version - 8),
    until: (view) => Boolean(underWay) && view.rollout?.phase === "ended",
    json,
    signal,
  });
  return (underWay && last.rollout?.outcome && EXIT[last.rollout.outcome]) || 0;
}

/** `serin status SERVICE`: waits for the rollout's end, for scripts; the last word, and an exit code for the outcome. */
export async function statusCommand({ service, wait }: StatusOptions, context: Context): Promise<number> {
  const { io, json, signal } = context;
  const link = await lookInto(context);
  try {
    let view = await link.get(service);
    // Nobody decides anything while no controller runs.
    const isOver = ({ rollout, troubles }: ServiceView): boolean =>
      rollout === undefined || rollout.phase === "ended" || troubles["controller"] !== undefined;
    if (wait && !isOver(view)) {
      const told = link.views?.bind(link);
      view = await showUntil(UNSEEN, {
        read: () => link.get(service),
        until: isOver,
        signal,
        views: told && ((until) => told({ service, signal: until })),
      });
    }
    const { rollout } = view;
    if (json) io.out(JSON.stringify(view, undefined, 2));
    else io.out(rollout ? statusText(view, rollout) : `${service} has no rollout yet`);
    if (!rollout) return 0;
    return rollout.outcome ? EXIT[rollout.outcome] : 4;
  } finally {
    await link.close();
  }
}

interface StatusOptions {
  readonly service: string;
  readonly wait: boolean;
}

function statusText({ service, pools }: ServiceView, rollout: RolloutView): string {
  const name = `${service}/${rollout.number}`;
  const ready = pools.map(({ role, ready: count, wanted }) => `${role} ${count ?? "?"} of ${wanted} ready`).join(", ");
  if (rollout.outcome) return `${name} ${rollout.outcome}: ${rollout.why ?? ""} (${ready})`;
  const step = `step ${Math.min(rollout.cursor + 1, rollout.steps.length)} of ${rollout.steps.length}`;
  return `${name} is under way, ${step}: ${rollout.waiting?.text ?? "goes on"} (${ready})`;
}

/** `serin history SERVICE`: every rollout that has ended, newest first. */
export async function historyCommand(service: string, context: Context): Promise<number> {
  if (isGroupName(service)) return historyGroup(service, context);
  const { io, json } = context;
  const link = await lookInto(context);
  try {
    const { history } = await link.get(service);
    if (json) io.out(JSON.stringify(history, undefined, 2));
    else if (history.length === 0) io.out(`${service} has no rollout that ended yet`);
    else {
      const rows = history.map(({ number, candidate, outcome, why, startedMs, endedMs }) => [
        `${service}/${number}`,
        candidate,
        outcome,
        dateTime(startedMs),
        `${Math.round((endedMs - startedMs) / 1000)}s`,
        why,
      ]);
      io.out(table([["rollout", "revision", "outcome", "started", "took", "why"], ...rows]).join("\n"));
    }
    return 0;
  } finally {
    await link.close();
  }
}

/** `serin down SERVICE`. */
export async function downCommand(
  { service, reason }: Pick<VerbOptions, "service" | "reason">,
  context: Context,
): Promise<number> {
  const { link } = await linkFor(context);
  try {
    await link.remove(service, { actor: asker(), reason });
    context.io.out(
      context.json
        ? JSON.stringify({ service })
        : service.startsWith("release/")
          ? `${service} is forgotten; its services go on`
          : context.cluster
            ? `${service} is its owner's again: its pods go on, and its next template rolls out natively`
            : `${service} is down: its traffic, its replicas and its journal are gone`,
    );
    return 0;
  } finally {
    await link.close();
  }
}
