// What does another file change about a group?
import { Refusal } from "../engine/refusal.ts";
import { underWay } from "../engine/state.ts";
import type { GroupApply } from "./input.ts";
import { standingOf } from "./standing.ts";
import { gateOf, namesOf, type FacadePlan, type Plan, type Progress, type Target } from "./state.ts";
import type { GroupTurn } from "./turn.ts";

/** Takes a file up, and answers with what it will do. */
export function applyGroup(turn: GroupTurn, command: GroupApply): string {
  const { group, plan: before, members } = turn.state;
  const { plan, targets } = command;
  refuseBusy(turn, command);
  const leaving = plan.kind === "facade" ? Object.keys(members).filter((service) => !(service in targets)) : [];
  const known = Object.fromEntries(
    Object.entries(targets).map(([service, target]) => [service, progressOf(turn, { service, target, plan })]),
  );
  turn.set({
    plan: plan.kind === "facade" && before.kind === "facade" ? withFormer(plan, before) : plan,
    members: known,
    leaving: [...new Set([...turn.state.leaving.filter((service) => !(service in targets)), ...leaving])],
    paused: undefined,
    runs: turn.state.runs + 1,
    run: { number: turn.state.runs + 1, phase: "forward", startedMs: turn.nowMs, startedBy: command.actor, wave: 0 },
  });
  const count = plan.kind === "facade" ? `${plan.line.length} routes` : `${namesOf({ plan }).length} services`;
  const { actor, reason } = command;
  turn.record("started", `${group}/${turn.state.runs} brings ${count}`, { actor, reason });
  return `${group}/${turn.state.runs} started: ${count}`;
}

interface Known {
  readonly service: string;
  readonly target: Target;
  readonly plan: Plan;
}

/** A façade's route that asks for what it asked for before stays where it is; a release begins anew. */
function progressOf(turn: GroupTurn, { service, target, plan }: Known): Progress {
  const member = turn.member(service);
  const before = turn.state.members[service];
  const isSame = plan.kind === "facade" && before?.target.revision.id === target.revision.id;
  if (isSame) {
    const stale = JSON.stringify(before.target.spec) !== JSON.stringify(target.spec);
    return { ...before, target, skipped: undefined, ...(stale && { stale: true }) };
  }
  const fresh: Progress = { target, standing: "waiting", before: member?.stable?.revision };
  const { at } = standingOf(fresh, member, gateOf(turn.state.group));
  return { ...fresh, standing: at };
}

function withFormer(plan: FacadePlan, before: FacadePlan): FacadePlan {
  const former = [...before.former, before.legacy.id].filter((id) => id !== plan.legacy.id);
  return { ...plan, former: [...new Set(former)].slice(-10) };
}

function refuseBusy(turn: GroupTurn, { plan, targets }: GroupApply): void {
  const { group, run, members } = turn.state;
  const isRelease = plan.kind === "release";
  if (isRelease && run && run.phase !== "ended") {
    throw new Refusal({
      code: "SERIN_BUSY",
      what: `${group}/${run.number} is under way; another one cannot start beside it`,
      now: "it goes on",
      next: `serin abort ${group}, then apply again`,
      exitCode: 1,
    });
  }
  if (isRelease) return;
  // All services of a façade share one proxy, so that all of them must take other settings of it at the same time.
  const busy = Object.entries(targets).find(([service, { spec }]) => {
    const member = turn.member(service);
    const [now, next] = [members[service]?.target.spec.spec.traffic, spec.spec.traffic];
    const isChanged = now !== undefined && JSON.stringify(now) !== JSON.stringify(next);
    return isChanged && member !== undefined && underWay(member) !== undefined;
  });
  if (!busy) return;
  throw new Refusal({
    code: "SERIN_BUSY",
    what: `${busy[0]} is under way; the traffic of ${group} cannot be changed meanwhile`,
    now: "it goes on",
    next: `wait for its end, or serin abort ${group}, then apply again`,
    exitCode: 1,
  });
}
