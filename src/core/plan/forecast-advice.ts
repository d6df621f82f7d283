// What should be changed in a rollout that could not show much?
import { BUCKETS_PER_OCTAVE } from "../histogram.ts";
import type { AnalysisPlan, MetricPlan } from "../stats/plan.ts";
import { bisect, requestsFor } from "../stats/power.ts";
import * as figures from "../stats/figures.ts";
import { shareOf } from "../split.ts";
import { duration, ms, WHOLE, weight } from "../units.ts";
import { type Caught, caughtUntil, POWER } from "./forecast-caught.ts";
import { normalErrors, type Traffic, type Watch, watchesOf } from "./forecast-chances.ts";
import { endOf, type Leg, segmentOf } from "./forecast-course.ts";
import { chanceOn, compares, type Judged, type Walk, walkThrough } from "./forecast-walk.ts";
import { percentText } from "./metric-text.ts";
import type { Step } from "./step.ts";

/** A step, as far as advice goes. */
interface Told {
  readonly step: number;
  readonly op: Step["op"];
  readonly caught: Caught;
  readonly judged?: Judged | undefined;
}

/** A version that fails so many times as often should be caught. */
const USEFUL = 10;

/** Where requests hardly ever fail, one that fails in two hundred is still what the margin allows. */
const LEAST = 0.005;

/** Below so many requests a second little can be shown in bearable time. */
const QUIET = 5;
const LOUD = 20;

/** What could be done about what the forecast says, with figures; nothing when all is well. */
export function adviceOf(
  walk: Walk,
  { steps, tail }: { steps: readonly Told[]; tail?: number | undefined },
): readonly string[] {
  return [...blindSteps(walk, steps), ...judgements(walk, steps), ...youngBaseline(walk, steps, tail)];
}

/** The share of failing requests that a rollout should catch. */
const useful = ({ traffic }: Walk): number => Math.min(1, Math.max(LEAST, USEFUL * normalErrors(traffic)));

const isBlind = (walk: Walk, { errors = Infinity }: Caught): boolean => errors > useful(walk);

function compareErrors(walk: Walk): boolean {
  return walk.watches.some(({ kind }) => kind === "errors");
}

const failing = ({ errors }: Caught): string =>
  errors === undefined
    ? "not even a version that always fails is sure to be caught"
    : `nothing below ${figures.share(errors)} failing requests is sure to be caught`;

/** The first step that shows nothing useful and, when it stays like that to the end, what would help. */
function blindSteps(walk: Walk, steps: readonly Told[]): readonly string[] {
  const [first, last] = [steps[0], steps.at(-1)];
  if (!compareErrors(walk) || first === undefined || last === undefined || !isBlind(walk, first.caught)) return [];
  if (!isBlind(walk, last.caught)) {
    if ((first.caught.errors ?? Infinity) < 2 * useful(walk)) return [];
    const seeing = steps.find(({ caught }) => !isBlind(walk, caught));
    return [`Until step ${seeing?.step ?? last.step}, ${failing(first.caught)}${longer(walk, first)}.`];
  }
  return [`In the whole rollout ${failing(last.caught)}${longer(walk, last)}.`, ...remedies(walk, last.caught)];
}

/** For how long a step would have to last to catch a version that fails ten times as often. */
function longer(walk: Walk, { step }: Told): string {
  const share = useful(walk);
  const leg = walk.legs.findLast((one) => one.step === step - 1 && compares(one));
  if (leg === undefined) return "";
  const { perSecond } = walk.traffic;
  const durations = walk.watches.flatMap((watch) => {
    const at = watch.kind === "errors" && segmentOf(leg, watch, { untilMs: Infinity, perSecond });
    if (watch.kind !== "errors" || !at) return [];
    return requestsFor(POWER, watch.failing(share), at) / ((perSecond * shareOf(leg.weights, "canary")) / WHOLE);
  });
  const seconds = Math.min(...durations);
  const at = percentText(Number((shareOf(leg.weights, "canary") / WHOLE).toPrecision(2)));
  if (!Number.isFinite(seconds)) return `; no time at ${at} would do`;
  return `; ${about(seconds * 1_000)} at ${at} would catch ${figures.share(share)}`;
}

/** A time for people: rounded up to two digits, more or less. */
function about(timeMs: number): string {
  const unit = timeMs < 60_000 ? 1_000 : timeMs < 3_600_000 ? 60_000 : 3_600_000;
  return duration(ms(Math.ceil(timeMs / unit) * unit));
}

function remedies(walk: Walk, now: Caught): readonly string[] {
  const { analysis } = walk.program;
  if (analysis === undefined) return [];
  const other = (change: (plan: AnalysisPlan) => AnalysisPlan): Walk => {
    return { ...walk, watches: watchesOf(change(analysis), walk.traffic).watches };
  };
  const lines: string[] = [];
  const say = (what: string, changed: Walk): void => {
    const { errors } = caughtUntil(changed, endOf(changed.legs), undefined);
    if (errors === undefined || errors > 0.9 * (now.errors ?? Infinity)) return;
    lines.push(`${what} would catch ${figures.share(errors)}.`);
  };
  const relaxed = 0.05;
  if (analysis.falseRollback < relaxed) {
    say(
      "falseRollback: 5%",
      other((plan) => ({ ...plan, falseRollback: relaxed })),
    );
  }
  const max = Math.min(0.5, Math.max(LEAST / 5, Number((5 * normalErrors(walk.traffic)).toPrecision(2))));
  const bound = (metric: MetricPlan): MetricPlan =>
    metric.kind === "errors" && metric.max === undefined ? { ...metric, max } : metric;
  say(
    `A fixed bound on errors (max: ${percentText(max)})`,
    other((plan) => ({ ...plan, metrics: plan.metrics.map(bound) })),
  );
  if (walk.traffic.perSecond < QUIET) {
    const louder = { ...walk.traffic, perSecond: LOUD };
    say(
      `Synthetic load of ${LOUD} requests a second`,
      walkThrough(walk.program, louder, watchesOf(analysis, louder).watches),
    );
  }
  return lines;
}

