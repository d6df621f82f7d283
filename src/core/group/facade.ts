// Which route moves next?
import { underWay, type ServiceState } from "../engine/state.ts";
import { countLegacy } from "./legacy.ts";
import { askFor, askToStart, begin, recordStandings } from "./start.ts";
import { isStuck } from "./standing.ts";
import type { FacadePlan, Target } from "./state.ts";
import type { GroupTurn } from "./turn.ts";

/** One look at a façade: legacy first, for every route; then the routes, in order. */
export function stepFacade(turn: GroupTurn, plan: FacadePlan): void {
  const { line, rest } = plan;
  const names = Object.fromEntries(line.map(({ service, route }) => [service, route]));
  recordStandings(turn, names);
  count(turn, plan);
  for (const service of [rest, ...line.map((route) => route.service)]) settle(turn, plan, service);
  askToStop(turn, plan);
  advance(turn, plan);
  finish(turn, plan);
}

/** Each service has legacy for its stable version before anything moves, and the settings of the file in force. */
function settle(turn: GroupTurn, plan: FacadePlan, service: string): void {
  const { target, stale } = turn.progress(service);
  const member = turn.member(service);
  if (member && underWay(member)) return;
  const legacy = { ...target, revision: plan.legacy };
  const stable = member?.stable?.revision;
  if (!member || (stable === undefined && member.rollouts === 0)) return askFor(turn, service, legacy);
  // Other addresses of legacy, for whoever still stands on the former ones.
  if (stable !== undefined && plan.former.includes(stable)) return askFor(turn, service, legacy);
  if (stable === undefined && turn.progress(service).legacyAgain === member.rollouts)
    return turn.ask(service, "retry", {});
  if (!stale) return;
  if (isTold(member, target)) return turn.setProgress(service, { stale: undefined });
  const revision = stable === undefined ? undefined : member.revisions[stable];
  if (revision) askFor(turn, service, { ...target, revision });
}

function isTold({ spec }: ServiceState, target: Target): boolean {
  return JSON.stringify(spec) === JSON.stringify(target.spec);
}

function advance(turn: GroupTurn, { line, order, legacy }: FacadePlan): void {
  if (turn.state.paused) return;
  for (const { service, route } of line) {
    const standing = turn.standing(service);
    const { skipped } = turn.progress(service);
    if (standing.at === "promoted" || skipped) continue;
    // Nothing can be compared with a legacy that does not answer.
    const isReady = turn.member(service)?.stable?.revision === legacy.id || standing.at === "starting";
    if (standing.at === "waiting" && isReady) {
      begin(turn, service);
      turn.record("started", `${route} begins to move away from legacy`);
    }
    if (turn.standing(service).at === "starting") askToStart(turn, service);
    if (order === "one-by-one") return;
  }
}

/** Brings back the routes under way that a person has aborted. */
function askToStop(turn: GroupTurn, { line }: FacadePlan): void {
  for (const { service } of line) {
    const { abort } = turn.progress(service);
    const rollout = turn.member(service)?.rollout;
    if (abort !== undefined && rollout?.number === abort && rollout.phase === "forward") turn.ask(service, "abort", {});
  }
}

function count(turn: GroupTurn, plan: FacadePlan): void {
  const revisions = new Set([plan.legacy.id, ...plan.former]);
  const counts = [plan.rest, ...plan.line.map(({ service }) => service)].flatMap((service) => {
    const member = turn.member(service);
    const before = turn.state.legacy[service];
    return member ? [[service, countLegacy(before, member, { revisions, nowMs: turn.nowMs })] as const] : [];
  });
  if (counts.every(([service, now]) => turn.state.legacy[service] === now)) return;
  turn.set({ legacy: Object.fromEntries(counts) });
}

/** The line is at its end when every route has moved or was taken out of it; one that comes back opens it again. */
function finish(turn: GroupTurn, { line }: FacadePlan): void {
  const skipped = line.filter(({ service }) => turn.progress(service).skipped);
  const isDone = line.every(
    ({ service }) => turn.progress(service).skipped || turn.standing(service).at === "promoted",
  );
  if (isDone && turn.run.phase === "forward") {
    const left = skipped.length > 0 ? `; left with legacy: ${skipped.map(({ route }) => route).join(", ")}` : "";
    return turn.end("promoted", `every route has moved${left}`);
  }
  if (isDone || turn.run.phase === "forward") return;
  turn.setRun({ phase: "forward", outcome: undefined, why: undefined, endedMs: undefined });
  turn.record("note", "a route is back with legacy");
}

/** The first route that stands in the way of the others. */
export function stuckRoutes(turn: GroupTurn, { line }: FacadePlan): readonly FacadePlan["line"][number][] {
  return line.filter(({ service }) => !turn.progress(service).skipped && isStuck(turn.standing(service)));
}
