// How does a service look on a terminal?
import type { PoolView, RivalView, RolloutView, ServiceView } from "../api/contract.ts";
import { decision } from "../core/engine/decision-text.ts";
import type { DecisionRecord } from "../core/engine/state.ts";
import { ROLES, shareOf } from "../core/split.ts";
import type { MetricVerdict, Verdict } from "../core/stats/plan.ts";
import { duration, ms, percent, WHOLE } from "../core/units.ts";
import { isScored } from "../core/stats/kayenta/scored.ts";
import { comparisonLines, splitLines, testLines } from "./besides.ts";
import { clockTime, grouped, hanging, table, wrap, type Paint } from "./paint.ts";

/** What the picture is fitted to. */
export interface Frame {
  readonly width: number;
  readonly paint: Paint;
  /** Decisions shown at the end. */
  readonly decisions: number;
}

/** One service, as lines of text. */
export function renderService(view: ServiceView, frame: Frame): string[] {
  const { rollout } = view;
  return [
    headline(view, frame),
    ...(rollout ? ["", ...renderSteps(rollout, view.nowMs, frame)] : []),
    "",
    ...renderShares(view, frame),
    ...splitLines(view, frame.width),
    "",
    ...renderPools(view.pools, frame),
    ...(rollout?.verdict ? ["", ...renderVerdict(rollout.verdict, frame)] : []),
    ...(rollout?.rivals ?? []).flatMap((rival) => renderRival(rival, frame)),
    ...(rollout?.comparison ? ["", ...comparisonLines(rollout.comparison, frame.width)] : []),
    ...(rollout?.test ? ["", ...testLines(rollout.test, frame.width)] : []),
    ...renderQueued(view),
    ...renderTroubles(view, frame),
    ...renderDecisions(view.recent.slice(-frame.decisions), frame),
  ];
}

const OUTCOME_STYLE = { promoted: "green", "rolled-back": "red", stopped: "yellow", concluded: "green" } as const;
const HEALTH_STYLE = { well: "green", degraded: "yellow", down: "red", unknown: "dim" } as const;

/** Two axes, never one: what became of the release, and whether the service is well. */
function headline(view: ServiceView, { paint }: Frame): string {
  const { rollout, health } = view;
  const name = rollout ? `${view.service}/${rollout.number}` : view.service;
  const parts = [paint("bold", name)];
  if (rollout) parts.push(phaseOf(rollout, view.nowMs, paint));
  parts.push(`service ${paint(HEALTH_STYLE[health], health)}`);
  if (view.address) parts.push(paint("dim", view.address));
  if (view.preview) parts.push(paint("dim", `preview ${view.preview}`));
  return parts.join("  ");
}

function phaseOf(rollout: RolloutView, nowMs: number, paint: Paint): string {
  const took = duration(ms((rollout.endedMs ?? nowMs) - rollout.startedMs));
  if (rollout.outcome) return `${paint(OUTCOME_STYLE[rollout.outcome], rollout.outcome)} after ${took}`;
  if (rollout.phase === "back") return paint("red", `going back, ${took} in`);
  if (rollout.paused) return paint("yellow", `paused by ${rollout.paused.by}, ${took} in`);
  return paint("cyan", `under way, ${took} in`);
}

function renderSteps(rollout: RolloutView, nowMs: number, { paint, width }: Frame): string[] {
  const { candidate, replaces, strategy, cursor, phase } = rollout;
  const lines = [`${strategy}: ${candidate}${replaces ? ` to replace ${replaces}` : ""}`];
  rollout.steps.forEach((step, index) => {
    if (index < cursor) return lines.push(paint("dim", `  ✓ ${step}`));
    if (index > cursor || phase === "ended") return lines.push(paint("dim", `    ${step}`));
    if (phase === "back") return lines.push(paint("red", `  ✗ ${step}`));
    const since = duration(ms(nowMs - rollout.stepSinceMs));
    lines.push(`  ${paint("cyan", "▶")} ${paint("bold", step)} ${paint("dim", `(${since})`)}`);
    return lines.push(...renderWaiting(rollout, { paint, width }));
  });
  if (phase === "back") lines.push(...renderWaiting(rollout, { paint, width }));
  return lines;
}

/** What the step waits for. What the evidence still lacks stands with the verdict. */
function renderWaiting({ waiting, verdict }: RolloutView, { paint, width }: Pick<Frame, "paint" | "width">): string[] {
  if (!waiting || waiting.text === verdict?.text) return [];
  return wrap(waiting.text, width, "      ").map((line) => paint("dim", line));
}

