// How is a forecast told to people?
import * as figures from "../stats/figures.ts";
import { duration, ms, percent } from "../units.ts";
import { LONGEST_MS } from "./forecast-walk.ts";
import { percentText } from "./metric-text.ts";
import { times } from "./forecast-advice.ts";
import { type Caught, MOST_SLOWER } from "./forecast-caught.ts";
import type { Traffic } from "./forecast-chances.ts";
import type { Bad, Forecast, Moment, StepForecast } from "./forecast.ts";

/** A table: its rows begin with the head. */
type Rows = readonly (readonly string[])[];

/** Paragraphs and tables, in the order in which they are read. */
export interface ForecastText {
  readonly traffic: string;
  readonly steps: Rows;
  readonly bad: Rows;
  readonly good: readonly string[];
  readonly unforecast: readonly string[];
  readonly advice: readonly string[];
}

const NOTHING = "–";

/** Everything that a person reads; tables are empty when there is nothing to tell. */
export function textOf(forecast: Forecast): ForecastText {
  return {
    traffic: `Forecast for ${trafficText(forecast.traffic)}:`,
    steps: forecast.steps.length > 0 ? stepRows(forecast) : [],
    bad: forecast.bad.length > 0 ? badRows(forecast) : [],
    good: goodTexts(forecast),
    unforecast: forecast.unforecast.map(({ name, why }) => `Not forecast: ${name}; ${why}.`),
    advice: forecast.advice,
  };
}

function trafficText({ perSecond, errors, latency, phi = 1, source }: Traffic): string {
  const rate = perSecond >= 10 ? figures.count(perSecond) : String(Number(perSecond.toPrecision(2)));
  const bursts = phi > 1 ? `, in bursts of ${Number(((phi + 1) / 2).toFixed(1))} on average` : "";
  const speed =
    latency && "p50Ms" in latency
      ? `, median ${figures.latency(latency.p50Ms)}, 99th percentile ${figures.latency(latency.p99Ms)}`
      : "";
  const from = source === "measured" ? ", measured on the stable version" : "";
  return `${rate} requests a second, ${shareText(errors)} of them failing${bursts}${speed}${from}`;
}

/** A share that was given, or one that follows from it: no digits that nobody wrote. */
function shareText(share: number): string {
  return percentText(Number(share.toPrecision(2)));
}

function stepRows({ steps, tail }: Forecast): Rows {
  const errors = steps.some(({ caught }) => "errors" in caught);
  const head = ["step", "share", "time", "canary requests"];
  if (errors) head.push("errors caught");
  if (tail !== undefined) head.push("all slower", `slowest ${shareText(tail)} slower`);
  return [head, ...steps.map((step) => stepRow(step, { errors, latency: tail !== undefined }))];
}

function stepRow(step: StepForecast, has: { errors: boolean; latency: boolean }): readonly string[] {
  const { caught } = step;
  return [
    `${step.step} ${step.op}`,
    percent(step.share),
    timeText(step),
    figures.about(step.canaryRequests),
    ...(has.errors ? [errorsText(caught)] : []),
    ...(has.latency ? [slowerText(caught.everything), slowerText(caught.slowest)] : []),
  ];
}

function timeText({ op, durationMs, judged }: StepForecast): string {
  const isEndless = op === "judge" && judged !== undefined && judged.halfMs === undefined && durationMs >= LONGEST_MS;
  if (isEndless) return "without end";
  const time = duration(ms(rounded(durationMs)));
  if (op !== "judge" || judged === undefined) return time;
  if (judged.passes < 0.5 || judged.halfMs === undefined) return `${time}, undecided`;
  if (judged.passes < 0.9 || judged.ninetyMs === undefined)
    return `${time}, ${Math.round(100 * judged.passes)}% in time`;
  return `${time}, 90% in ${duration(ms(rounded(Math.max(judged.ninetyMs, durationMs))))}`;
}

/** Two digits are more than is known of a time that depends on chance. */
function rounded(timeMs: number): number {
  if (timeMs < 10_000) return Math.round(timeMs / 100) * 100;
  return timeMs < 600_000 ? Math.round(timeMs / 1_000) * 1_000 : Math.round(timeMs / 60_000) * 60_000;
}

const errorsText = ({ errors }: Caught): string => (errors === undefined ? "nothing" : `from ${figures.share(errors)}`);

const slowerText = (factor: number | undefined): string =>
  factor === undefined ? `not even ${MOST_SLOWER}×` : `from ${times(factor)}`;

const HEAD = ["a version with", "is caught", "half of them", "90% of them", "failed requests"];

function badRows({ bad }: Forecast): Rows {
  return [HEAD, ...bad.map((one) => badRow(one))];
}

function badRow(bad: Bad): readonly string[] {
  const what =
    bad.times === undefined
      ? bad.errors === 1
        ? "every request failing"
        : `${shareText(bad.errors)} failing`
      : `${bad.times}× the errors, ${shareText(bad.errors)}`;
  return [
    what,
    chanceText(bad.caught),
    momentText(bad.half),
    momentText(bad.ninety),
    `about ${figures.about(Math.max(1, bad.failed))}`,
  ];
}

function chanceText(chance: number): string {
  if (chance > 0.99) return "in over 99%";
  return chance < 0.01 ? "in under 1%" : `in ${Math.round(100 * chance)}%`;
}

function momentText(moment: Moment | undefined): string {
  if (moment === undefined) return NOTHING;
  const requests = Math.max(1, Math.ceil(moment.canaryRequests));
  return `in ${duration(ms(rounded(moment.ms)))}, ${figures.about(requests)} requests`;
}

function goodTexts({ durationMs, starts, falseRollback, steps, endless }: Forecast): readonly string[] {
  const back =
    falseRollback === undefined
      ? []
      : [`A version as good as stable is rolled back in at most ${percentText(falseRollback)} of rollouts.`];
  if (endless !== undefined) return [`A good version would wait at step ${endless} for ever.`, ...back];
  const start = starts === 0 ? "" : ` and ${starts} ${starts === 1 ? "start" : "starts"} of replicas`;
  const about = steps.some(({ op }) => op === "judge" || op === "ramp") ? "about " : "";
  return [`A good version takes ${about}${duration(ms(rounded(durationMs)))}${start}.`, ...back];
}
