// Which plan do these options mean, and what is wrong with them?
import { messageOf } from "../../issues.ts";
import { type Lift, plannedSample } from "./fixed.ts";
import type { AbPlan } from "./judge.ts";
import type { BadLine } from "./lines.ts";
import type { Names } from "./users.ts";

/** The plan of a test as people type it. */
export interface TypedPlan {
  /** Names of the variants; without them the two that the file has, the alphabetically first as control. */
  readonly control?: string | undefined;
  readonly treatment?: string | undefined;
  /** How often a difference may be found where there is none: `5%` or `0.05`, the default. */
  readonly alpha?: string | undefined;
  /** How often the lift shall be found: `80%`, the default. */
  readonly power?: string | undefined;
  /** The smallest lift worth finding: `10%` of the baseline, or `1pt`, one percentage point. */
  readonly lift?: string | undefined;
  /** The control's rate as known before the test: `10%`. */
  readonly baseline?: string | undefined;
  /** The treatment's planned share of the users: `50%`, the default. */
  readonly split?: string | undefined;
}

/** Something wrong: on a line of the file, with an option (line 0, named by `option`), or with the file (line 0). */
export interface AbIssue extends BadLine {
  readonly option?: string;
}

const optionIssue = (option: string, message: string): AbIssue => ({ line: 0, option, message });

/** `5%` or `0.05`. */
function shareOf(text: string): number | undefined {
  const found = /^([+-]?\d*\.?\d+)(%?)$/u.exec(text.trim());
  return found ? Number(found[1]) / (found[2] === "%" ? 100 : 1) : undefined;
}

/** `10%` of the baseline, or `1pt` of the whole. */
export function readLift(text: string): Lift | undefined {
  const points = /^([+-]?\d*\.?\d+)\s*(?:pt|pp|points?)$/u.exec(text.trim());
  if (points) return { kind: "absolute", value: Number(points[1]) / 100 };
  const value = text.trim().endsWith("%") ? shareOf(text) : undefined;
  return value === undefined ? undefined : { kind: "relative", value };
}

/** The figures of a plan. */
export type Numbers = Omit<AbPlan, "names">;

/** The options that are figures, or everything that is wrong with them. */
export function readNumbers(typed: TypedPlan): Numbers | readonly AbIssue[] {
  const issues: AbIssue[] = [];
  const share = (name: "alpha" | "power" | "baseline" | "split", text: string): number => {
    const value = shareOf(text);
    if (value !== undefined && value > 0 && value < 1) return value;
    issues.push(optionIssue(name, `found ${text}, a share between 0 and 100% must be here`));
    return NaN;
  };
  const alpha = share("alpha", typed.alpha ?? "5%");
  const power = share("power", typed.power ?? "80%");
  const split = share("split", typed.split ?? "50%");
  const { baseline: baselineText, lift: liftTyped } = typed;
  if (baselineText === undefined && liftTyped === undefined) return issues.length > 0 ? issues : { alpha, split };
  const baseline = baselineText === undefined ? NaN : share("baseline", baselineText);
  const lift = liftTyped === undefined ? undefined : readLift(liftTyped);
  const needBoth = "is missing: a planned sample needs --baseline and --lift";
  if (baselineText === undefined) issues.push(optionIssue("baseline", needBoth));
  if (liftTyped === undefined) issues.push(optionIssue("lift", needBoth));
  else if (!lift)
    issues.push(optionIssue("lift", `found ${liftTyped}, a lift is 10% of the baseline or 1pt of the whole`));
  if (issues.length > 0 || !lift) return issues;
  const sample = { baseline, lift, power };
  try {
    plannedSample({ ...sample, alpha, split });
  } catch (error) {
    return [optionIssue("lift", `found ${liftTyped ?? ""}: ${messageOf(error)}`)];
  }
  return { alpha, split, sample };
}

/** Which variant is which, or what is wrong. */
export function namesOf({ control, treatment }: TypedPlan, found: readonly string[]): Names | AbIssue {
  const list = found.slice(0, 10).join(", ") || "none";
  for (const [option, name] of [
    ["control", control],
    ["treatment", treatment],
  ] as const) {
    if (name !== undefined && !found.includes(name)) {
      return optionIssue(option, `no line has the variant ${name}; there are: ${list}`);
    }
  }
  const others = found.filter((name) => name !== control && name !== treatment);
  const [a, b] = [control ?? others.shift(), treatment ?? others.shift()];
  if (a !== undefined && a === b) return optionIssue("treatment", `found ${b}, which is the control already`);
  const unnamed = control === undefined || treatment === undefined;
  if (a === undefined || b === undefined || (unnamed && others.length > 0)) {
    const message = `found ${found.length} ${found.length === 1 ? "variant" : "variants"} (${list}), there must be two`;
    return { line: 0, message: found.length > 2 ? `${message}, or --control and --treatment must name them` : message };
  }
  return { control: a, treatment: b };
}
