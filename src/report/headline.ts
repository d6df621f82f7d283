// What became of the rollout, in one sentence, and what decided it?
import { isScored } from "../core/stats/kayenta/scored.ts";
import { sureness } from "../core/stats/figures.ts";
import type { MetricReport, Report } from "./model.ts";
import { lasting, quantity } from "./quantity.ts";

type Known = Omit<Report, "headline" | "decidedBy">;

/** `shop/2 was rolled back after 2m 10s: errors 3.1% against 0.10%, over 99.9% sure`. */
export function headlineOf(known: Known): string {
  const after = lasting((known.decidedMs ?? known.untilMs) - known.startedMs);
  return `${known.name} ${SENTENCES[known.state](known, after)}`;
}

const SENTENCES: Readonly<Record<Known["state"], (known: Known, after: string) => string>> = {
  promoted: (known, after) =>
    `was promoted after ${after}${known.verdict ? `: ${fine(known)}` : ", with nothing to compare"}`,
  "rolled-back": (known, after) => `was rolled back after ${after}: ${cause(known)}`,
  stopped: ({ why }, after) => `was stopped after ${after}: ${why}`,
  concluded: ({ why }, after) => `ended after ${after}, with nothing promoted: ${why}`,
  "going-back": (known, after) => `goes back to stable after ${after}: ${cause(known)}`,
  "under-way": (known, after) => `is under way for ${after}, ${pending(known)}`,
};

/** The metrics that speak loudest against the canary, when that was the reason; else the reason as it was written. */
function cause({ verdict, metrics, why }: Known): string {
  if (verdict?.kind !== "worse") return why;
  if (isScored(verdict)) return verdict.text.replace(/\.$/u, "");
  const causes = blamed(metrics).slice(0, 2);
  const sure = causes.every(({ isSeen }) => isSeen) ? "" : `, ${sureness(verdict.sure)} sure`;
  return `${causes.map(compared).join(", ")}${sure}`;
}

/** Loudest first; when none alone explains the verdict, the loudest. */
function blamed(metrics: readonly MetricReport[]): readonly MetricReport[] {
  const loudest = metrics.toSorted((a, b) => (b.logBad ?? 0) - (a.logBad ?? 0));
  const decided = loudest.filter(({ did }) => did === "rollBack");
  return decided.length > 0 ? decided : loudest.slice(0, 1);
}

function compared({ label, canary, baseline, unit, by }: MetricReport): string {
  const against = baseline === undefined ? "" : ` against ${quantity(baseline, unit)}`;
  return `${label} ${quantity(canary, unit)}${by === "bound" ? " beyond the bound" : ""}${against}`;
}

function fine({ verdict, metrics }: Known): string {
  if (verdict?.kind === "no-worse") {
    const shown = metrics.filter(({ mustShow }) => mustShow).map(({ name }) => name);
    const others = metrics.filter(({ mustShow }) => !mustShow).map(({ name }) => name);
    const rest = others.length > 0 ? `nothing against ${listed(others)}` : "";
    return [shown.length > 0 ? `no worse on ${listed(shown)}` : "", rest].filter((part) => part !== "").join(", ");
  }
  return verdict?.suspended ? "the verdict was held back" : "the evidence was undecided";
}

const WAITS = {
  replicas: "replicas",
  router: "the router",
  time: "its time to pass",
  evidence: "evidence",
  person: "a person",
  hook: "a hook",
} as const;

function pending({ verdict, waitsFor, shares }: Known): string {
  const share = quantity(shares.at(-1)?.share ?? 0, "share");
  const waits = waitsFor ? `, waits for ${WAITS[waitsFor]}` : "";
  return `canary at ${share}, ${soFar(verdict)}${waits}`;
}

function soFar(verdict: Known["verdict"]): string {
  if (!verdict) return "nothing judged yet";
  if (verdict.suspended) return "the verdict held back";
  return { worse: "worse", "no-worse": "no worse so far", undecided: "undecided" }[verdict.kind];
}

/** Which metric decided, and by which test. */
export function decidedByOf({ state, verdict, metrics, why }: Known): string {
  const names = blamed(metrics).map(({ name, by }) => `${name}${by === "bound" ? " (its bound)" : ""}`);
  if (verdict?.kind === "worse" && (state === "rolled-back" || state === "going-back")) {
    return metrics.some(({ did }) => did === "rollBack")
      ? listed(names)
      : `all metrics together, ${names[0] ?? "none"} foremost`;
  }
  if (state === "rolled-back" || state === "stopped" || state === "going-back") return `no metric: ${why}`;
  const held = metrics.filter(({ did }) => did === "hold").map(({ name }) => name);
  if (held.length > 0) return `${listed(held)}: held, not taken back`;
  if (verdict?.kind === "no-worse")
    return `${listed(metrics.filter(({ mustShow }) => mustShow).map(({ name }) => name))}: shown to be no worse`;
  return state === "promoted" ? "no metric: nothing was shown against it, nor for it" : "nothing yet";
}

/** `a, b and c`. */
function listed(names: readonly string[]): string {
  const last = names.at(-1);
  if (last === undefined) return "no metric";
  return names.length === 1 ? last : `${names.slice(0, -1).join(", ")} and ${last}`;
}
