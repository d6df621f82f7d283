// When does Spinnaker judge during a canary stage, over which time, and what does the stage conclude?

/** One run of the judge, in milliseconds after the stage's start. */
export interface Run {
  /** When it is asked. */
  readonly atMs: number;
  /** The metrics' window, for both sides alike. */
  readonly startMs: number;
  readonly endMs: number;
}

/** A canary stage's times in milliseconds, as its fields `lifetimeDuration`, `canaryAnalysisIntervalMins`, … have them. */
export interface StageTimes {
  readonly lifetimeMs: number;
  /** Missing, 0 or longer than the lifetime: one run at its end. */
  readonly intervalMs?: number | undefined;
  /** Above 0 the windows slide and are this long; otherwise they grow from the start. */
  readonly lookbackMs?: number | undefined;
  /** `beginCanaryAnalysisAfterMins`. */
  readonly warmupMs?: number | undefined;
  /** With a fixed end (`endTimeIso`): nothing is waited for between runs, and the warm-up does not move the windows. */
  readonly retrospective?: boolean | undefined;
}

const MINUTE_MS = 60_000;

const wholeMinutes = (ms: number): number => Math.floor(ms / MINUTE_MS);

/**
 * The runs that Orca's RunCanaryIntervalsStage plans: as many whole intervals as the lifetime has, counted in whole
 * minutes; what is left over is never judged. Throws a RangeError for less than a minute, where Orca divides by zero, and
 * for what is no time.
 */
export function windowsOf(times: StageTimes): readonly Run[] {
  const { lifetimeMs, intervalMs = 0, lookbackMs = 0, warmupMs = 0, retrospective = false } = times;
  for (const [name, ms] of Object.entries({ lifetimeMs, intervalMs, lookbackMs, warmupMs })) {
    if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`${name} is no time: ${ms}`);
  }
  const stepMs = intervalMs === 0 || intervalMs > lifetimeMs ? lifetimeMs : intervalMs;
  if (stepMs < MINUTE_MS) throw new RangeError(`found an interval of ${stepMs} ms, the shortest is one minute`);
  const runs = Math.floor(wholeMinutes(lifetimeMs) / wholeMinutes(stepMs));
  const firstMs = retrospective ? 0 : warmupMs;
  return Array.from({ length: runs }, (_, index) => {
    const endMs = firstMs + (index + 1) * stepMs;
    return { atMs: retrospective ? warmupMs : endMs, startMs: lookbackMs > 0 ? endMs - lookbackMs : firstMs, endMs };
  });
}

/** Scores that a stage asks for. Without `marginal` no run ends it, without `pass` any end is good. */
export interface StageThresholds {
  readonly pass?: number | undefined;
  readonly marginal?: number | undefined;
}

/** How a stage ends. */
export interface StageVerdict {
  readonly passed: boolean;
  /** The run that decided, from 1. */
  readonly run: number;
  readonly reason: string;
}

/**
 * The stage's verdict from the scores of its runs in their order. A run at or below `marginal` ends the stage as failed
 * (the judge itself calls a score of exactly `marginal` marginal); otherwise the last run alone decides and must reach
 * `pass`. `truncate` (default) cuts scores and thresholds to whole numbers first, as Orca does: 94.99 counts as 94.
 * Without it this is Kayenta's own stage. Throws a RangeError without scores.
 */
export function verdictOfRuns(
  scores: readonly number[],
  thresholds: StageThresholds,
  { truncate = true }: { readonly truncate?: boolean } = {},
): StageVerdict {
  const cut = (value: number): number => (truncate ? Math.trunc(value) : value);
  const marginal = thresholds.marginal === undefined ? -Infinity : cut(thresholds.marginal);
  const last = scores.at(-1);
  if (last === undefined) throw new RangeError("no run has a score");
  const ended = scores.findIndex((each) => cut(each) <= marginal);
  if (ended !== -1) {
    const reason = `run ${ended + 1} scored ${cut(scores[ended] ?? 0)}, which is not above the marginal score ${marginal}`;
    return { passed: false, run: ended + 1, reason };
  }
  const run = scores.length;
  if (thresholds.pass === undefined) return { passed: true, run, reason: "no score is asked for" };
  const passed = cut(last) >= cut(thresholds.pass);
  const than = passed ? "which reaches" : "which is below";
  return { passed, run, reason: `the last run scored ${cut(last)}, ${than} the pass score ${cut(thresholds.pass)}` };
}
