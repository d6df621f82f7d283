// When does a good version get how much of the traffic?
import { REACTION_MS, shareWithin } from "../engine/ramp.ts";
import { all, shareOf, type Weights } from "../split.ts";
import { bisect } from "../stats/power.ts";
import { NOTHING, WHOLE, weight, type Weight } from "../units.ts";
import { canaryWeights } from "./canary.ts";
import { sizeFor } from "./capacity.ts";
import { type Chance, normalErrors, type Traffic, type Watch } from "./forecast-chances.ts";
import { type Cohort, type Compared, courseUntil, endOf, type Leg, LOOK_MS, type Sizes } from "./forecast-course.ts";
import { byStep, type Program, type Step, type StepTable } from "./step.ts";

/** How long a judgement of a good version takes, and whether it can end in time. */
export interface Judged {
  /** When half of the good versions have passed, and nine in ten; `undefined` if so many never do. Milliseconds. */
  readonly halfMs: number | undefined;
  readonly ninetyMs: number | undefined;
  /** The share of good versions that pass by the longest time; of all time when there is none. */
  readonly passes: number;
}

/** A rollout on its way. */
export interface Walk {
  readonly program: Program;
  readonly traffic: Traffic;
  readonly watches: readonly Watch[];
  readonly weights: Weights;
  readonly sizes: Sizes;
  readonly cohorts: readonly Cohort[];
  readonly legs: readonly Leg[];
  /** By step. */
  readonly judged: ReadonlyMap<number, Judged>;
  /** Nothing more is compared: stable is gone, or a judgement never ends. */
  readonly over: boolean;
}

/** Beyond this a judgement without a limit is said never to end. */
export const LONGEST_MS = 7 * 86_400_000;

/** A canary becomes stable once it has stayed ready for so long. */
const SETTLE_MS = 5_000;

const PRECISION = 1e-3;

/** Stays at the present split for a while. */
function stay(walk: Walk, step: number, durationMs: number): Walk {
  const { weights, sizes, cohorts, legs } = walk;
  if (!(durationMs > 0) || walk.over) return walk;
  return { ...walk, legs: [...legs, { step, fromMs: endOf(legs), durationMs, weights, sizes, cohorts }] };
}

/** A pool of another size. What joins the canary is young; the time that starting takes is not known, and left out. */
function resize(walk: Walk, role: keyof Sizes, size: number): Walk {
  const sizes = { ...walk.sizes, [role]: size };
  const more = size - walk.sizes[role];
  if (role !== "canary" || more <= 0) return { ...walk, sizes };
  return { ...walk, sizes, cohorts: [...walk.cohorts, { atMs: endOf(walk.legs), size: more }] };
}

/** The time after which a chance of the present split is at least `power`; `undefined` if that takes over a week. */
function timeFor(
  walk: Walk,
  { power, from, of }: { power: number; from: readonly Leg[]; of: Passing },
): number | undefined {
  const start = endOf(walk.legs);
  const enough = (ms: number): boolean => of(stay({ ...walk, legs: [] }, 0, ms).legs.map(later(start)), from) >= power;
  return enough(LONGEST_MS) ? bisect([0, LONGEST_MS], enough, PRECISION) : undefined;
}

const later =
  (byMs: number) =>
  (leg: Leg): Leg => ({ ...leg, fromMs: leg.fromMs + byMs });

/** The chance of something by the end of a stretch, given what was before. */
type Passing = (stretch: readonly Leg[], before: readonly Leg[]) => number;

/** The chance of something that a metric has at the end of these legs. */
export function chanceOn(legs: readonly Leg[], of: Compared & { chance: Chance }, perSecond: number): number {
  return of.chance(courseUntil(legs, of, { untilMs: Infinity, perSecond }));
}

/** All metrics have to be shown no worse, in this judgement alone. */
const passing =
  ({ watches, traffic }: Walk): Passing =>
  (stretch) =>
    watches.reduce(
      (product, watch) => product * chanceOn(stretch, { ...watch, chance: watch.noWorse }, traffic.perSecond),
      1,
    );

function judgedAt(walk: Walk, atMostMs: number | undefined): Judged {
  const of = passing(walk);
  const from = walk.legs;
  const stretch = stay({ ...walk, legs: [] }, 0, atMostMs ?? LONGEST_MS).legs.map(later(endOf(walk.legs)));
  return {
    halfMs: timeFor(walk, { power: 0.5, from, of }),
    ninetyMs: timeFor(walk, { power: 0.9, from, of }),
    passes: of(stretch, from),
  };
}

