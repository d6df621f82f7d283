// How far is a member?
import { underWay, type ServiceState } from "../engine/state.ts";
import { isExposed, shareOf } from "../split.ts";
import { percent } from "../units.ts";
import type { Progress, Standing } from "./state.ts";

/** Reads from a member's own state how far it is on the way to its target. `gate` names the release's last gate. */
export function standingOf(progress: Progress, state: ServiceState | undefined, gate: string): Standing {
  const { askedAfter, refused, target } = progress;
  const candidate = target.revision.id;
  const rollout = state && underWay(state);
  if (state?.stable?.revision === candidate && !(rollout && rollout.candidate !== candidate)) return { at: "promoted" };
  if (askedAfter === undefined) return { at: "waiting" };
  if (!state || state.rollouts <= askedAfter) return refused ? { at: "refused", why: refused } : { at: "starting" };
  if (rollout?.candidate === candidate) {
    if (rollout.phase === "back") return { at: "going-back", why: rollout.back?.why };
    const step = rollout.program.steps[rollout.cursor];
    const isThere = step?.op === "gate" && step.what === gate && rollout.waiting?.for === "person";
    if (isThere && !rollout.paused) return { at: "gate" };
    return { at: "under-way", why: `${underWayText(state)}${rollout.waiting ? `: ${rollout.waiting.text}` : ""}` };
  }
  const last = state.history.find((ended) => ended.candidate === candidate && ended.number > askedAfter);
  if (last?.outcome === "promoted") return { at: "undone" };
  if (last) return { at: last.outcome === "rolled-back" ? "rolled-back" : "stopped", why: last.why };
  return refused ? { at: "refused", why: refused } : { at: "starting" };
}

function underWayText({ split }: ServiceState): string {
  const share = shareOf(split.weights, "canary");
  if (share > 0) return `canary ${percent(share)}`;
  return isExposed(split, "canary") ? "canary for those whom a rule names" : "canary 0%";
}

/** Whether nobody is sent to the target any more. */
export function isClear({ target }: Progress, state: ServiceState | undefined): boolean {
  if (!state) return true;
  if (state.stable?.revision === target.revision.id) return false;
  return underWay(state)?.candidate !== target.revision.id || !isExposed(state.split, "canary");
}

/** Standings from which a member does not come further by itself. */
const STUCK: ReadonlySet<Standing["at"]> = new Set(["going-back", "rolled-back", "stopped", "undone", "refused"]);

export function isStuck({ at }: Standing): boolean {
  return STUCK.has(at);
}
