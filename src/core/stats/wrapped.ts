// How do levels, events and single series take part in a verdict?
import { duration, ms } from "../units.ts";
import { anomalyReport, point, startAnomaly } from "./anomaly.ts";
import type { Background } from "./background.ts";
import { eventReport, type EventCounts, type EventRule, lookAtEvents, startEvents } from "./events.ts";
import * as figures from "./figures.ts";
import { gaugeReport, lookAtGauge, startGauge } from "./gauge.ts";
import { leakReport, lookAtLeak, startLeak } from "./leak.ts";
import type { AnomalyMetric, EventMetric, GaugeMetric, LeakMetric, Look, MetricVerdict } from "./plan.ts";
import { type Limits, shared } from "./shared-report.ts";
import { gaugeLook, numberOf, seriesKey, seriesPoint, toldBy } from "./signal-arms.ts";
import type { AnomalyMetricState, EventMetricState, GaugeMetricState, LeakMetricState } from "./state.ts";
import { startTops } from "./state.ts";

const begun = { goTop: 0, readings: 0, ...startTops() };

/** A level beyond its bound in so many minutes in a row is beyond it: one may be a hiccup. */
const BEYOND_BLOCKS = 3;

export const startGaugeMetric = (): GaugeMetricState => ({ kind: "gauge", inner: startGauge(), ...begun });

export function lookAtGaugeMetric(metric: GaugeMetric, state: GaugeMetricState, seen: Look): GaugeMetricState {
  const look = gaugeLook(metric.of, seen, metric.warmupMs);
  if (look === undefined || look.durationMs <= 0) return state;
  const below = [...look.canary, ...look.baseline].find(({ value }) => value < 0);
  if (below) {
    const refused = `${below.replica} tells ${figures.amount(below.value, metric.unit)}, and levels below 0 cannot be compared`;
    return { ...state, refused };
  }
  const inner = lookAtGauge(metric, state.inner, look);
  const { logGo } = gaugeReport(metric, inner);
  const readings = state.readings + look.canary.length;
  return { ...state, inner, goTop: Math.max(state.goTop, logGo), readings };
}

/** Whether the canary alone has been beyond the fixed bound for long enough, or both arms have. */
export function boundOfGauge(metric: GaugeMetric, state: GaugeMetricState): "broken" | "shared" | undefined {
  if (metric.max === undefined) return undefined;
  const { beyondAlone, beyondBoth } = gaugeReport(metric, state.inner);
  if (beyondAlone >= BEYOND_BLOCKS) return "broken";
  return beyondBoth >= BEYOND_BLOCKS ? "shared" : undefined;
}

type Report = ReturnType<typeof gaugeReport>;

function gaugeText(metric: GaugeMetric, { canary, baseline, interval, margin }: Report): string {
  if (canary === undefined) return "nothing was read of the canary yet";
  const own = figures.amount(canary, metric.unit);
  if (baseline === undefined) return `${own}; nothing on stable to compare with`;
  const range = interval ? ` (${figures.relative(interval[0])} to ${figures.relative(interval[1])})` : "";
  const least =
    margin > metric.harm + 1e-9
      ? `; replicas of stable differ so much that less than ${figures.share(margin)} cannot be told`
      : "";
  const limit =
    metric.max === undefined
      ? ""
      : `; ${metric.worse === "up" ? "at most" : "at least"} ${figures.amount(metric.max, metric.unit)} allowed`;
  return `${own} against ${figures.amount(baseline, metric.unit)} on stable${range}${limit}${least}`;
}

const NOTHING_READ = "has nothing to go by yet";

export function reportGauge(metric: GaugeMetric, state: GaugeMetricState, limits: Limits): MetricVerdict {
  const report = gaugeReport(metric, state.inner);
  const { logGo } = report;
  const common = shared(metric, state, { ...limits, logGo, goTop: state.goTop });
  const mustShow = metric.effect === "rollBack";
  const has = report.canary !== undefined && report.baseline !== undefined;
  // One minute at least, and as many as it takes to be beyond a bound: before that nothing could have been seen.
  const missing = Math.max(0, (metric.max === undefined ? 1 : BEYOND_BLOCKS) - report.blocks);
  const within = metric.max === undefined || (report.beyondAlone === 0 && report.beyondBoth === 0);
  const passes = mustShow ? common.noWorse : has && !common.blamed;
  const noWorse = state.refused === undefined && passes && within && missing === 0;
  const { blocksNeeded: needed } = report;
  const blocksNeeded = has && (missing > 0 || !mustShow) ? Math.max(1, missing) : needed;
  const more =
    !within && missing === 0
      ? "is beyond its bound"
      : blocksNeeded === undefined
        ? "is not within its margin so far"
        : `needs about ${duration(ms(blocksNeeded * 60_000))} more`;
  return {
    ...common,
    noWorse,
    mustShow,
    unit: metric.unit,
    canary: report.canary,
    baseline: report.baseline,
    interval: report.interval,
    canaryRequests: state.readings,
    baselineRequests: state.readings,
    needsRequests: undefined,
    missing: noWorse ? undefined : (state.refused ?? (has ? more : NOTHING_READ)),
    phi: 1,
    text: state.refused ?? gaugeText(metric, report),
  };
}

