// Which bound does a condition of Argo state?
import { unwrapped } from "../promql.ts";

/** A value must stay on this side of it. */
export interface Bound {
  readonly field: "max" | "min";
  readonly value: number;
}

/** What of an answer is compared: the answer, its first value, or one whose absence counts as something. */
const RESULT = String.raw`(?:\(?(?:asFloat|asInt)\()?result(?:\[0\])?\)?\)?`;
const NUMBER = String.raw`(-?\d+(?:\.\d+)?(?:e-?\d+)?)`;
const OPERATOR = String.raw`(<=|>=|<|>)`;
const FORWARD = new RegExp(String.raw`^${RESULT}\s*${OPERATOR}\s*${NUMBER}$`, "u");
const BACKWARD = new RegExp(String.raw`^${NUMBER}\s*${OPERATOR}\s*${RESULT}$`, "u");

const MIRRORED: Readonly<Record<string, string>> = { "<": ">", ">": "<", "<=": ">=", ">=": "<=" };

/** Conditions joined by and (or, of what must not be): each a bound. Nothing when they are anything else. */
export function boundsOf(condition: string, means: "success" | "failure"): readonly Bound[] | undefined {
  const parts = condition.trim().split(means === "success" ? /\s*&&\s*|\s+and\s+/u : /\s*\|\|\s*|\s+or\s+/u);
  const bounds = parts.map((part) => boundOf(unwrapped(part.trim()), means));
  return bounds.every((bound) => bound !== undefined) ? bounds : undefined;
}

function boundOf(text: string, means: "success" | "failure"): Bound | undefined {
  const forward = FORWARD.exec(text);
  const backward = forward ? undefined : BACKWARD.exec(text);
  const operator = forward?.[1] ?? MIRRORED[backward?.[2] ?? ""];
  const value = Number(forward?.[2] ?? backward?.[1]);
  if (operator === undefined || Number.isNaN(value)) return undefined;
  const isBelow = operator.startsWith("<");
  return { field: isBelow === (means === "success") ? "max" : "min", value };
}
