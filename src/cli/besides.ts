// What else was found out besides the metrics: by copies, by a test of users, by hooks?
import type { ServiceView } from "../api/contract.ts";
import type { TestReading } from "../core/engine/state.ts";
import type { Comparison, FieldCounts } from "../core/comparison.ts";
import { conditionsText, isForUsers } from "../core/match.ts";
import type { HookRun } from "../core/outbox/message.ts";
import { listed } from "../core/spec/rule.ts";
import { count } from "../core/stats/figures.ts";
import { percent } from "../core/units.ts";
import { hanging } from "./paint.ts";

/** Parts that are shown; the others are counted. */
const SHOWN = 10;
/** The end of a hook's output that is shown. */
const OUTPUT_LINES = 8;

/** Who gets what by rules, and whose requests are copied. */
export function splitLines({ split }: Pick<ServiceView, "split">, width: number): string[] {
  const rules = (split.matches ?? []).map((rule) => {
    const who = isForUsers(rule) ? `requests with ${conditionsText(rule.when)}` : "requests at the preview address";
    return `${who} go to ${rule.to}`;
  });
  const { mirror } = split;
  const methods = mirror?.methods === "safe" ? "GET, HEAD and OPTIONS requests" : "requests";
  const copies = mirror
    ? [`${percent(mirror.share)} of ${methods} are copied to ${listed(mirror.to, "and")}; nobody gets their answers`]
    : [];
  return [...rules, ...copies].flatMap((text) => hanging("", text, width));
}

/** In what the answers to copies differ from those that users got. */
export function comparisonLines(comparison: Comparison, width: number): string[] {
  const { candidate, noise, shed, failed, fields } = comparison;
  const differing = fields.filter((field) => field.candidate > 0);
  const beside = noise > 0 ? `, ${count(noise)} of a second copy of stable` : "";
  const left = shed + failed > 0 ? `; ${count(shed)} copies left out, ${count(failed)} not answered` : "";
  const head = `compared ${count(candidate)} answers of the canary${beside}${left}`;
  const rest = differing.length - SHOWN;
  return [
    head,
    ...(differing.length === 0 ? ["  no part differs"] : []),
    ...differing.slice(0, SHOWN).flatMap((field) => fieldLines(field, comparison, width)),
    ...(rest > 0 ? [`  and ${rest} more parts`] : []),
  ];
}

function fieldLines({ path, candidate, noise, examples }: FieldCounts, of: Comparison, width: number): string[] {
  const beside = of.noise > 0 ? `, of the second copy of stable ${count(noise)} of ${count(of.noise)}` : "";
  const [example] = examples;
  const shown = example
    ? hanging(
        "      ",
        `${example.request}: ${example.stable ?? "nothing"} became ${example.candidate ?? "nothing"}`,
        width,
      )
    : [];
  return [`  ${path}: differs in ${count(candidate)} of ${count(of.candidate)}${beside}`, ...shown];
}

/** What an A/B test says. */
export function testLines({ text }: TestReading, width: number): string[] {
  return hanging("", text, width);
}

/** What a hook has answered, or the end of it. */
export function runLines({ output, attempts }: HookRun): string[] {
  const lines = output
    .trimEnd()
    .split("\n")
    .filter((line) => line.trim() !== "");
  const tried = attempts > 1 ? [`after ${attempts} attempts`] : [];
  return [...tried, ...lines.slice(-OUTPUT_LINES)];
}