export const startLeakMetric = (): LeakMetricState => ({ kind: "leak", inner: startLeak(), ...begun });

export function lookAtLeakMetric(metric: LeakMetric, state: LeakMetricState, seen: Look): LeakMetricState {
  const look = gaugeLook({ from: "gauge", name: metric.gauge }, seen, metric.warmupMs);
  if (look === undefined || look.durationMs <= 0) return state;
  return { ...state, inner: lookAtLeak(metric, state.inner, look), readings: state.readings + look.canary.length };
}

function leakText(metric: LeakMetric, report: ReturnType<typeof leakReport>): string {
  const { canaryPerHour, baselinePerHour, hoursToLimit } = report;
  if (canaryPerHour === undefined) return "nothing is known of its growth yet";
  const own = `grows by ${figures.amount(canaryPerHour, metric.unit)}`;
  const other =
    baselinePerHour === undefined ? "" : ` against ${figures.amount(baselinePerHour, metric.unit)} on stable`;
  const left = hoursToLimit === undefined ? "" : `; reaches its limit in ${duration(ms(hoursToLimit * 3_600_000))}`;
  return `${own}${other}${left}`;
}

export function reportLeak(metric: LeakMetric, state: LeakMetricState, limits: Limits): MetricVerdict {
  const report = leakReport(metric, state.inner);
  const common = shared(metric, state, { ...limits, logGo: 0, goTop: 0 });
  const noWorse = state.readings > 0 && !common.blamed;
  return {
    ...common,
    noWorse,
    mustShow: false,
    unit: metric.unit,
    canary: report.canaryPerHour,
    baseline: report.baselinePerHour,
    canaryRequests: state.readings,
    baselineRequests: state.readings,
    needsRequests: undefined,
    missing: noWorse ? undefined : state.readings > 0 ? "grows" : NOTHING_READ,
    phi: 1,
    text: leakText(metric, report),
  };
}

export const startEventMetric = (): EventMetricState => ({ kind: "events", inner: startEvents(), ...begun });

const eventRule = ({ rho, per, bursts }: EventMetric): EventRule => ({
  rho,
  bursts,
  exposure: per === "time" ? "seconds" : "requests",
});

/** Events and what they are counted per, in both arms; nothing when the source has not read again. */
function eventsOf(metric: EventMetric, seen: Look): (EventCounts & { durationMs: number; rows: number }) | undefined {
  const told = toldBy(seen, [metric.counter]);
  if (told === undefined) return undefined;
  const sums = { canary: 0, baseline: 0, canaryExposure: 0, baselineExposure: 0, rows: 0 };
  for (const row of told.rows) {
    if (row.ageMs < metric.warmupMs) continue;
    const events = numberOf(row.values[metric.counter]) ?? 0;
    const arm = row.arm === "canary" ? "canary" : "baseline";
    sums[arm] += events;
    // A replica that is not ready runs too: that is when most crash.
    sums[`${arm}Exposure`] += metric.per === "time" ? told.durationMs / 1_000 : 0;
    if (arm === "canary") sums.rows += 1;
  }
  return { ...sums, durationMs: told.durationMs };
}

/** Requests since the events were last read: they come with every look, a source reads more rarely. */
function withRequests(state: EventMetricState, seen: Look): { canary: number; baseline: number } {
  const sums = { ...(state.requests ?? { canary: 0, baseline: 0 }) };
  for (const row of seen.rows) sums[row.arm === "canary" ? "canary" : "baseline"] += row.requests;
  return sums;
}

