// Which users saw which variant, and which of them converted?
import { normalCdf } from "../special.ts";
import { type Arm, type Arms, NO_ONE, NOBODY, together } from "./arms.ts";
import type { Sample } from "./fixed.ts";

/**
 * Something seen of a user. With a variant it is an exposure, and a conversion at once when `converted` says so; without
 * a variant it can only be a conversion.
 */
export interface Seen {
  readonly user: string;
  readonly variant?: string | undefined;
  readonly converted?: boolean | undefined;
  /** When, in milliseconds since the Unix epoch. */
  readonly atMs?: number | undefined;
}

/** One user, once: the variant of his first exposure, when that was, and whether he converted from then on. */
export interface Outcome {
  readonly user: string;
  readonly variant: string;
  readonly converted: boolean;
  readonly atMs?: number | undefined;
}

/** All users, in the order of their first exposure, and what was left out. */
export interface Folded {
  readonly outcomes: readonly Outcome[];
  /** Users who saw more than one variant: nobody can say which one they answered to. */
  readonly mixed: number;
  /** Conversions, not users, that came before the user's first exposure. */
  readonly early: number;
  /** Users of whom only conversions are known. */
  readonly unexposed: number;
}

/** By time, then by user, exposures first: equal times leave nothing to the order of the lines. */
function byTime(a: Seen, b: Seen): number {
  const time = (a.atMs ?? 0) - (b.atMs ?? 0);
  if (time !== 0) return time;
  if (a.user !== b.user) return a.user < b.user ? -1 : 1;
  return Number(a.variant === undefined) - Number(b.variant === undefined);
}

function exposed(seen: Seen, variant: string): Outcome {
  const outcome = { user: seen.user, variant, converted: converts(seen) };
  return seen.atMs === undefined ? outcome : { ...outcome, atMs: seen.atMs };
}

/** Whether it says that the user converted. */
function converts({ variant, converted }: Seen): boolean {
  return converted ?? variant === undefined;
}

/**
 * Folds events to one outcome per user. The first exposure decides; conversions before it do not count; repeated ones
 * count once; a user seen in two variants, at whatever time, is left out. Where every event has a time, the times decide
 * and the order of the events does not matter; otherwise the order given is the order of things.
 *
 * @throws RangeError for a time that is not finite.
 */
export function foldUsers(events: readonly Seen[]): Folded {
  const wrong = events.find(({ atMs }) => atMs !== undefined && !Number.isFinite(atMs));
  if (wrong) throw new RangeError(`user ${wrong.user}: not a time: ${wrong.atMs}`);
  const timed = events.every(({ atMs }) => atMs !== undefined);
  const users = new Map<string, Outcome>();
  const mixed = new Set<string>();
  const only = new Set<string>();
  let early = 0;
  for (const seen of timed ? events.toSorted(byTime) : events) {
    const known = users.get(seen.user);
    if (known !== undefined) {
      if (seen.variant !== undefined && seen.variant !== known.variant) mixed.add(seen.user);
      else if (converts(seen) && !known.converted) users.set(seen.user, { ...known, converted: true });
    } else if (seen.variant !== undefined) users.set(seen.user, exposed(seen, seen.variant));
    else if (converts(seen)) {
      only.add(seen.user);
      early++;
    }
  }
  return {
    outcomes: [...users.values()].filter(({ user }) => !mixed.has(user)),
    mixed: mixed.size,
    early,
    unexposed: [...only].filter((user) => !users.has(user)).length,
  };
}

/** Which variant is which. */
export interface Names {
  readonly control: string;
  readonly treatment: string;
}

function plus(arm: Arm, converted: boolean): Arm {
  return { users: arm.users + 1, converted: arm.converted + Number(converted) };
}

function withOutcome(arms: Arms, { variant, converted }: Outcome, names: Names): Arms {
  if (variant === names.control) return { ...arms, control: plus(arms.control, converted) };
  if (variant === names.treatment) return { ...arms, treatment: plus(arms.treatment, converted) };
  return arms;
}

/** Totals of both variants; users of other variants do not count. */
export function armsOf(outcomes: readonly Outcome[], names: Names): Arms {
  return outcomes.reduce((arms, outcome) => withOutcome(arms, outcome, names), NO_ONE);
}

