// How does a group of services look on a terminal?
import type { GroupView, MemberView } from "../api/contract.ts";
import { decision } from "../core/engine/decision-text.ts";
import { duration, ms } from "../core/units.ts";
import { clockTime, hanging, table, wrap } from "./paint.ts";
import type { Frame } from "./view.ts";

/** One group, as lines of text. */
export function renderGroup(view: GroupView, frame: Frame): string[] {
  const { paint, width } = frame;
  const isFacade = view.group.startsWith("facade/");
  const rows = isFacade ? routeRows(view.members) : memberRows(view.members);
  const [head = "", ...rest] = table(rows);
  return [
    headline(view, frame),
    "",
    paint("dim", head),
    ...rest.map((line, index) => painted(line, { at: view.members[index]?.at, frame })),
    ...(view.why && view.phase !== "forward" ? ["", ...wrap(view.why, width)] : []),
    ...(view.next.length > 0 ? ["", ...view.next.flatMap((line) => hanging("→ ", line, width))] : []),
    ...Object.entries(view.troubles).map(([part, why]) => paint("yellow", `${part}: ${why}`)),
    ...decisions(view, frame),
  ];
}

function headline(view: GroupView, { paint }: Frame): string {
  const isFacade = view.group.startsWith("facade/");
  const parts = [
    paint("bold", isFacade ? view.group : `${view.group}/${view.number}`),
    stateOf(view, { isFacade, paint }),
  ];
  if (view.address) parts.push(paint("dim", view.address));
  return parts.join("  ");
}

const OUTCOME_STYLE = { promoted: "green", "rolled-back": "red", stopped: "yellow" } as const;

function stateOf(view: GroupView, { isFacade, paint }: { isFacade: boolean; paint: Frame["paint"] }): string {
  const { members, paused, outcome, phase } = view;
  const took = duration(ms((view.endedMs ?? view.nowMs) - view.startedMs));
  if (isFacade) {
    const moved = members.filter(({ at }) => at === "promoted").length;
    const text = `${moved} of ${members.length} routes moved`;
    return paused
      ? paint("yellow", `${text}, paused by ${paused.by}`)
      : paint(moved === members.length ? "green" : "cyan", text);
  }
  if (phase === "ended" && outcome) return `${paint(OUTCOME_STYLE[outcome], outcome)} after ${took}`;
  if (phase === "back") return paint("red", `all go back, ${took} in`);
  if (phase === "held") return paint("yellow", `held, ${took} in`);
  return paused ? paint("yellow", `paused by ${paused.by}, ${took} in`) : paint("cyan", `under way, ${took} in`);
}

function routeRows(members: readonly MemberView[]): readonly (readonly string[])[] {
  const rows = members.map(({ name, requests = "", text, service, legacyRequests }) => [
    name,
    requests,
    service,
    legacyRequests === undefined ? "–" : String(legacyRequests),
    text,
  ]);
  return [["route", "requests", "service", "legacy/min", "now"], ...rows];
}

function memberRows(members: readonly MemberView[]): readonly (readonly string[])[] {
  const rows = members.map(({ name, wave = 0, needs = [], text }) => [
    name,
    String(wave + 1),
    needs.join(", ") || "–",
    text,
  ]);
  return [["member", "wave", "needs", "now"], ...rows];
}

const MEMBER_STYLE: Readonly<Partial<Record<MemberView["at"], Parameters<Frame["paint"]>[0]>>> = {
  promoted: "green",
  "going-back": "red",
  "rolled-back": "red",
  refused: "red",
  stopped: "yellow",
  undone: "yellow",
  "under-way": "cyan",
  gate: "cyan",
};

function painted(
  line: string,
  { at, frame }: { readonly at: MemberView["at"] | undefined; readonly frame: Frame },
): string {
  const { paint, width } = frame;
  const short = line.length > width ? `${line.slice(0, width - 1)}…` : line;
  const style = at && MEMBER_STYLE[at];
  return style ? paint(style, short) : short;
}

function decisions({ recent }: GroupView, { paint, width, decisions: count }: Frame): string[] {
  const shown = recent.slice(-count);
  if (shown.length === 0) return [];
  const lines = shown.flatMap((record) => hanging(`${clockTime(record.atMs)}  `, decision(record), width));
  return ["", paint("dim", "decisions"), ...lines];
}