/** A share that costs `harm` failures is taken once what it allows is shown: more failures than `limit` are ruled out. */
function rise(walk: Walk, index: number, step: Extract<Step, { op: "ramp" }>): Walk {
  const { perSecond } = walk.traffic;
  const shareAt = (limit: number): Weight =>
    weight(
      Math.min(step.to, Math.max(1, Math.floor(Math.min(1, shareWithin(step.harm, { perSecond, limit })) * WHOLE))),
    );
  const taken = (from: Walk, share: Weight): Walk => {
    const size = Math.max(from.sizes.canary, sizeFor(share, from.program.fullSize));
    const grown = resize({ ...from, weights: canaryWeights(share, step.baseline) }, "canary", size);
    return step.baseline ? resize(grown, "baseline", size) : grown;
  };
  const begun = walk.legs.length;
  let at = taken(walk, shareAt(1));
  while (shareOf(at.weights, "canary") < step.to) {
    const share = Math.min(step.to, Math.ceil(shareOf(at.weights, "canary") * RISE));
    const limit = step.harm / (perSecond * (REACTION_MS / 1_000) * (share / WHOLE));
    const ms = timeFor(at, { power: 0.5, from: at.legs.slice(begun), of: ruledOut(at, limit) });
    if (ms === undefined) return stay(at, index, LONGEST_MS);
    at = taken(stay(at, index, Math.max(ms, LEAST_MS)), weight(share));
  }
  return at;
}

/** A look, a decision, the router's answer: no share is held for less. */
const LEAST_MS = 2 * LOOK_MS;

/** Shares are followed in steps of a half: the engine takes finer ones. */
const RISE = 1.5;

/** That a difference of failures is at least `limit` is tested at 5 %. */
const RULED_OUT = Math.log(20);

function ruledOut({ watches, traffic }: Walk, limit: number): Passing {
  const errors = watches.find((watch) => watch.kind === "errors");
  const baseline = normalErrors(traffic);
  return (stretch, before) => {
    if (errors?.kind !== "errors" || limit >= 1) return 1;
    const chance = errors.within({ rho: 1, delta: Math.min(limit, 1 - baseline - 1e-6) }, RULED_OUT);
    return chanceOn([...before, ...stretch], { ...errors, chance }, traffic.perSecond);
  };
}

type Move = (walk: Walk, index: number) => Walk;

const MOVES: StepTable<Move> = {
  scale:
    ({ role, size }) =>
    (walk) =>
      resize(walk, role, size),
  route:
    ({ weights }) =>
    (walk) => ({ ...walk, weights }),
  hold:
    ({ durationMs }) =>
    (walk, index) =>
      stay(walk, index, durationMs),
  judge:
    ({ atLeastMs, atMostMs }) =>
    (walk, index) => {
      const judged = judgedAt(walk, atMostMs);
      const least = Math.max(atLeastMs, judged.halfMs ?? atMostMs ?? LONGEST_MS);
      const stayed = stay(walk, index, Math.min(least, atMostMs ?? LONGEST_MS));
      const endless = atMostMs === undefined && judged.halfMs === undefined;
      return { ...stayed, judged: new Map([...walk.judged, [index, judged]]), over: walk.over || endless };
    },
  ramp: (step) => (walk, index) => rise(walk, index, step),
  gate: () => (walk) => walk,
  run: () => (walk) => walk,
  compare: () => (walk) => walk,
  test:
    ({ atMostMs }) =>
    (walk, index) =>
      stay(walk, index, atMostMs),
  conclude: () => (walk) => ({ ...walk, over: true }),
  promote: () => (walk, index) => ({ ...stay(walk, index, SETTLE_MS), over: true }),
  retire:
    ({ role }) =>
    (walk) =>
      resize({ ...walk, over: walk.over || role === "stable" }, role, 0),
};

/** Follows a good version through its program. */
export function walkThrough(program: Program, traffic: Traffic, watches: readonly Watch[]): Walk {
  const start: Walk = {
    program,
    traffic,
    watches,
    weights: all("stable"),
    sizes: {
      stable: traffic.replicas ?? program.fullSize,
      canary: 0,
      "canary-2": 0,
      "canary-3": 0,
      "canary-4": 0,
      baseline: 0,
    },
    cohorts: [],
    legs: [],
    judged: new Map(),
    over: false,
  };
  return program.steps.reduce((walk, step, index) => byStep(MOVES, step)(walk, index), start);
}

/** Whether a leg sends requests to both versions. */
export function compares({ weights }: Leg): boolean {
  const share = shareOf(weights, "canary");
  return share > NOTHING && share < WHOLE;
}
