// What does the evidence say, in figures and in one sentence?
import { incident } from "./bound.ts";
import { stageVerdict } from "./kayenta/stage.ts";
import * as figures from "./figures.ts";
import { methodOf } from "./methods.ts";
import type { AnalysisPlan, MetricPlan, MetricVerdict, Verdict } from "./plan.ts";
import type { Limits } from "./shared-report.ts";
import { splitReport } from "./split-check.ts";
import type { AnalysisState, MetricState } from "./state.ts";
import { boundOfGauge } from "./wrapped.ts";

function report(metric: MetricPlan, state: MetricState | undefined, at: Limits): MetricVerdict {
  if (state?.kind === metric.kind) return methodOf(metric).report(metric, state, at);
  throw new TypeError(`the state knows no metric ${metric.name} of kind ${metric.kind}`);
}

/** Whether a fixed bound of a level is broken by the canary alone, or by both arms. */
function levelBound(metric: MetricPlan, state: MetricState | undefined): "broken" | "shared" | undefined {
  return metric.kind === "gauge" && state?.kind === "gauge" ? boundOfGauge(metric, state) : undefined;
}

function incidentText(plan: AnalysisPlan, state: AnalysisState, at: Limits): string | undefined {
  const names = plan.metrics.flatMap((metric, index) => {
    const known = state.metrics[index];
    const bound = known && "bound" in known ? known.bound : null;
    const isShared = (bound && incident(bound, at.bad)) || levelBound(metric, known) === "shared";
    return isShared ? [metric.name] : [];
  });
  if (names.length === 0) return undefined;
  return `canary and stable are both beyond the bound of ${names.join(" and ")}: an incident of the environment`;
}

type Said = Pick<Verdict, "kind" | "sure" | "metrics" | "suspended" | "canaryRequests"> & {
  /** The alert that takes the rollout back. */
  readonly alarm?: string;
};

/** What holds the rollout although nothing takes it back. */
function heldText(metrics: readonly MetricVerdict[]): string | undefined {
  const held = metrics.filter(({ effect, blamed }) => effect === "hold" && blamed);
  if (held.length === 0) return undefined;
  return held.map(({ name, text }) => `${name}: ${text}`).join("; ");
}

/** Alerts that keep a rollout where it is: also those that nobody can read. */
function alertText({ alerts }: AnalysisState): string | undefined {
  const held = alerts.filter(({ kind }) => kind !== "clear" && kind !== "roll-back");
  return held.length === 0 ? undefined : held.map(({ text }) => text).join("; ");
}

function splitText(state: AnalysisState): string | undefined {
  if (state.split === null) return undefined;
  const said = splitReport(state.split);
  return said.off ? said.text : undefined;
}

/** What keeps `no-worse` from being shown, in one list. */
function missing(metrics: readonly MetricVerdict[], troubles: readonly string[]): string {
  const lacks = metrics
    .filter((metric) => !metric.noWorse)
    .map((metric) => `${metric.name} ${metric.missing ?? "is not shown to be no worse"}`);
  return [lacks.join(", "), ...troubles].join("; ");
}

/** What was shown, and of the rest that nothing speaks against it. */
function fineText(metrics: readonly MetricVerdict[]): string {
  const shown = metrics.filter(({ mustShow }) => mustShow);
  const others = metrics.filter(({ mustShow }) => !mustShow).map(({ name, text }) => `${name}: ${text}`);
  const head =
    shown.length > 0
      ? `The canary is no worse than its margins. ${shown.map(({ name, text }) => `${name}: ${text}`).join("; ")}.`
      : "";
  const rest = others.length > 0 ? `Nothing speaks against it so far in ${others.join("; ")}.` : "";
  return [head, rest].filter((part) => part !== "").join(" ");
}

function verdictText(said: Said, troubles: readonly string[]): string {
  const texts = said.metrics.map((metric) => `${metric.name}: ${metric.text}`);
  if (said.alarm !== undefined) return `An alert speaks against the canary: ${said.alarm}.`;
  if (said.kind === "worse") {
    const blamed = said.metrics.filter(
      (metric) => metric.blamed && (metric.effect === "rollBack" || metric.by === "bound"),
    );
    const strongest = said.metrics.filter((metric) => metric.logBad > 0).toSorted((a, b) => b.logBad - a.logBad);
    const causes = blamed.length > 0 ? blamed : strongest;
    const why = causes.map((metric) => `${metric.name}: ${metric.text}`).join("; ");
    // A level beyond its fixed bound is seen, not inferred: there is nothing to be sure of.
    const byBound = causes.every(({ kind, by }) => kind === "gauge" && by === "bound");
    return `The canary is ${byBound ? "beyond its bound" : `worse, ${figures.sureness(said.sure)} sure`}. ${why}.`;
  }
  if (said.suspended !== undefined) return `Held back: ${said.suspended}.`;
  const ofRequests = said.metrics.every(({ kind }) => kind === "errors" || kind === "latency");
  if (said.canaryRequests === 0 && ofRequests) return "Nothing to judge by yet: the canary has ended no request.";
  if (said.kind === "no-worse") return fineText(said.metrics);
  if (said.metrics.length === 0) return "Nothing to judge by: the analysis has no metrics.";
  return `Undecided: ${missing(said.metrics, troubles)}. ${texts.join("; ")}.`;
}

/** What all evidence so far says. `worse` once shown stays: the error rate holds for the strongest evidence. */
export function verdictOf(plan: AnalysisPlan, state: AnalysisState): Verdict {
  if (plan.kayenta && state.kayenta) return stageVerdict(plan.kayenta, state.kayenta, state);
  const limits = { bad: Math.log(1 / plan.falseRollback), good: Math.log(1 / plan.falseGo) };
  const metrics = plan.metrics.map((metric, index): MetricVerdict => {
    const said = report(metric, state.metrics[index], limits);
    const isBroken = levelBound(metric, state.metrics[index]) === "broken";
    if (isBroken) return { ...said, blamed: true, by: "bound", noWorse: false, missing: "is beyond its bound" };
    // Why nothing was read is worth more than that nothing was.
    const [why] = said.canaryRequests === 0 ? state.troubles : [];
    return why === undefined || said.missing === undefined ? said : { ...said, missing: `${said.missing} (${why})` };
  });
  const suspended = incidentText(plan, state, limits) ?? alertText(state) ?? splitText(state) ?? heldText(metrics);
  // A bound was asked for by name: it takes back also where the comparison only holds.
  const broken = metrics.some(({ kind, by }) => kind === "gauge" && by === "bound");
  const alarm = state.alerts.find(({ kind }) => kind === "roll-back");
  const worse = state.top >= limits.bad || broken || alarm !== undefined;
  const fine = metrics.length > 0 && suspended === undefined && metrics.every((metric) => metric.noWorse);
  const said: Said = {
    ...(alarm ? { alarm: alarm.text } : {}),
    kind: worse ? "worse" : fine ? "no-worse" : "undecided",
    sure: 1 - Math.exp(-Math.max(0, state.top)),
    metrics,
    canaryRequests: state.canaryRequests,
    suspended: worse ? undefined : suspended,
  };
  const { alarm: _alarm, ...verdict } = said;
  const { falseRollback, falseGo } = plan;
  return {
    ...verdict,
    limits: { falseRollback, falseGo },
    baselineRequests: state.baselineRequests,
    text: verdictText(said, state.troubles),
  };
}
