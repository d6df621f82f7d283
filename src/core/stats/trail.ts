// How did the evidence come about over a rollout, in few enough points for a picture?
import type { Ms } from "../units.ts";
import type { Verdict } from "./plan.ts";

/** What one metric said at one moment. */
export interface TrailMetric {
  /** In the metric's unit. */
  readonly canary?: number | undefined;
  readonly baseline?: number | undefined;
  /** Anytime interval of the difference or ratio, where the metric has one. */
  readonly interval?: readonly [low: number, high: number] | undefined;
  /** Natural logarithms of the evidence now: that the canary is worse, and that it is no worse. */
  readonly logBad: number;
  readonly logGo: number;
}

/** One moment of a rollout. */
export interface TrailPoint {
  readonly atMs: Ms;
  /** The canary's share of the requests, in parts per million. */
  readonly share: number;
  readonly canaryRequests: number;
  readonly kind: Verdict["kind"];
  /** By the metric's name. */
  readonly metrics: Readonly<Record<string, TrailMetric>>;
}

/** Points in order of time, at most `MOST_POINTS`. */
export interface Trail {
  readonly points: readonly TrailPoint[];
  /** Looks between two points now; doubles whenever the trail is full. */
  readonly stride: number;
  /** Looks since the last point. */
  readonly since: number;
}

/** Enough for a picture; the state of a service stays small. */
export const MOST_POINTS = 160;

export const startTrail = (): Trail => ({ points: [], stride: 1, since: 0 });

/** Adds a moment, or lets it pass; when the trail is full every second point goes. `keep` always adds it. */
export function leave(trail: Trail, point: () => TrailPoint, keep = false): Trail {
  const since = trail.since + 1;
  if (!keep && trail.points.length > 0 && since < trail.stride) return { ...trail, since };
  const points = [...trail.points, point()];
  if (points.length <= MOST_POINTS) return { points, stride: trail.stride, since: 0 };
  return { points: points.filter((_, index) => index % 2 === 0), stride: trail.stride * 2, since: 0 };
}