/** Judgements that a good version would seldom pass. */
function judgements(walk: Walk, steps: readonly Told[]): readonly string[] {
  return steps.flatMap(({ step, judged }) => {
    const program = walk.program.steps[step - 1];
    if (judged === undefined || judged.passes >= 0.5 || program?.op !== "judge") return [];
    const { atMostMs } = program;
    const few =
      judged.passes < 0.005 ? "hardly any good version" : `only ${Math.round(100 * judged.passes)}% of good versions`;
    const limit = atMostMs === undefined ? "" : ` within ${duration(atMostMs)}`;
    const why = judged.ninetyMs === undefined ? noTime(walk, step) : `90% can in ${about(judged.ninetyMs)}`;
    return [`Step ${step}: ${few} can be shown to be no worse${limit}: ${why}.${margins(walk, step, atMostMs)}`];
  });
}

/** Replicas that may differ hide a difference of versions, however many requests they answer. */
function noTime(walk: Walk, step: number): string {
  const size = walk.legs.find((leg) => leg.step === step - 1)?.sizes.canary ?? 1;
  return `with ${size} canary ${size === 1 ? "replica" : "replicas"} no time would do`;
}

/** Without a limit a judgement should be over in this time. */
const PATIENCE_MS = 30 * 60_000;

/** The margins that good versions would pass in time. */
function margins(walk: Walk, step: number, atMostMs = ms(PATIENCE_MS)): string {
  const leg = walk.legs.find((one) => one.step === step - 1);
  const { analysis } = walk.program;
  if (leg === undefined || analysis === undefined) return "";
  const within = { stretch: [{ ...leg, durationMs: atMostMs }], traffic: walk.traffic, analysis };
  const parts = walk.watches.flatMap((watch) => marginFor(watch, within) ?? []);
  return parts.length === 0 ? "" : ` With ${parts.join(" and ")}, 90% can in ${duration(atMostMs)}.`;
}

interface Within {
  readonly stretch: readonly Leg[];
  readonly traffic: Traffic;
  readonly analysis: AnalysisPlan;
}

function marginFor(watch: Watch, { stretch, traffic, analysis }: Within): string | undefined {
  const chance = (changed: MetricPlan): number => {
    const [other] = watchesOf({ ...analysis, metrics: [changed] }, traffic).watches;
    return other ? chanceOn(stretch, { ...other, chance: other.noWorse }, traffic.perSecond) : 0;
  };
  if (chance(watch.metric) >= POWER) return undefined;
  if (watch.kind === "errors") {
    const { metric } = watch;
    const passes = (delta: number): boolean => chance({ ...metric, go: { rho: 1, delta } }) >= POWER;
    const most = 0.5;
    if (!passes(most)) return undefined;
    return `a margin of ${percentText(roundedUp(bisect([metric.go.delta, most], passes, 1e-2)))} on ${watch.name}`;
  }
  const { metric } = watch;
  for (let buckets = 3; buckets <= 2 * BUCKETS_PER_OCTAVE; buckets++) {
    const factor = 2 ** (buckets / BUCKETS_PER_OCTAVE);
    if (factor > metric.goFactor && chance({ ...metric, goFactor: factor }) >= POWER) {
      return `a margin of ${Math.round(100 * (factor - 1))}% on ${watch.name}`;
    }
  }
  return undefined;
}

/** Two significant digits, upwards. */
function roundedUp(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / unit) * unit).toPrecision(2));
}

/** A baseline as small as the canary costs much of what latency could show. */
function youngBaseline(walk: Walk, steps: readonly Told[], tail: number | undefined): readonly string[] {
  const last = steps.at(-1);
  const young = walk.legs.some(({ weights }) => shareOf(weights, "baseline") > 0);
  if (!young || tail === undefined || last === undefined) return [];
  const legs = walk.legs.map((leg): Leg => {
    const canary = shareOf(leg.weights, "canary");
    return { ...leg, weights: { canary, stable: weight(WHOLE - canary) } };
  });
  const { everything } = caughtUntil({ ...walk, legs }, endOf(legs), tail);
  if (everything === undefined || everything - 1 > 0.8 * ((last.caught.everything ?? Infinity) - 1)) return [];
  const now = last.caught.everything === undefined ? "nothing" : times(last.caught.everything);
  return [
    `baseline: stable would compare latency with all of stable, and catch answers ${times(everything)} as slow instead of ${now}.`,
  ];
}

/** A factor for people: `1.4×`, `12×`. */
export function times(factor: number): string {
  return `${factor >= 9.95 ? Math.ceil(factor) : (Math.ceil(factor * 100) / 100).toFixed(factor < 2 ? 2 : 1)}×`;
}
