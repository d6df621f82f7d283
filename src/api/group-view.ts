// What does a group of services look like to a person?
import { lastMinute } from "../core/group/legacy.ts";
import { isStuck, standingOf } from "../core/group/standing.ts";
import { gateOf, namesOf, type FacadePlan, type Standing } from "../core/group/state.ts";
import { duration, ms, type Ms } from "../core/units.ts";
import type { SeenGroup } from "../runtime/groups.ts";
import type { GroupView, MemberView } from "./contract.ts";

/** How long nobody must have asked legacy for anything until it is said to be idle. */
const IDLE_MS = 600_000;

/** A group as it was last seen. */
export function groupViewOf(
  seen: SeenGroup,
  { nowMs, address }: { readonly nowMs: Ms; readonly address?: string | undefined },
): GroupView {
  const { state, troubles } = seen;
  const { run, plan } = state;
  const members = namesOf(state)
    .filter((service) => service in state.members && (plan.kind === "release" || service !== plan.rest))
    .map((service) => memberOf(seen, service));
  return {
    group: state.group,
    version: state.version,
    nowMs,
    address,
    number: state.runs,
    phase: run?.phase ?? "forward",
    startedMs: run?.startedMs ?? nowMs,
    endedMs: run?.endedMs,
    outcome: run?.outcome,
    why: run?.why ?? run?.back?.why,
    paused: state.paused,
    bakesSinceMs: run?.phase === "forward" && !run.watched ? run.bakesSinceMs : undefined,
    stuck: plan.kind === "facade" ? stuckIn(seen, members)?.name : undefined,
    members,
    next: plan.kind === "facade" ? facadeNext(seen, { plan, members, nowMs }) : releaseNext(seen),
    history: state.history,
    recent: state.recent,
    troubles,
  };
}

function memberOf({ state, members }: SeenGroup, service: string): MemberView {
  const progress = state.members[service];
  if (!progress) throw new Error(`${service} is no member of ${state.group}`);
  const { plan } = state;
  const standing = standingOf(progress, members[service], gateOf(state.group));
  const common = { service, at: standing.at, why: standing.why };
  if (plan.kind === "release") {
    const wave = plan.waves.findIndex((one) => one.members.includes(service));
    return { ...common, name: service, text: textOf(standing), wave, needs: plan.needs[service] ?? [] };
  }
  const route = plan.line.find((one) => one.service === service);
  const counted = state.legacy[service];
  return {
    ...common,
    name: route?.route ?? service,
    requests: route?.requests,
    text: facadeText(standing, { skipped: progress.skipped === true, isThere: members[service]?.stable !== undefined }),
    legacyRequests: counted && lastMinute(counted).requests,
  };
}

/** How far a member is, in words. */
export const STANDING_WORDS: Readonly<Record<Standing["at"], string>> = {
  waiting: "waits for its turn",
  starting: "starts",
  "under-way": "under way",
  gate: "at its last gate",
  promoted: "promoted",
  "going-back": "goes back",
  "rolled-back": "rolled back",
  stopped: "stopped",
  undone: "taken back",
  refused: "cannot start",
};

function textOf({ at, why }: Standing): string {
  if (at === "under-way") return why ?? STANDING_WORDS[at];
  return why ? `${STANDING_WORDS[at]}: ${why}` : STANDING_WORDS[at];
}

function facadeText(standing: Standing, is: { readonly skipped: boolean; readonly isThere: boolean }): string {
  if (standing.at === "promoted") return "moved";
  if (is.skipped) return `legacy, left there by a person; ${STANDING_WORDS[standing.at]}`;
  if (standing.at === "waiting") return is.isThere ? "legacy" : "legacy is not seen to answer yet";
  // Why it is there stands below the table, where there is room for it.
  return isStuck(standing) ? `legacy; ${STANDING_WORDS[standing.at]}` : textOf(standing);
}

interface Looked {
  readonly plan: FacadePlan;
  readonly members: readonly MemberView[];
  readonly nowMs: Ms;
}

/** The first route that stands in the way of those behind it. */
function stuckIn({ state }: SeenGroup, members: readonly MemberView[]): MemberView | undefined {
  return members.find(({ at, service }) => isStuck({ at }) && !state.members[service]?.skipped);
}

/** What is left with legacy, and what a person may do. */
function facadeNext(seen: SeenGroup, { plan, members, nowMs }: Looked): readonly string[] {
  const { state, members: states } = seen;
  const lines: string[] = [];
  const stuck = stuckIn(seen, members);
  if (stuck) {
    const { group } = state;
    lines.push(
      `${stuck.name} ${STANDING_WORDS[stuck.at]}${stuck.why ? `: ${stuck.why}` : ""}`,
      `${stuck.name} stands in the way: change its file and apply again, or serin retry ${group}, or leave it with legacy: serin promote ${group}`,
    );
  }
  if (states[plan.rest] && !states[plan.rest]?.stable)
    lines.push(`legacy was not seen to answer: serin get ${plan.rest}`);
  const rest = state.legacy[plan.rest];
  if (rest) lines.push(`legacy gets ${perMinute(lastMinute(rest))} of paths that no route names`);
  if (!members.every(({ at }) => at === "promoted")) return lines;
  const counts = Object.values(state.legacy);
  const quietMs = nowMs - Math.max(...counts.map(({ askedMs }) => askedMs));
  if (counts.length > 0 && quietMs >= IDLE_MS)
    lines.push(`nothing has asked legacy for ${duration(ms(quietMs))}: it may be switched off`);
  return lines;
}

function perMinute({ requests, windowMs }: { readonly requests: number; readonly windowMs: Ms }): string {
  if (windowMs >= 55_000 || windowMs === 0) return `${requests} requests/min`;
  return `${requests} requests in ${duration(windowMs)}`;
}

function releaseNext({ state: { run, group } }: SeenGroup): readonly string[] {
  if (run?.phase === "held") return [`held: serin retry ${group}, or take all of it back: serin abort ${group}`];
  if (run?.phase !== "ended" || run.outcome === "promoted") return [];
  return [`change what is named above and apply again, or try the same again: serin retry ${group}`];
}
