// How does a rollout file ask for an A/B test?
import * as z from "zod";
import { answeredBy } from "../exposition/names.ts";
import { readSelector } from "../exposition/selector.ts";
import { messageOf } from "../issues.ts";
import type { Condition } from "../match.ts";
import type { AfterTest } from "../plan/step.ts";
import { type Lift, plannedSample } from "../stats/ab/fixed.ts";
import type { AbPlan } from "../stats/ab/judge.ts";
import { readLift } from "../stats/ab/options.ts";
import type { Names } from "../stats/ab/users.ts";
import { WHOLE, duration, ms, type Ms, type Weight } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { MatchListSchema } from "./matches.ts";
import { bad, good, shown, written, type Format } from "./reading.ts";
import { exactlyOne, rule, type Report } from "./rule.ts";
import { fractionFormat, WEIGHT } from "./weights.ts";

/** Requests of which all conditions of any entry hold. */
type MatchList = readonly (readonly Condition[])[];

/** Where is told which users there were, and which of them converted. */
export type Conversions =
  /** Events that are posted to Serin. A user counts when `withinMs` has passed since the variant was first seen. */
  | { readonly kind: "events"; readonly goal: string; readonly withinMs: Ms }
  /** Counters on the replicas' own metrics page, by selector. */
  | { readonly kind: "metric"; readonly users: string; readonly converted: string };

/** An A/B test, as the file asks for it. */
export interface AbTestSpec {
  readonly kind: "abTest";
  /** Control is stable, treatment the new revision. */
  readonly names: Names;
  /** The treatment's share of the users. With rules it is what they are expected to give. */
  readonly share: Weight;
  /** Who gets which variant; without rules the share decides, by user. */
  readonly matches?: { readonly control: MatchList; readonly treatment: MatchList } | undefined;
  readonly conversions: Conversions;
  /** With a planned sample the fixed test decides, without one the always-valid test. */
  readonly sample?: { readonly baseline: number; readonly lift: Lift; readonly power: number } | undefined;
  readonly alpha: number;
  readonly atMostMs: Ms;
  /** What becomes of a treatment that wins. */
  readonly winner: AfterTest;
}

const LIFT: Format<Lift> = {
  read: (input) => {
    const lift = typeof input === "string" ? readLift(input) : undefined;
    return lift ? good(lift) : bad(input, "a lift is 10% of the baseline, or 1pt of the whole");
  },
  pattern: String.raw`^[+-]?\d*\.?\d+\s*(?:%|pt|pp|points?)$`,
  examples: ["20%", "1pt"],
};

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u;

const named = (description: string) =>
  z
    .string()
    .regex(NAME, {
      error: ({ input }) => `found ${shown(input)}, a name here is 1 to 64 letters, digits, spaces and -_.`,
    })
    .describe(description);

const Counter = z.string().superRefine((text, context) => {
  const fail = (why: string): void =>
    context.addIssue({ code: "custom", message: `found ${shown(text)}, ${why}`, params: { code: "wrong-value" } });
  if (answeredBy(text) === "process") return fail("a counter of the service's own metrics page must be here");
  const read = readSelector(text);
  if (!read.ok) fail(read.why);
});

const Metric = z.strictObject({
  users: Counter.describe('Users who saw the variant, a counter such as visits_total{page="product"}.'),
  converted: Counter.describe("Users who converted, a counter such as orders_total."),
});

const WAYS = ["events", "metric"] as const;

const ConversionsSchema = rule(
  rule(
    z
      .strictObject({
        events: named("Name of the goal: users and conversions are posted to Serin as events.").optional(),
        within: written(durationFormat({ atLeast: ms(1_000), atMost: ms(30 * 86_400_000) }))
          .optional()
          .describe("With events: how long a user has to convert, and so when he counts. Default: 30m."),
        metric: Metric.optional().describe("Two counters of the replicas' own metrics page."),
      })
      .meta({ oneOf: WAYS.map((name) => ({ required: [name] })) }),
    (conversions, report) => exactlyOne(conversions, WAYS, report),
    [...WAYS],
  ),
  ({ within, metric }, report) => {
    if (within === undefined || metric === undefined) return;
    report(["within"], "conflict", "a counter does not tell whose conversion it was: take it out, or use events");
  },
  ["within", "metric"],
).transform(({ events, within, metric }): Conversions => {
  if (metric) return { kind: "metric", ...metric };
  return { kind: "events", goal: events ?? "", withinMs: within ?? ms(1_800_000) };
});

const anyShare = fractionFormat({ atLeast: 0.01, atMost: 99.99 });

