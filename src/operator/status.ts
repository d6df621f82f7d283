// What does `kubectl get rollouts` show?
import type { CommandAnswer, Condition } from "../adapters/kubernetes/client/objects.ts";
import { underWay, type RolloutState, type ServiceState } from "../core/engine/state.ts";
import { sentence } from "../core/plan/sentence.ts";
import { shareOf, type Weights } from "../core/split.ts";
import { percent, weight, WHOLE } from "../core/units.ts";
import type { Seen } from "../runtime/controller.ts";
import { healthOf } from "../runtime/health.ts";

/** What the operator adds to what the engine knows. */
export interface Around {
  readonly seen: Seen | undefined;
  readonly generation: number | undefined;
  readonly handled: string | undefined;
  readonly answers: readonly CommandAnswer[];
  /** The UID of what is adopted. */
  readonly deployment: string | undefined;
  /** What its pods were configured with then. */
  readonly configuration: string | undefined;
  /** Why what is asked for is not brought about; nothing while it is. */
  readonly refused: { readonly reason: string; readonly message: string } | undefined;
  readonly conditions: readonly Condition[];
  readonly nowMs: number;
}

/** A status for people and their tools. Fields that are `null` are taken out. */
export function statusOf(state: ServiceState | undefined, around: Around): object {
  const { generation, handled, answers, deployment, configuration, refused, seen } = around;
  return {
    observedGeneration: generation ?? null,
    handled: handled ?? null,
    deployment: deployment ?? null,
    configuration: configuration ?? null,
    ...(answers.length > 0 ? { answers } : {}),
    conditions: conditionsOf(state, around),
    message: refused?.message ?? null,
    ...(state ? progressOf(state, seen) : { phase: "Waiting" }),
  };
}

function progressOf(state: ServiceState, seen: Seen | undefined): object {
  const { rollout } = state;
  const world = seen?.world;
  return {
    phase: phaseOf(state),
    health: healthOf(state, world),
    weight: {
      wanted: shown(state.split.weights),
      measured: world?.traffic.kind === "value" ? shown(world.traffic.value.split.weights) : "unknown",
    },
    stable: state.stable ? { revision: state.stable.revision } : null,
    history: state.history.map(({ startedMs, endedMs, ...rest }) => ({
      ...rest,
      startedAt: iso(startedMs),
      endedAt: iso(endedMs),
    })),
    ...(rollout ? rolloutOf(rollout) : {}),
  };
}

function rolloutOf(rollout: RolloutState): object {
  const { number, candidate, program, cursor, verdict, outcome, waiting, why, startedMs, endedMs, paused } = rollout;
  const steps = program.steps.length;
  const step = program.steps[cursor];
  const isOver = endedMs !== undefined;
  return {
    rollout: number,
    candidate: { revision: candidate },
    step: isOver ? `${steps}/${steps}` : `${Math.min(cursor + 1, steps)}/${steps}`,
    stepText: isOver || !step ? null : sentence(step),
    verdict: verdict?.kind ?? null,
    verdictText: verdict?.text ?? null,
    outcome: outcome ?? null,
    why: why ?? rollout.back?.why ?? (paused ? `paused by ${paused.by}: ${paused.reason}` : waiting?.text) ?? null,
    startedAt: iso(startedMs),
    endedAt: endedMs === undefined ? null : iso(endedMs),
  };
}

const iso = (atMs: number): string => new Date(atMs).toISOString().replace(/\.\d+Z$/u, "Z");

const shown = (weights: Weights): string => percent(weight(Math.min(WHOLE, shareOf(weights, "canary"))));

/** What the engine does, in a word. */
function phaseOf(state: ServiceState): string {
  const rollout = underWay(state);
  if (!rollout) return "Idle";
  if (rollout.phase === "back") return "RollingBack";
  if (rollout.paused) return "Paused";
  return rollout.waiting?.for === "person" ? "Waiting" : "Progressing";
}

/** As kstatus and its readers know them, and how the last release ended. */
function conditionsOf(
  state: ServiceState | undefined,
  { refused, seen, conditions, nowMs, generation }: Around,
): readonly object[] {
  const rollout = state && underWay(state);
  const outcome = state?.rollout?.outcome;
  const health = state ? healthOf(state, seen?.world) : "unknown";
  const is = (value: boolean): string => (value ? "True" : "False");
  const wanted: readonly (readonly [type: string, status: string, reason: string, message: string])[] = [
    ["Accepted", is(refused === undefined), refused?.reason ?? "Accepted", refused?.message ?? ""],
    ["Reconciling", is(rollout !== undefined), state ? phaseOf(state) : "Waiting", rollout?.waiting?.text ?? ""],
    ["Healthy", health === "unknown" ? "Unknown" : is(health === "well"), HEALTH[health], ""],
    ["Ready", is(!rollout && health === "well" && refused === undefined), rollout ? "UnderWay" : HEALTH[health], ""],
    [
      "Succeeded",
      outcome === undefined ? "Unknown" : is(outcome === "promoted" || outcome === "concluded"),
      OUTCOMES[outcome ?? "none"],
      state?.rollout?.why ?? "",
    ],
  ];
  return wanted.map(([type, status, reason, message]) => {
    const before = conditions.find((condition) => condition.type === type);
    const since = before?.status === status ? before.lastTransitionTime : undefined;
    return {
      type,
      status,
      reason,
      message: message.slice(0, 1_024),
      lastTransitionTime: since ?? iso(nowMs),
      observedGeneration: generation ?? 0,
    };
  });
}

const HEALTH = { well: "Well", degraded: "Degraded", down: "Down", unknown: "Unknown" } as const;

const OUTCOMES = {
  promoted: "Promoted",
  "rolled-back": "RolledBack",
  stopped: "Stopped",
  concluded: "Concluded",
  none: "NotOverYet",
} as const;
