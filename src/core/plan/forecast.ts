// What will a rollout be able to show, how long will it take, and what does a bad version cost?
import { REACTION_MS } from "../engine/ramp.ts";
import { shareOf } from "../split.ts";
import { bisect } from "../stats/power.ts";
import { WHOLE, type Weight } from "../units.ts";
import { adviceOf } from "./forecast-advice.ts";
import { normalErrors, type Traffic, type Unforecast, type Watch, watchesOf } from "./forecast-chances.ts";
import { endOf, type Leg, requestsBetween } from "./forecast-course.ts";
import { type Caught, caughtUntil, chanceUntil, POWER } from "./forecast-caught.ts";
import { compares, type Judged, type Walk, walkThrough } from "./forecast-walk.ts";
import { triesOf, type Program, type Step } from "./step.ts";

export type { Traffic } from "./forecast-chances.ts";

/** A step during which requests go to the canary and are compared. */
export interface StepForecast {
  /** Its number, from 1 on. */
  readonly step: number;
  readonly op: Step["op"];
  /** The canary's share at its end. */
  readonly share: Weight;
  /** Of a good version, in milliseconds; for a judgement the time in which half of them pass. */
  readonly fromMs: number;
  readonly durationMs: number;
  readonly canaryRequests: number;
  readonly caught: Caught;
  readonly judged?: Judged | undefined;
}

/** When something has happened: since the first request to the canary. */
export interface Moment {
  readonly ms: number;
  readonly canaryRequests: number;
}

/** What becomes of a version that fails more often. */
export interface Bad {
  /** So many times as often as stable; `undefined` where the share says more. */
  readonly times?: number | undefined;
  /** The share of its requests that fail. */
  readonly errors: number;
  /** The chance that it is taken back before it gets all of the traffic. */
  readonly caught: number;
  /** When half, and 90 %, of such versions are caught; `undefined` when so many aren't. */
  readonly half?: Moment | undefined;
  readonly ninety?: Moment | undefined;
  /** Requests of users that fail on top of the normal ones until it is off, or has all of the traffic: expected. */
  readonly failed: number;
}

export interface Forecast {
  readonly traffic: Traffic;
  readonly steps: readonly StepForecast[];
  /** The part of the answers that `slowest` speaks of; `undefined` when no latency is forecast. */
  readonly tail?: number | undefined;
  /** Empty when no errors are compared. */
  readonly bad: readonly Bad[];
  /** A good version: steps that wait, judgements as long as half of the versions need, not the starts of replicas. */
  readonly durationMs: number;
  readonly starts: number;
  /** The step, from 1 on, at which half of the good versions would wait for ever: a judgement without a longest time. */
  readonly endless?: number | undefined;
  /** The chance that a version as good as stable is rolled back is at most this. */
  readonly falseRollback?: number | undefined;
  readonly unforecast: readonly Unforecast[];
  readonly advice: readonly string[];
}

const TIMES = [2, 5, 10];

/** Where requests fail more seldom than this, twice as often is no trouble: then these shares are looked at. */
const SELDOM = 1e-4;
const RATES = [0.001, 0.01, 0.1];

/** The tail that moves a quantile when it is slowed: five times what lies beyond it, 5 % for the 99th percentile. */
const TAIL = 5;

/** A rollout's forecast for a version as good as stable, and for bad ones. Pure. Throws a RangeError for impossible traffic. */
export function forecast(program: Program, traffic: Traffic): Forecast {
  check(traffic);
  const { analysis } = program;
  const { watches, unforecast } = analysis ? watchesOf(analysis, traffic) : { watches: [], unforecast: [] };
  const walk = walkThrough(program, traffic, watches);
  const tail = tailOf(watches);
  const steps = stepsOf(walk, tail);
  const said = {
    traffic,
    steps,
    tail,
    bad: badOf(walk),
    durationMs: endOf(walk.legs),
    endless: endlessAt(walk),
    starts: program.steps.filter(({ op, ...step }) => op === "scale" && !("role" in step && step.role === "stable"))
      .length,
    falseRollback:
      analysis && !analysis.kayenta ? Number((analysis.falseRollback * triesOf(program)).toPrecision(6)) : undefined,
    unforecast: [
      ...(analysis?.kayenta ? [{ name: "Kayenta's judge", why: "it states no error rate" }] : unforecast),
      ...copiesOf(program),
    ],
  };
  return { ...said, advice: adviceOf(walk, said) };
}

/** Copies cost no user anything, so that what they find is left out of what a bad version costs. */
function copiesOf({ steps }: Program): readonly Unforecast[] {
  const isCopied = steps.some((step) => step.op === "route" && step.mirror);
  const why = "they can find a bad version before any user has it, at a canary's pace for the share that is copied";
  return isCopied ? [{ name: "copies", why }] : [];
}

