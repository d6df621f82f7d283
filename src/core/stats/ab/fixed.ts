// Is there a difference between two variants at the sample that was planned?
import { normalCdf, normalQuantile } from "../special.ts";
import { type Arm, type Arms, checkArms } from "./arms.ts";

/** The smallest difference worth finding: a part of the baseline rate, or a difference of rates. Negative for a drop. */
export interface Lift {
  readonly kind: "relative" | "absolute";
  readonly value: number;
}

/** What is fixed before the test begins. Shares between 0 and 1. */
export interface FixedPlan {
  /** The control's conversion rate, as known beforehand. */
  readonly baseline: number;
  readonly lift: Lift;
  /** How often a difference may be found where there is none. */
  readonly alpha: number;
  /** How often the lift shall be found when it is there. */
  readonly power: number;
  /** The treatment's share of the users. */
  readonly split: number;
}

/** Users per variant. */
export interface Sample {
  readonly control: number;
  readonly treatment: number;
}

/** The lift as a difference of rates. */
export function liftOf({ baseline, lift }: Pick<FixedPlan, "baseline" | "lift">): number {
  return lift.kind === "relative" ? baseline * lift.value : lift.value;
}

/** Refuses a plan that cannot be: a RangeError says which figure, and what would be right. */
function checkPlan(plan: FixedPlan): void {
  for (const name of ["baseline", "alpha", "power", "split"] as const) {
    const value = plan[name];
    if (!(value > 0 && value < 1)) throw new RangeError(`${name} must be between 0 and 1, not ${value}`);
  }
  const lifted = plan.baseline + liftOf(plan);
  if (!(lifted > 0 && lifted < 1)) throw new RangeError(`the lifted rate must be between 0 and 1, not ${lifted}`);
  if (lifted === plan.baseline) throw new RangeError("a lift of 0 cannot be found by any sample");
}

/**
 * The users needed for a two-sided test of two proportions: with shares k of the arms and p̄ = k₁p₁ + k₂p₂,
 * N = (z_{1−α/2} √(p̄q̄ (1/k₁ + 1/k₂)) + z_{power} √(p₁q₁/k₁ + p₂q₂/k₂))² / Δ² (Fleiss, Levin, Paik, Statistical Methods
 * for Rates and Proportions, 2003, ch. 4, without continuity correction). With equal shares that is, per arm,
 * (z_{1−α/2} √(2p̄q̄) + z_{power} √(p₁q₁ + p₂q₂))² / Δ². A normal approximation, good from some ten conversions and as
 * many others per arm on.
 *
 * @throws RangeError for a plan that cannot be.
 */
export function plannedSample(plan: FixedPlan): Sample {
  checkPlan(plan);
  const { baseline, split } = plan;
  const delta = liftOf(plan);
  const lifted = baseline + delta;
  const mean = (1 - split) * baseline + split * lifted;
  const equal = Math.sqrt(mean * (1 - mean) * (1 / (1 - split) + 1 / split));
  const different = Math.sqrt((baseline * (1 - baseline)) / (1 - split) + (lifted * (1 - lifted)) / split);
  const root = (normalQuantile(1 - plan.alpha / 2) * equal + normalQuantile(plan.power) * different) / delta;
  const users = root * root;
  if (!(users < Number.MAX_SAFE_INTEGER)) throw new RangeError("the lift is too small for any number of users");
  return { control: Math.max(1, Math.ceil((1 - split) * users)), treatment: Math.max(1, Math.ceil(split * users)) };
}

/** How far apart the rates are: in standard errors, and how often equal rates would be as far apart or farther. */
export interface ZTest {
  readonly z: number;
  readonly p: number;
}

/**
 * The pooled two-proportion z-test, two-sided; z > 0 when the treatment converts better. When nobody or everybody
 * converted there is no difference: z = 0, p = 1. A normal approximation, and valid at one look only, which was fixed
 * before the test began.
 *
 * @throws RangeError for counts that cannot be, or an arm without users.
 */
export function zTest(arms: Arms): ZTest {
  checkArms(arms);
  const { control, treatment } = arms;
  if (control.users === 0 || treatment.users === 0) throw new RangeError("a test needs users in both arms");
  const pooled = (control.converted + treatment.converted) / (control.users + treatment.users);
  if (pooled === 0 || pooled === 1) return { z: 0, p: 1 };
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / control.users + 1 / treatment.users));
  const z = (treatment.converted / treatment.users - control.converted / control.users) / error;
  return { z, p: Math.min(1, 2 * normalCdf(-Math.abs(z))) };
}

/** From and to. */
export type Interval = readonly [low: number, high: number];

/** Wilson's score interval of one rate (Wilson, JASA 22, 1927). */
function wilson({ users, converted }: Arm, z: number): Interval {
  const rate = converted / users;
  const square = (z * z) / users;
  const middle = (rate + square / 2) / (1 + square);
  const half = (z / (1 + square)) * Math.sqrt((rate * (1 - rate)) / users + square / (4 * users));
  return [converted === 0 ? 0 : middle - half, converted === users ? 1 : middle + half];
}

/**
 * The interval of `treatment − control` at confidence 1 − alpha, for one look: Newcombe's hybrid of two Wilson intervals
 * (Newcombe, Statistics in Medicine 17, 1998, method 10). Always within [−1, 1].
 *
 * @throws RangeError for counts that cannot be, an arm without users, or an alpha not between 0 and 1.
 */
export function newcombe(arms: Arms, alpha: number): Interval {
  checkArms(arms);
  const { control, treatment } = arms;
  if (control.users === 0 || treatment.users === 0) throw new RangeError("an interval needs users in both arms");
  if (!(alpha > 0 && alpha < 1)) throw new RangeError(`alpha must be between 0 and 1, not ${alpha}`);
  const z = -normalQuantile(alpha / 2);
  const [a, b] = [control.converted / control.users, treatment.converted / treatment.users];
  const [aLow, aHigh] = wilson(control, z);
  const [bLow, bHigh] = wilson(treatment, z);
  return [b - a - Math.hypot(b - bLow, aHigh - a), b - a + Math.hypot(bHigh - b, a - aLow)];
}

/** The fixed test: before the planned sample nothing but what is missing. */
export type Fixed =
  | { readonly kind: "locked"; readonly sample: Sample; readonly missing: Sample }
  | ({ readonly kind: "open"; readonly sample: Sample; readonly interval: Interval; readonly arms: Arms } & ZTest);

/**
 * The fixed test of the users in `arms`: locked until both arms have what was planned, for a p-value that is looked at
 * again and again is none. For the same reason `arms` should hold the first users up to the planned sample and no later
 * ones (`firstOf` in users.ts): then the answer, once there, does not change any more.
 *
 * @throws RangeError for a plan or counts that cannot be.
 */
export function judgeFixed(plan: FixedPlan, arms: Arms): Fixed {
  checkArms(arms);
  const sample = plannedSample(plan);
  const missing = {
    control: Math.max(0, sample.control - arms.control.users),
    treatment: Math.max(0, sample.treatment - arms.treatment.users),
  };
  if (missing.control > 0 || missing.treatment > 0) return { kind: "locked", sample, missing };
  return { kind: "open", sample, arms, ...zTest(arms), interval: newcombe(arms, plan.alpha) };
}