const fields = z.strictObject({
  variants: z
    .strictObject({
      control: named("What texts and events call stable, such as blue."),
      treatment: named("What they call the new version, such as green."),
    })
    .describe("Names of the two variants."),
  share: written(WEIGHT)
    .prefault("50%")
    .describe(
      "The treatment's share of the users, who keep their variant (spec.traffic.sticky). Beside rules: the share that they are expected to give.",
    ),
  control: MatchListSchema.optional().describe(
    "Instead of a share: requests of users who get the control. Who matches no rule gets it too, and does not count.",
  ),
  treatment: MatchListSchema.optional().describe("Instead of a share: requests of users who get the treatment."),
  conversions: ConversionsSchema.describe("Where is told who converted."),
  baseline: written(anyShare).optional().describe("For a planned sample: the control's usual rate."),
  lift: written(LIFT)
    .optional()
    .describe("For a planned sample: the smallest lift worth finding, 20% of the baseline or 1pt of the whole."),
  power: written(anyShare).optional().describe("How often the lift is found when it is there. Default: 80%."),
  alpha: written(fractionFormat({ atLeast: 0.01, atMost: 50 }))
    .prefault("5%")
    .describe("How often two equal variants may be told apart."),
  atMost: written(durationFormat({ atLeast: ms(1_000) }))
    .prefault("14d")
    .describe("Longest time."),
  winner: z
    .enum(["promote", "keep", "report"])
    .default("report")
    .describe(
      "What becomes of a treatment that wins: everybody gets it, both go on until a person decides, or it is only told.",
    ),
});

type Fields = z.output<typeof fields>;

function checkNames({ variants }: Pick<Fields, "variants">, report: Report): void {
  if (variants.control !== variants.treatment) return;
  report(["variants", "treatment"], "duplicate", `found ${shown(variants.treatment)}, which is the control already`);
}

function checkShare({ share }: Pick<Fields, "share">, report: Report): void {
  if (share < WHOLE) return;
  report(["share"], "wrong-value", "found 100%, a test needs users of both variants: use less");
}

function checkRules({ control, treatment, conversions }: Fields, report: Report): void {
  const rules = { control, treatment };
  for (const name of ["control", "treatment"] as const) {
    const [list, other] = [rules[name], rules[name === "control" ? "treatment" : "control"]];
    if (list?.length === 0) report([name], "wrong-value", "found an empty list, at least one rule must be here");
    if (list === undefined && other !== undefined) {
      report([], "missing-field", `${name} is missing: rules say who gets which of both variants`);
    }
  }
  if ((control ?? treatment) === undefined || conversions.kind !== "metric") return;
  const message = "found metric beside rules: stable's counters hold users whom no rule names too: use events";
  report(["conversions", "metric"], "conflict", message);
}

function checkSample({ baseline, lift, power, alpha, share }: Fields, report: Report): void {
  if (baseline === undefined && lift === undefined) {
    if (power !== undefined) report(["power"], "conflict", "power goes with a planned sample: add baseline and lift");
    return;
  }
  if (baseline === undefined || lift === undefined) {
    const missing = baseline === undefined ? "baseline" : "lift";
    return report([], "missing-field", `${missing} is missing: a planned sample needs baseline and lift`);
  }
  if (share === WHOLE) return;
  try {
    plannedSample({ baseline, lift, power: power ?? POWER, alpha, split: share / WHOLE });
  } catch (error) {
    report(["lift"], "wrong-value", `no sample can be planned: ${messageOf(error)}`);
  }
}

function checkTime({ conversions, atMost }: Pick<Fields, "conversions" | "atMost">, report: Report): void {
  if (conversions.kind !== "events" || conversions.withinMs < atMost) return;
  const found = `found ${duration(atMost)}, nobody counts before ${duration(conversions.withinMs)} (conversions.within)`;
  report(["atMost"], "conflict", `${found}: make it longer`);
}

const POWER = 0.8;
const RULES = ["control", "treatment"] as const;

const checked = [
  [checkNames, ["variants"]],
  [checkShare, ["share"]],
  [checkRules, [...RULES, "conversions"]],
  [checkSample, ["baseline", "lift", "power", "alpha", "share"]],
  [checkTime, ["conversions", "atMost"]],
] as const;

export const AbTestSchema = checked
  .reduce((schema, [check, needs]) => rule(schema, check, needs), fields)
  .transform((asked): AbTestSpec => {
    const { variants, share, control, treatment, conversions, baseline, lift, power = POWER, ...rest } = asked;
    const { alpha, atMost, winner } = rest;
    return {
      kind: "abTest",
      names: variants,
      share,
      ...(control && treatment && { matches: { control, treatment } }),
      conversions,
      ...(baseline !== undefined && lift && { sample: { baseline, lift, power } }),
      alpha,
      atMostMs: atMost,
      winner,
    };
  });

/** What the test is judged by. */
export function abPlanOf({ names, alpha, share, sample }: AbTestSpec): AbPlan {
  return { names, alpha, split: share / WHOLE, ...(sample && { sample }) };
}

/** What the rest of the file must have for a test. */
interface Around {
  /** Whether users are kept with a version. */
  readonly sticky: boolean;
  /** Whether the replicas have a metrics page. */
  readonly page: boolean;
}

/** What is wrong with a test where it stands, to be reported at its place: paths start from the test. */
export function checkAround({ matches, conversions }: AbTestSpec, { sticky, page }: Around, report: Report): void {
  if (!matches && !sticky) {
    const message = "users must keep their variant, or nobody can say which one they answered to: add traffic.sticky";
    report(["share"], "missing-field", message);
  }
  if (conversions.kind === "metric" && !page) {
    const message = "found counters, but the replicas have no metrics page: add workload.process.metrics";
    report(["conversions", "metric"], "missing-field", message);
  }
}
