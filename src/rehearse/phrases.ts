// What does a line mean that says it in other words?

/** What an outage and a drift are when no figures are given. */
const OUTAGE = "outage of everything for 1m errors 30%";
const DRIFT = "drift errors to 2% over 10m";

const NUMBER = String.raw`\d+(?:\.\d+)?`;
const after = (unit: string): RegExp => new RegExp(String.raw`\b(${NUMBER})\s*(?:${unit})(?=[\s;]|$)`, "giu");

/** Units as people write them, joined to their numbers. */
const UNITS: readonly (readonly [RegExp, string])[] = [
  [after("milliseconds?|msecs?"), "$1ms"],
  [after("seconds?|secs?"), "$1s"],
  [after("minutes?|mins?"), "$1m"],
  [after("hours?|hrs?"), "$1h"],
  [after("days?"), "$1d"],
  [new RegExp(String.raw`\b(${NUMBER}) +(ms|s|m|h|d|[kMG]i?B)(?=[\s/]|$)`, "gu"), "$1$2"],
  [new RegExp(String.raw`\b(${NUMBER}) +%`, "gu"), "$1%"],
  [after("percent"), "$1%"],
  [
    new RegExp(
      String.raw`\b(${NUMBER}) ?(?:rps|req/s|requests/s|/ ?sec(?:ond)?|requests per second|per second)\b`,
      "giu",
    ),
    "$1/s",
  ],
  [new RegExp(String.raw`(?<=\s)[x×] ?(${NUMBER})(?=\s|$)`, "giu"), "x$1"],
  [new RegExp(String.raw`\b(${NUMBER}) ?(?:x|×|times)(?=\s|$)`, "giu"), "x$1"],
];

const WHO = String.raw`(canary|stable|everything|revision \S+)`;
const TRAIT =
  "errors|client-errors|p50|p99|slowest|slower|bursts|cold|memory|cpu|log-errors|signal|count|ready|crashes|pods differ|drift";

/** Other words for the same line. Each is tried once, in this order. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/^the /iu, ""],
  [/ (?:is|are|has|have) /giu, " "],
  [/\b(?:new version|new revision|candidate|canaries)\b/giu, "canary"],
  [/\b(?:old version|old revision)\b/giu, "stable"],
  [/^(?:pods|replicas) (differ)/iu, "everything pods $1"],
  [/^(?:both|both arms|all)\b/iu, "everything"],
  [/^everything replicas differ/iu, "everything pods differ"],
  [/\b(?:replicas differ)\b/giu, "pods differ"],
  [/pods differ(?! (?:by )?\d)/giu, "pods differ 0.2"],
  [/pods differ by /giu, "pods differ "],
  // A baseline that drifts takes the canary with it: it is the traffic that changes.
  [/^(?:baseline|everything) drifts?$/iu, `everything ${DRIFT}`],
  [/^drifts?$/iu, `everything ${DRIFT}`],
  [/^(canary|stable) drifts?$/iu, `$1 ${DRIFT}`],
  [/^drift /iu, "everything drift "],
  [/^baseline (?!\d)/iu, "stable "],
  [new RegExp(String.raw`^(${TRAIT}) of ${WHO}(?: of)? `, "iu"), "$2 $1 "],
  [new RegExp(String.raw`^${WHO} errors (?:of|at) `, "iu"), "$1 errors "],
  [new RegExp(String.raw`\bfrom (${NUMBER}%)(?: share)?(?: on)?`, "giu"), "from share $1"],
  [/\b(metrics|router|controller) (?:missing|lost|down|away|unavailable)\b/giu, "$1 gone"],
  [/^(metrics|router|controller) gone$/iu, "$1 gone for 5m"],
  [/^outage$/iu, OUTAGE],
  [/^outage for (\S+)$/iu, "outage of everything for $1 errors 30%"],
  [/^outage of (\S+)$/iu, "outage of $1 for 1m errors 30%"],
  [/^traffic stops$/iu, "load 0/s"],
  [/^traffic /iu, "load "],
  [/^(canary|stable) never (?:gets |becomes )?ready$/iu, "$1 ready never"],
  [/^(canary|stable) crashes$/iu, "$1 crashes after 10s"],
  [/^bursts$/iu, "everything bursts of 3"],
  [/^bursts of /iu, "everything bursts of "],
  [/\bbursts (\d)/giu, "bursts of $1"],
  [/^(canary|stable|everything) slow$/iu, "$1 slower x1.4"],
  // Who is not named is the new version.
  [new RegExp(String.raw`^(?:${TRAIT}) `, "iu"), "canary $&"],
];

/** A comment is what follows ` #`, but not in quotes. */
function withoutComment(row: string): string {
  return (/^(?:"[^"]*"|[^"#]|(?<=\S)#|")*/u.exec(row)?.[0] ?? "").trim();
}

function withUnits(text: string): string {
  return UNITS.reduce((said, [unit, own]) => said.replace(unit, own), text.replace(/\s+/gu, " "));
}

/** The line in the language's own words; texts in quotes stay as they are. */
export function inOwnWords(row: string): string {
  const text = withoutComment(row).replace(/"[^"]*"|[^"]+/gu, (part) =>
    part.startsWith('"') ? part : withUnits(part),
  );
  if (text.includes('"')) return text;
  const [, at = "", what = ""] = /^(at (?:\S+ )(?:\d\S* )?)?(.*)$/iu.exec(text) ?? [];
  if (/^(?:expect|apply|rollout)\b/iu.test(what)) return text;
  return at + PHRASES.reduce((said, [phrase, own]) => said.replace(phrase, own), what);
}