function renderShares({ wanted, reported, measured }: ServiceView, { paint }: Frame): string[] {
  const roles = ROLES.filter((role) => shareOf(wanted, role) > 0 || (reported && shareOf(reported, role) > 0));
  const rows = [["share", "wanted", "reported", "measured", ""]];
  for (const role of roles) {
    const share = measured?.shares[role];
    rows.push([
      role,
      percent(shareOf(wanted, role)),
      reported ? percent(shareOf(reported, role)) : "unknown",
      share === undefined ? "–" : `${(share * 100).toFixed(1)}%`,
      bar(shareOf(wanted, role) / WHOLE),
    ]);
  }
  const [head = "", ...rest] = table(rows);
  const counted = measured ? `  ${grouped(measured.requests)} requests in ${duration(ms(measured.windowMs))}` : "";
  return [paint("dim", head + counted), ...rest];
}

function bar(share: number): string {
  const full = Math.round(share * 20);
  return "█".repeat(full) + "░".repeat(20 - full);
}

function renderPools(pools: readonly PoolView[], { paint, width }: Frame): string[] {
  if (pools.length === 0) return [paint("dim", "nothing runs")];
  const rows = [["pool", "role", "revision", "ready", "restarts", ""]];
  for (const { pool, role, revision, ready, wanted, restarts, why } of pools) {
    rows.push([pool, role, revision, `${ready ?? "?"}/${wanted}`, String(restarts), why ?? ""]);
  }
  const [head = "", ...rest] = table(rows);
  return [paint("dim", head), ...rest.map((line) => (line.length > width ? `${line.slice(0, width - 1)}…` : line))];
}

const VERDICT_STYLE = { worse: "red", "no-worse": "green", undecided: "yellow" } as const;

function renderVerdict(verdict: Verdict, frame: Frame): string[] {
  const { paint, width } = frame;
  const word = paint(VERDICT_STYLE[verdict.kind], verdict.kind);
  const sure = isScored(verdict)
    ? "by Kayenta's judge, which states no error rate"
    : `how sure that it is worse: ${Math.floor(verdict.sure * 1000) / 10}%`;
  const head = `verdict ${word}, ${sure}, from ${grouped(verdict.canaryRequests)} canary requests`;
  const held = verdict.suspended ? [paint("yellow", `  held back: ${verdict.suspended}`)] : [];
  const metrics = verdict.metrics.flatMap((metric) => [
    ...hanging("  ", `${metric.name}: ${metric.text}`, width),
    ...(verdict.kind === "undecided" ? [paint("dim", `    ${missing(metric)}`)] : []),
  ]);
  return [head, ...held, ...metrics];
}

function renderRival({ name, role, verdict, left }: RivalView, { width }: Frame): string[] {
  const fares = left === undefined ? (verdict?.text ?? "nothing was seen of it yet") : `has left: ${left}`;
  return ["", ...hanging("", `${name} (${role}): ${fares}`, width)];
}

function missing({ kind, noWorse, mustShow, missing: lacks, needsRequests, canaryRequests }: MetricVerdict): string {
  const isOfRequests = kind === "errors" || kind === "latency";
  if (canaryRequests === 0)
    return isOfRequests ? "waits for the first request" : (lacks ?? "waits for the first reading");
  if (noWorse) return mustShow ? "shown to be no worse" : "nothing against it so far";
  if (!isOfRequests) return lacks ?? "nothing shown yet";
  if (needsRequests === undefined) return "nothing shown yet, and at these figures nothing will be";
  return `nothing shown yet; needs about ${grouped(needsRequests)} more canary requests`;
}

function renderQueued({ queued, nowMs }: ServiceView): string[] {
  if (!queued) return [];
  return ["", `${queued.revision} waits for the end, for ${duration(ms(nowMs - queued.atMs))}, by ${queued.actor}`];
}

function renderTroubles({ troubles }: ServiceView, { paint }: Frame): string[] {
  const all = Object.entries(troubles);
  if (all.length === 0) return [];
  return ["", ...all.flatMap(([part, why]) => [paint("yellow", `${part}: ${why}`)])];
}

function renderDecisions(records: readonly DecisionRecord[], { paint, width }: Frame): string[] {
  if (records.length === 0) return [];
  const lines = records.flatMap((record) => hanging(`${clockTime(record.atMs)}  `, decision(record), width));
  return ["", paint("dim", "decisions"), ...lines];
}