export function lookAtEventMetric(metric: EventMetric, state: EventMetricState, seen: Look): EventMetricState {
  const requests = metric.per === "requests" ? withRequests(state, seen) : undefined;
  const found = eventsOf(metric, seen);
  if (found === undefined || found.durationMs <= 0) return requests ? { ...state, requests } : state;
  const { rows, ...counted } = found;
  const exposed = requests
    ? {
        ...counted,
        // What a request has caused may be told before the request itself is counted.
        canaryExposure: Math.max(requests.canary, counted.canary),
        baselineExposure: Math.max(requests.baseline, counted.baseline),
      }
    : counted;
  const turned: typeof exposed =
    metric.worse === "up"
      ? exposed
      : {
          ...exposed,
          canary: exposed.baseline,
          baseline: exposed.canary,
          canaryExposure: exposed.baselineExposure,
          baselineExposure: exposed.canaryExposure,
        };
  const next = {
    ...state,
    inner: lookAtEvents(eventRule(metric), state.inner, turned),
    readings: state.readings + rows,
  };
  return requests ? { ...next, requests: { canary: 0, baseline: 0 } } : next;
}

export function reportEvents(metric: EventMetric, state: EventMetricState, limits: Limits): MetricVerdict {
  const said = eventReport(eventRule(metric), state.inner);
  const [own, other] = metric.worse === "up" ? [said.canary, said.baseline] : [said.baseline, said.canary];
  const rates = [said.canaryPerHour, said.baselinePerHour] as const;
  const [canary, baseline] = metric.worse === "up" ? rates : [rates[1], rates[0]];
  const common = shared(metric, state, { ...limits, logGo: 0, goTop: 0 });
  const noWorse = state.readings > 0 && !common.blamed;
  const rate = (value: number | undefined): string =>
    value === undefined ? "" : ` (${figures.amount(value, metric.per === "time" ? "1/h" : "1/request")})`;
  return {
    ...common,
    noWorse,
    mustShow: false,
    unit: metric.per === "time" ? "1/h" : "1/request",
    canary,
    baseline,
    canaryRequests: state.readings,
    baselineRequests: state.readings,
    needsRequests: undefined,
    missing: noWorse ? undefined : state.readings > 0 ? "happens too often" : NOTHING_READ,
    phi: 1,
    text:
      state.readings === 0
        ? `nothing was read of ${metric.counter} on the canary yet`
        : `${figures.count(own)} on the canary${rate(canary)} against ${figures.count(other)} on stable${rate(baseline)}`,
  };
}

/** What is usual is learnt before a rollout, too. */
export const startAnomalyMetric = (metric: AnomalyMetric, background: Background | undefined): AnomalyMetricState => ({
  kind: "anomaly",
  inner: background?.series?.[seriesKey(metric.of)] ?? startAnomaly(),
  ...begun,
});

/** One value of the whole service: replicas of all roles together, as users meet them. */
export function lookAtAnomaly(metric: AnomalyMetric, state: AnomalyMetricState, seen: Look): AnomalyMetricState {
  const found = seriesPoint(metric.of, seen);
  if (found === undefined) return state;
  const inner = point(state.inner, found.value, found.durationMs);
  return { ...state, inner, readings: state.readings + found.replicas };
}

const rule = (metric: AnomalyMetric): { arl: number; worse: AnomalyMetric["worse"] } => ({
  arl: metric.falseAlarmEveryMs / 60_000,
  worse: metric.worse,
});

export function reportAnomaly(metric: AnomalyMetric, state: AnomalyMetricState, limits: Limits): MetricVerdict {
  const said = anomalyReport(rule(metric), state.inner);
  const common = shared(metric, state, { ...limits, logGo: 0, goTop: 0 });
  const noWorse = state.readings > 0 && said.learning === 0 && !said.alarm;
  return {
    ...common,
    blamed: said.alarm,
    noWorse,
    mustShow: false,
    unit: metric.unit,
    canary: undefined,
    baseline: undefined,
    canaryRequests: state.readings,
    baselineRequests: state.readings,
    needsRequests: undefined,
    missing: noWorse
      ? undefined
      : said.alarm
        ? "is outside of its usual range"
        : said.learning > 0
          ? `learns what is usual for another ${duration(ms(said.learning * 60_000))}`
          : NOTHING_READ,
    phi: 1,
    text: said.text,
  };
}

export const badOfEvents = (metric: EventMetric, { inner }: EventMetricState): number =>
  eventReport(eventRule(metric), inner).logBad;
