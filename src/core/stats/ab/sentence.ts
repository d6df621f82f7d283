// What does whoever answers for the product need to know of an A/B test?
import { count } from "../figures.ts";
import { type Arms, rateOf } from "./arms.ts";
import { type FixedPlan, type Interval, liftOf, type Sample } from "./fixed.ts";
import type { AbPlan, AbReport } from "./judge.ts";
import { type Names, SPLIT_ALPHA } from "./users.ts";

/** The most decimals that a percentage is given. */
const MOST_DECIMALS = 6;

/** The decimals that leave the half of an interval, in points, one or two digits. */
function decimalsOf([low, high]: Interval): number {
  const half = 50 * (high - low);
  if (!(half > 0)) return 1;
  return Math.min(MOST_DECIMALS, Math.max(0, Math.ceil(0.5 - Math.log10(half))));
}

/** Rounded away from the inside of the interval; a bound that is not 0 is not written as 0. */
function outward(value: number, decimals: number, round: (value: number) => number): string {
  if (value === 0) return "0";
  for (let places = decimals; places <= MOST_DECIMALS; places++) {
    const scale = 10 ** places;
    const rounded = round(Number((100 * value * scale).toPrecision(12))) / scale;
    if (rounded !== 0) return signed(rounded.toFixed(places), rounded);
  }
  return "0";
}

function signed(text: string, value: number): string {
  return value > 0 ? `+${text}` : text.replace("-", "−");
}

/** A difference of rates: `+0.3 to +1.9 points`, rounded to the outside. */
export function differenceText(interval: Interval): string {
  const decimals = decimalsOf(interval);
  const low = outward(Math.max(-1, interval[0]), decimals, Math.floor);
  const high = outward(Math.min(1, interval[1]), decimals, Math.ceil);
  return `${low} to ${high} points`;
}

/** A p-value, rounded up: `p = 0.004`, `p < 0.0001`. */
export function pText(p: number): string {
  if (p < 0.0001) return "p < 0.0001";
  const decimals = p < 0.001 ? 4 : p < 0.1 ? 3 : 2;
  const scale = 10 ** decimals;
  return `p = ${Math.min(1, Math.ceil(Number((p * scale).toPrecision(12))) / scale).toFixed(decimals)}`;
}

/** A name at the start of a sentence. Only plain words are given a capital. */
function capital(name: string): string {
  return /^[a-z]+$/u.test(name) ? name.charAt(0).toUpperCase() + name.slice(1) : name;
}

const percentText = (rate: number, decimals: number): string => `${(100 * rate).toFixed(decimals)}%`;

/** `Green converts 11.2% against blue's 10.1%`. */
function ratesText(arms: Arms, names: Names, interval: Interval): string {
  const [control, treatment] = [rateOf(arms.control), rateOf(arms.treatment)];
  const decimals = decimalsOf(interval);
  const text = (rate: number | undefined): string => (rate === undefined ? "nothing" : percentText(rate, decimals));
  return `${capital(names.treatment)} converts ${text(treatment)} against ${names.control}'s ${text(control)}`;
}

/** `a lift of 1 point (10% to 11%)`. */
export function liftText(plan: Pick<FixedPlan, "baseline" | "lift">): string {
  const short = (value: number): number => Number((100 * value).toPrecision(3));
  const lift = liftOf(plan);
  const size = Math.abs(short(lift));
  const points = `${size} ${size === 1 ? "point" : "points"}`;
  return `a ${lift > 0 ? "lift" : "drop"} of ${points} (${short(plan.baseline)}% to ${short(plan.baseline + lift)}%)`;
}

/** Users per variant: `3 200 users per variant`, `3 200 users of green`, or both numbers. */
export function sampleText({ control, treatment }: Sample, names: Names, more = ""): string {
  const users = (value: number): string => `${count(value)} ${more}${value === 1 ? "user" : "users"}`;
  if (control === treatment) return `${users(control)} per variant`;
  if (control === 0) return `${users(treatment)} of ${names.treatment}`;
  if (treatment === 0) return `${users(control)} of ${names.control}`;
  return `${users(control)} of ${names.control} and ${count(treatment)} of ${names.treatment}`;
}

function splitSentence({ split, plan, total }: AbReport): string {
  const { control, treatment } = plan.names;
  const seen = `${control} was seen by ${count(total.control.users)} users, ${treatment} by ${count(total.treatment.users)}`;
  const asked = `${percentText(split.planned, 1)} to ${treatment} was planned`;
  return `The split is off: do not read the result. ${seen}; ${asked} (p < ${SPLIT_ALPHA}). Find out first where users were lost or doubled.`;
}

const takeOrKeep = (which: "control" | "treatment", { control, treatment }: Names): string =>
  which === "treatment" ? `Take ${treatment}.` : `Keep ${control}.`;

/** What an always-valid p-value that is small says to those who have planned a sample. */
function earlySentence({ always, plan }: AbReport): string {
  if (always.p > plan.alpha) return "";
  return ` The always-valid test shows a difference already (${pText(always.p)}); it may end this test only if it was chosen beforehand.`;
}

function fixedSentence(report: AbReport, sample: NonNullable<AbPlan["sample"]>): string {
  const { fixed, plan, decision } = report;
  const { names } = plan;
  if (fixed?.kind !== "open") {
    const missing = fixed ? sampleText(fixed.missing, names, "more ") : "more users";
    const one = missing.startsWith("1 more user ");
    return `Not decided: ${missing} ${one ? "is" : "are"} needed to see ${liftText(sample)}.${earlySentence(report)}`;
  }
  const rates = `${ratesText(fixed.arms, names, fixed.interval)} (difference ${differenceText(fixed.interval)})`;
  const found = `${rates}; ${pText(fixed.p)} at the planned sample.`;
  if (decision.kind === "better") return `${found} ${takeOrKeep(decision.which, names)}`;
  const power = Number((100 * sample.power).toPrecision(3));
  return `No difference is shown. ${found} ${liftText(sample).replace(/^a/u, "A")} would have been found in ${power}% of such tests.`;
}

function alwaysSentence({ always, plan, decision }: AbReport): string {
  const { names } = plan;
  const { sequence, counted } = always;
  if (sequence.kind === "no-users") return "Not decided: there are too few users for a first look.";
  if (sequence.kind === "changing") {
    return `The difference between ${names.control} and ${names.treatment} has changed during the test: no single figure describes it. Look at parts of the time.`;
  }
  const interval = [sequence.low, sequence.high] as const;
  const figures = `${ratesText(counted, names, interval)} (difference ${differenceText(interval)}); always-valid ${pText(always.p)}.`;
  if (decision.kind !== "better") return `Not decided. ${figures}`;
  const weakened = sequence.low <= 0 && sequence.high >= 0 ? " The evidence was stronger at an earlier look." : "";
  return `${figures}${weakened} ${takeOrKeep(decision.which, names)}`;
}

/** The answer in a few sentences, which say no more than the figures do. */
export function abSentence(report: AbReport): string {
  if (report.decision.kind === "split-off") return splitSentence(report);
  const { sample } = report.plan;
  return sample ? fixedSentence(report, sample) : alwaysSentence(report);
}