function check({ perSecond, errors, latency, phi = 1, tau = 0 }: Traffic): void {
  const need = (holds: boolean, what: string): void => {
    if (!holds) throw new RangeError(what);
  };
  need(perSecond > 0 && Number.isFinite(perSecond), `requests per second must be above 0, not ${perSecond}`);
  need(errors >= 0 && errors < 1, `the normal share of errors must be from 0 to below 1, not ${errors}`);
  need(phi >= 1 && Number.isFinite(phi), `phi must be at least 1, not ${phi}`);
  need(tau >= 0 && Number.isFinite(tau), `tau must be at least 0, not ${tau}`);
  if (latency === undefined || !("p50Ms" in latency)) return;
  const { p50Ms, p99Ms } = latency;
  need(p50Ms > 0 && p99Ms > p50Ms && Number.isFinite(p99Ms), `p99 must be above p50, not ${p99Ms} against ${p50Ms}`);
}

function tailOf(watches: readonly Watch[]): number | undefined {
  const quantiles = watches.flatMap((watch) => (watch.kind === "latency" ? [watch.metric.quantile] : []));
  const [first] = quantiles;
  return first === undefined ? undefined : Math.min(0.5, Number((TAIL * (1 - first)).toFixed(6)));
}

function endlessAt({ judged, program }: Walk): number | undefined {
  const index = program.steps.findIndex((step, at) => {
    return step.op === "judge" && step.atMostMs === undefined && judged.has(at) && judged.get(at)?.halfMs === undefined;
  });
  return index < 0 ? undefined : index + 1;
}

function stepsOf(walk: Walk, tail: number | undefined): readonly StepForecast[] {
  const numbers = [...new Set(walk.legs.filter(compares).map(({ step }) => step))];
  return numbers.flatMap((index) => {
    const legs = walk.legs.filter((leg) => leg.step === index);
    const [first, last] = [legs[0], legs.at(-1)];
    const step = walk.program.steps[index];
    if (first === undefined || last === undefined || step === undefined) return [];
    const untilMs = endOf(legs);
    return [
      {
        step: index + 1,
        op: step.op,
        share: step.op === "ramp" ? step.to : shareOf(last.weights, "canary"),
        fromMs: first.fromMs,
        durationMs: untilMs - first.fromMs,
        canaryRequests: requestsBetween(legs, [first.fromMs, untilMs], walk.traffic.perSecond),
        caught: caughtUntil(walk, untilMs, tail),
        judged: walk.judged.get(index),
      },
    ];
  });
}

function badOf(walk: Walk): readonly Bad[] {
  if (!walk.watches.some(({ kind }) => kind === "errors") || !walk.legs.some(compares)) return [];
  const normal = normalErrors(walk.traffic);
  const times = TIMES.filter((factor) => factor * normal < 1);
  const some =
    normal < SELDOM
      ? RATES.map((rate) => fateOf(walk, rate))
      : times.map((factor) => fateOf(walk, factor * normal, factor));
  return [...some, fateOf(walk, 1)];
}

/** Points at which a leg's chances are looked at. */
const POINTS = 24;

function fateOf(walk: Walk, errors: number, times?: number): Bad {
  const { traffic } = walk;
  const legs = walk.legs.filter(compares);
  const end = endOf(legs);
  const chance = (ms: number): number => chanceUntil(walk, ms, { errors });
  const caught = chance(end);
  const moment = (power: number): Moment | undefined => {
    if (caught < power) return undefined;
    const ms = bisect([0, end], (at) => chance(at) >= power, 1e-3);
    return { ms, canaryRequests: requestsBetween(legs, [0, ms], traffic.perSecond) };
  };
  const half = moment(0.5);
  const { requests, reaction } = untilOff(legs, { chance, perSecond: traffic.perSecond });
  const excess = Math.max(0, errors - traffic.errors);
  return { times, errors, caught, half, ninety: moment(POWER), failed: excess * (requests + reaction) };
}

/**
 * Expected requests that a version answers while it is compared: until it is found out (the integral of the chance that it
 * isn't yet), and then until it is off.
 */
function untilOff(legs: readonly Leg[], of: { chance: (ms: number) => number; perSecond: number }) {
  let [requests, reaction, before] = [0, 0, 0];
  for (const leg of legs) {
    const perMs = (of.perSecond / 1_000) * (shareOf(leg.weights, "canary") / WHOLE);
    let ms = 0;
    for (const fraction of FRACTIONS) {
      const next = leg.durationMs * fraction;
      const now = Math.max(before, of.chance(leg.fromMs + next));
      requests += (next - ms) * perMs * (1 - (before + now) / 2);
      reaction += (now - before) * REACTION_MS * perMs;
      [ms, before] = [next, now];
    }
  }
  return { requests, reaction };
}

/** Denser at the beginning, where a version that fails often is found. */
const FRACTIONS: readonly number[] = Array.from({ length: POINTS }, (_, point) => 2 ** ((point + 1 - POINTS) / 1.5));
