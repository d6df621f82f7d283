// Which shares of the requests were measured while the page looked on?
import type { ServiceView } from "../../api/contract.ts";

export interface MeasuredPoint {
  readonly atMs: number;
  /** The canary's share, 0…1. */
  readonly share: number;
}

/** Enough for an hour with a look every four seconds. */
const MOST = 900;

const kept = new Map<string, MeasuredPoint[]>();

const keyOf = ({ service, rollout }: Pick<ServiceView, "service" | "rollout">): string =>
  `${service}/${rollout?.number}`;

/** The controller keeps what was wanted; what was measured it tells of the last seconds only. */
export function remember(view: ServiceView): void {
  const share = view.measured?.shares.canary;
  if (!view.rollout || view.rollout.phase === "ended" || share === undefined) return;
  const points = kept.get(keyOf(view)) ?? [];
  kept.set(keyOf(view), [...points.slice(1 - MOST), { atMs: view.nowMs, share }]);
}

export const measuredOf = (view: ServiceView): readonly MeasuredPoint[] => kept.get(keyOf(view)) ?? [];
