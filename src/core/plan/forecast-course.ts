// Which requests will the steps of a rollout compare, and when?
import { shareOf, type Role, type Weights } from "../split.ts";
import { courseOf, type Course, type Segment } from "../stats/power.ts";
import { WHOLE } from "../units.ts";

/** How often the built-in runtime looks while a rollout is under way, in milliseconds. */
export const LOOK_MS = 500;

/** Ready replicas by role. */
export type Sizes = Readonly<Record<Role, number>>;

/** Replicas that joined the canary together. */
export interface Cohort {
  readonly atMs: number;
  readonly size: number;
}

/** A stretch of a rollout during which nothing changes. */
export interface Leg {
  /** Its place among the program's steps, from 0 on. */
  readonly step: number;
  readonly fromMs: number;
  readonly durationMs: number;
  readonly weights: Weights;
  readonly sizes: Sizes;
  readonly cohorts: readonly Cohort[];
}

/** What a metric compares of the requests. */
export interface Compared {
  readonly kind: "errors" | "latency";
  /** Younger replicas do not count. */
  readonly warmupMs: number;
}

/** The canary's part of the time, in milliseconds, in which its replicas were old enough. */
function countedMs({ fromMs, cohorts }: Leg, untilMs: number, warmupMs: number): number {
  const size = cohorts.reduce((sum, cohort) => sum + cohort.size, 0);
  return cohorts.reduce((sum, cohort) => {
    const since = Math.max(fromMs, cohort.atMs + warmupMs);
    return sum + (Math.max(0, untilMs - since) * cohort.size) / size;
  }, 0);
}

/** Latency is compared with the young baseline where there is one, all else with everything that runs stable. */
function othersOf({ weights, sizes }: Leg, kind: Compared["kind"]): { readonly share: number; readonly size: number } {
  const baseline = shareOf(weights, "baseline");
  if (kind === "latency" && baseline > 0) return { share: baseline, size: sizes.baseline };
  const hasBaseline = baseline > 0 ? sizes.baseline : 0;
  return { share: WHOLE - shareOf(weights, "canary"), size: sizes.stable + hasBaseline };
}

/** What a metric compares of a leg until a moment; `undefined` when nothing. */
export function segmentOf(leg: Leg, of: Compared, at: { untilMs: number; perSecond: number }): Segment | undefined {
  const share = shareOf(leg.weights, "canary");
  const others = othersOf(leg, of.kind);
  const untilMs = Math.min(at.untilMs, leg.fromMs + leg.durationMs);
  if (share === 0 || others.share === 0 || untilMs <= leg.fromMs) return undefined;
  const perMs = (at.perSecond * share) / WHOLE / 1_000;
  return {
    requests: perMs * countedMs(leg, untilMs, of.warmupMs),
    share: share / (share + others.share),
    canaryReplicas: Math.max(1, leg.sizes.canary),
    baselineReplicas: Math.max(1, others.size),
  };
}

/** What a metric has compared of these legs until a moment. */
export function courseUntil(legs: readonly Leg[], of: Compared, at: { untilMs: number; perSecond: number }): Course {
  return courseOf(legs.flatMap((leg) => segmentOf(leg, of, at) ?? []));
}

/** Requests that the canary answers from `fromMs` to `untilMs`, compared or not. */
export function requestsBetween(legs: readonly Leg[], [fromMs, untilMs]: readonly [number, number], perSecond: number) {
  return legs.reduce((sum, leg) => {
    const ms = Math.min(untilMs, leg.fromMs + leg.durationMs) - Math.max(fromMs, leg.fromMs);
    return sum + (Math.max(0, ms) / 1_000) * perSecond * (shareOf(leg.weights, "canary") / WHOLE);
  }, 0);
}

export const endOf = (legs: readonly Leg[]): number => {
  const last = legs.at(-1);
  return last ? last.fromMs + last.durationMs : 0;
};
