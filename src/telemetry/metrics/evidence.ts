// Which series tell what was counted as evidence, and what it says?
import type { RolloutState } from "../../core/engine/state.ts";
import type { Role } from "../../core/split.ts";
import type { MetricVerdict, Verdict } from "../../core/stats/plan.ts";
import type { Ms } from "../../core/units.ts";
import type { Seen } from "../../runtime/controller.ts";
import type { Add, Family } from "./family.ts";

/** What was found out stays for so long after a rollout's end: the fastest end lies between two scrapes. */
const STAYS_MS = 15 * 60_000;

/** Larger is written as this: e-values have no largest one, and a panel has. */
const MOST = 1e300;

interface Judged {
  readonly role: Role;
  readonly verdict: Verdict;
}

/** The verdicts of the rollout: on the canary, and on each further candidate of an experiment. */
function judged({ state: { rollout } }: Seen, nowMs: Ms): readonly Judged[] {
  if (!rollout || (rollout.endedMs !== undefined && nowMs - rollout.endedMs > STAYS_MS)) return [];
  const own = rollout.verdict ? [{ role: "canary" as const, verdict: rollout.verdict }] : [];
  const others = (rollout.rivals ?? []).flatMap(({ role, verdict }) => (verdict ? [{ role, verdict }] : []));
  return [...own, ...others];
}

function eachMetric(seen: Seen, nowMs: Ms, say: (role: Role, metric: MetricVerdict) => void): void {
  for (const { role, verdict } of judged(seen, nowMs)) for (const metric of verdict.metrics) say(role, metric);
}

function stateOf({ blamed, noWorse }: MetricVerdict): string {
  return blamed ? "worse" : noWorse ? "no-worse" : "undecided";
}

/** The metric of failed requests, where the analysis has one. */
function failuresIn(rollout: RolloutState | undefined, verdict: Verdict): MetricVerdict | undefined {
  const plan = rollout?.program.analysis?.metrics.find(
    (metric) => metric.kind === "errors" && metric.counts === "failed",
  );
  return verdict.metrics.find(({ name }) => name === plan?.name);
}

function addRequests(seen: Seen, add: Add, nowMs: Ms): void {
  for (const { role, verdict } of judged(seen, nowMs)) {
    add(verdict.canaryRequests, { role });
    if (role === "canary") add(verdict.baselineRequests, { role: "baseline" });
  }
}

function addFailures(seen: Seen, add: Add, nowMs: Ms): void {
  for (const { role, verdict } of judged(seen, nowMs)) {
    const metric = failuresIn(seen.state.rollout, verdict);
    if (!metric) continue;
    const { canary = 0, baseline = 0, canaryRequests, baselineRequests } = metric;
    add(Math.round(canary * canaryRequests), { role });
    if (role === "canary") add(Math.round(baseline * baselineRequests), { role: "baseline" });
  }
}

const eValue = (log: number): number => Math.min(MOST, Math.exp(log));

export const EVIDENCE_FAMILIES: readonly Family[] = [
  {
    name: "serin_rollout_evidence_requests_total",
    help: "Requests counted as evidence in this rollout. Role baseline is what the canary is compared with. Begins anew with each rollout.",
    type: "counter",
    labels: ["role"],
    of: addRequests,
  },
  {
    name: "serin_rollout_evidence_failures_total",
    help: "Of the requests counted as evidence, those that failed; not there where no metric counts failures.",
    type: "counter",
    labels: ["role"],
    of: addFailures,
  },
  {
    name: "serin_rollout_verdict",
    help: "1 for the verdict on a candidate: worse, no-worse, undecided, or suspended while something holds it back.",
    type: "gauge",
    labels: ["role", "verdict"],
    of: (seen, add, nowMs) => {
      for (const { role, verdict } of judged(seen, nowMs))
        add(1, { role, verdict: verdict.suspended === undefined ? verdict.kind : "suspended" });
    },
  },
  {
    name: "serin_rollout_verdict_sure_ratio",
    help: "How sure it is that a candidate is worse: 1 - 1/E of the strongest evidence so far.",
    type: "gauge",
    labels: ["role"],
    of: (seen, add, nowMs) => {
      for (const { role, verdict } of judged(seen, nowMs)) add(verdict.sure, { role });
    },
  },
  {
    name: "serin_rollout_metric_state",
    help: "1 for what is shown of a metric: worse, no-worse or undecided.",
    type: "gauge",
    labels: ["role", "metric", "state"],
    of: (seen, add, nowMs) =>
      eachMetric(seen, nowMs, (role, metric) => add(1, { role, metric: metric.name, state: stateOf(metric) })),
  },
  {
    name: "serin_rollout_metric_value",
    help: "Estimate of a metric in its unit, for a candidate and for the baseline.",
    type: "gauge",
    labels: ["role", "metric", "unit"],
    of: (seen, add, nowMs) =>
      eachMetric(seen, nowMs, (role, { name, unit, canary, baseline }) => {
        if (canary !== undefined) add(canary, { role, metric: name, unit });
        if (role === "canary" && baseline !== undefined) add(baseline, { role: "baseline", metric: name, unit });
      }),
  },
  {
    name: "serin_rollout_metric_e_value",
    help: "Strength of the evidence for a metric: that the candidate is worse, and that it is no worse.",
    type: "gauge",
    labels: ["role", "metric", "of"],
    of: (seen, add, nowMs) =>
      eachMetric(seen, nowMs, (role, { name, logBad, logGo }) => {
        add(eValue(logBad), { role, metric: name, of: "worse" });
        add(eValue(logGo), { role, metric: name, of: "no-worse" });
      }),
  },
  {
    name: "serin_rollout_metric_needed_requests",
    help: "Canary requests still missing, about, until a metric can be shown to be no worse; not there where that cannot be told.",
    type: "gauge",
    labels: ["role", "metric"],
    of: (seen, add, nowMs) =>
      eachMetric(seen, nowMs, (role, { name, noWorse, needsRequests }) => {
        if (noWorse) add(0, { role, metric: name });
        else if (needsRequests !== undefined) add(needsRequests, { role, metric: name });
      }),
  },
  {
    name: "serin_rollout_e_value_limit",
    help: "E-value at which evidence decides: worse over all metrics together, no-worse for each.",
    type: "gauge",
    labels: ["of"],
    of: (seen, add, nowMs) => {
      const limits = judged(seen, nowMs)[0]?.verdict.limits;
      if (!limits) return;
      add(1 / limits.falseRollback, { of: "worse" });
      add(1 / limits.falseGo, { of: "no-worse" });
    },
  },
];
