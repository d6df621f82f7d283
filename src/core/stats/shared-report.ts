// What does every kind of metric say of itself in the same way?
import { baselineShare } from "./contrast.ts";
import { phiOf } from "./dispersion.ts";
import * as figures from "./figures.ts";
import { needsRequests } from "./needs.ts";
import type { Effect, Margin, MetricPlan, MetricVerdict } from "./plan.ts";
import type { Contrast, GoState, Tops } from "./state.ts";

/** Evidence that decides, as natural logarithms. */
export interface Limits {
  readonly bad: number;
  readonly good: number;
}

/** Where the evidence for `no-worse` stands: now, and at its strongest in this judgement. */
export interface Good extends Limits {
  readonly logGo: number;
  readonly goTop: number;
}

function effectOf(metric: MetricPlan): Effect {
  return "effect" in metric ? metric.effect : "rollBack";
}

/** Whether a metric alone explains that the rollout is taken back, or that it is held. */
function isBlamed(metric: MetricPlan, top: number, limits: Limits): boolean {
  return effectOf(metric) === "hold" ? top >= limits.bad : top + Math.log(metric.omega) >= limits.bad;
}

type Shared = Pick<
  MetricVerdict,
  "name" | "kind" | "effect" | "logBad" | "logGo" | "blamed" | "by" | "noWorse" | "mustShow" | "sinceMs"
>;

/** What is said of every metric. `no-worse` once shown stays, unless later evidence speaks against it. */
export function shared(metric: MetricPlan, state: Tops, at: Good): Shared {
  const blamed = isBlamed(metric, state.top, at);
  return {
    name: metric.name,
    kind: metric.kind,
    effect: effectOf(metric),
    logBad: state.top,
    logGo: at.logGo,
    blamed,
    by: blamed ? state.topBy : undefined,
    noWorse: at.goTop >= at.good && at.logGo >= 0,
    mustShow: true,
    ...(state.top > 1 ? { sinceMs: state.sinceMs } : {}),
  };
}

/** The shortest of the ways to show `no-worse`: canary requests, about. */
export function needOf(contrast: Contrast, go: GoState, at: Good & { margins: readonly Margin[] }): number | undefined {
  const needs = at.margins.flatMap((margin, index) => {
    const counts = go.tests[index]?.counts;
    if (counts === undefined) return [];
    const known = counts.canaryN > 0 ? counts : contrast.counts;
    const phi = phiOf(contrast.dispersion);
    const need = { margin, counts: known, baseline: baselineShare(contrast), phi, log: at.logGo, needed: at.good };
    return needsRequests(need) ?? [];
  });
  return needs.length > 0 ? Math.min(...needs) : undefined;
}

/** What is missing of a metric that compares counts, as part of a sentence. */
export function missingOf(
  said: Pick<MetricVerdict, "noWorse" | "canaryRequests" | "needsRequests">,
  what: string,
): string | undefined {
  if (said.noWorse) return undefined;
  if (said.canaryRequests === 0) return "has nothing to go by yet";
  if (said.needsRequests === undefined) return "is not within its margin so far";
  return `needs about ${figures.about(said.needsRequests)} more canary ${what}`;
}