/** The first users of each variant, as many as planned: what a fixed test looks at, however many come later. */
export function firstOf(outcomes: readonly Outcome[], names: Names, sample: Sample): Arms {
  let arms = NO_ONE;
  for (const outcome of outcomes) {
    const next = withOutcome(arms, outcome, names);
    if (next.control.users <= sample.control && next.treatment.users <= sample.treatment) arms = next;
  }
  return arms;
}

/** Users of the first look, and the part of all earlier ones that each later look brings. */
const FIRST_LOOK = 20;
const LOOK = 0.01;

/** How many users the next look brings after so many: 20, later 1 % of those before. */
export function lookSize(before: number): number {
  return Math.max(FIRST_LOOK, Math.ceil(LOOK * before));
}

/** What a series of looks is made of. */
export interface Looks {
  readonly batches: readonly Arms[];
  /** The newest users, too few for a look of their own. */
  readonly rest: Arms;
}

/**
 * The users in portions of 20, later of 1 % of those before, in the order of their exposure. The bounds depend on the
 * number of users alone, so that a test read again with more users has the same earlier looks.
 */
export function looksOf(outcomes: readonly Outcome[], names: Names): Looks {
  const batches: Arms[] = [];
  let [before, size] = [0, lookSize(0)];
  let batch = NO_ONE;
  for (const outcome of outcomes) {
    batch = withOutcome(batch, outcome, names);
    if (batch.control.users + batch.treatment.users < size) continue;
    batches.push(batch);
    before += size;
    size = lookSize(before);
    batch = NO_ONE;
  }
  return { batches, rest: batch };
}

/** Whether users were shared out as planned. */
export interface SplitCheck {
  /** The treatment's share of the users, and what was planned. */
  readonly share: number;
  readonly planned: number;
  /** `undefined` while fewer than 5 users of a variant are to be expected. */
  readonly p: number | undefined;
  /** The shares are off: do not read the result. */
  readonly off: boolean;
}

/** A split at least this unlikely is not one of chance. */
export const SPLIT_ALPHA = 0.001;

/** Fewer expected users than this leave the chi-square approximation without ground. */
const FEWEST_EXPECTED = 5;

/**
 * The check of the sample ratio: chi-square with one degree of freedom against the planned share `split` of the
 * treatment, at 0.001 (Fabijan and others, KDD 2019). Users who were lost or doubled on one side only make any
 * comparison of the rest worthless.
 *
 * @throws RangeError for a split not between 0 and 1.
 */
export function checkSplit({ control, treatment }: Arms, split: number): SplitCheck {
  if (!(split > 0 && split < 1)) throw new RangeError(`split must be between 0 and 1, not ${split}`);
  const users = control.users + treatment.users;
  const share = users > 0 ? treatment.users / users : split;
  if (users * Math.min(split, 1 - split) < FEWEST_EXPECTED) return { share, planned: split, p: undefined, off: false };
  const distance = Math.abs(treatment.users - users * split) / Math.sqrt(users * split * (1 - split));
  const p = Math.min(1, 2 * normalCdf(-distance));
  return { share, planned: split, p, off: p < SPLIT_ALPHA };
}

/** Fewer conversions than this make no pattern. */
const FEWEST_CONVERSIONS = 20;

/**
 * Whether the users stand in an order that knows their outcomes: fewer than half as many runs of equal outcomes, variant
 * by variant, as chance would make (Wald, Wolfowitz 1940: 1 + 2 n₁n₀/n expected). Looks at such a series mean nothing.
 */
export function sortedByOutcome(outcomes: readonly Outcome[], names: Names): boolean {
  return [names.control, names.treatment].some((name) => {
    const own = outcomes.filter(({ variant }) => variant === name);
    const { users, converted } = own.reduce((arm, outcome) => plus(arm, outcome.converted), NOBODY);
    if (Math.min(converted, users - converted) < FEWEST_CONVERSIONS) return false;
    const runs = own.filter((outcome, i) => i === 0 || own[i - 1]?.converted !== outcome.converted).length;
    return runs < (1 + (2 * converted * (users - converted)) / users) / 2;
  });
}

/** Totals of several batches. */
export function totalOf(batches: readonly Arms[]): Arms {
  return batches.reduce(together, NO_ONE);
}
