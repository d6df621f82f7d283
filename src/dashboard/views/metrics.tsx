// What does each metric say of canary and stable, and how strong is the evidence?
import { memo } from "react";
import type { MetricReport, Report } from "../../report/model.ts";
import { axisUnit, finite, interval, odds, quantity, sure } from "../../report/quantity.ts";
import { oddsTicks, valueAxis, valueTicks } from "../../report/scale.ts";
import { roleOf, sinceStart } from "../../report/told.ts";
import type { Sign } from "../data/words.ts";
import { Panel } from "../parts/panel.tsx";
import { Plot } from "../parts/plot.tsx";
import { Pill } from "../parts/sign.tsx";
import { writeTime } from "./share-plot.tsx";

export function Metrics({ report }: { readonly report: Report }) {
  return report.metrics.map((metric) => <Metric key={metric.name} metric={metric} report={report} />);
}

function signOf(metric: MetricReport, report: Report): Sign {
  const word = roleOf(metric, report);
  if (metric.did === "rollBack") return { word, icon: "back", tone: "back" };
  if (metric.did === "hold") return { word, icon: "pause", tone: "held" };
  return metric.noWorse ? { word, icon: "check", tone: "good" } : { word, icon: "scales", tone: "way" };
}

interface Props {
  readonly metric: MetricReport;
  readonly report: Report;
}

function Metric({ metric, report }: Props) {
  const { name, label, unit, canary, baseline, effect } = metric;
  const { canaryRequests, baselineRequests, sinceMs } = metric;
  return (
    <Panel title={name} className="metric" beside={<Pill sign={signOf(metric, report)} />}>
      <p className="metric-text">{`${metric.text}${/[.!?]$/u.test(metric.text) ? "" : "."}`}</p>
      <dl className="figures-row">
        <Figure name={label === name ? "canary" : `canary, ${label}`} color="canary" value={quantity(canary, unit)} />
        <Figure name="stable" color="stable" value={quantity(baseline, unit)} />
        <Figure name="difference, 95%" value={interval(metric.interval, unit)} />
        {!metric.isScored && <Figure name="sure it is worse" value={sure(metric.logBad)} />}
        {!metric.isScored && <Figure name="sure it is no worse" value={sure(metric.logGo)} />}
      </dl>
      <div className="plots">
        <Estimates metric={metric} report={report} />
        <Evidence metric={metric} report={report} />
      </div>
      <p className="soft small">
        {[
          `${canaryRequests} canary and ${baselineRequests} stable requests counted`,
          ...(sinceMs === undefined ? [] : [`evidence that it is worse rose since ${sinceStart(report, sinceMs)}`]),
          ...(effect === "hold" ? ["when worse, it holds the rollout and does not take it back"] : []),
        ].join("; ")}
        .
      </p>
    </Panel>
  );
}

function Figure({ name, value, color }: { readonly name: string; readonly value: string; readonly color?: string }) {
  return (
    <div>
      <dt>{color ? <span className={`role ${color}`}>{name}</span> : name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** A picture of fewer moments says nothing that the figures do not. */
const FEWEST = 2;

const secondsOf = ({ points }: MetricReport, { startedMs }: Report): readonly number[] =>
  points.map(({ atMs }) => (atMs - startedMs) / 1_000);

const Estimates = memo(function Estimates({ metric, report }: Props) {
  const { points, unit, name } = metric;
  if (points.length < FEWEST) return null;
  const values = points.flatMap(({ canary, baseline }) => [canary ?? 0, baseline ?? 0]);
  const top = Math.max(...values);
  const band = points.map(({ band: each }) => each && ([each[0], Math.min(each[1], 3 * top || each[1])] as const));
  const axis = valueAxis([...values, ...band.flatMap((each) => (each ? [...each] : []))], axisUnit(unit, top));
  const ticks = new Map(valueTicks(axis).map(({ at, label }) => [at, label]));
  const write = (value: number): string => ticks.get(value) ?? quantity(value, unit);
  const said = `${name} over time: the canary ${quantity(metric.canary, unit)}, stable ${quantity(metric.baseline, unit)} at last. The figures are in the table below.`;
  return (
    <Plot
      title="Canary and stable"
      said={said}
      times={secondsOf(metric, report)}
      lines={[
        { label: "95%, high", color: "--canary", values: band.map((each) => each?.[1] ?? null), isBandEnd: true },
        { label: "95%, low", color: "--canary", values: band.map((each) => each?.[0] ?? null), isBandEnd: true },
        { label: "canary", color: "--canary", values: points.map(({ canary }) => canary ?? null) },
        { label: "stable", color: "--stable", values: points.map(({ baseline }) => baseline ?? null), dash: [5, 4] },
      ]}
      band={[0, 1]}
      range={axis.domain}
      ticks={[...ticks.keys()]}
      write={write}
      writeTime={writeTime}
    />
  );
});

/** Evidence beyond this is drawn at the edge. */
const BEYOND = 4;

const Evidence = memo(function Evidence({ metric, report }: Props) {
  const { points, isScored, name, logBad, logGo } = metric;
  const { limits } = report;
  if (points.length < FEWEST || isScored) return null;
  const [bad, go] = [points.map((point) => finite(point.logBad)), points.map((point) => finite(point.logGo))];
  const known = [...bad, ...go].filter((value) => value !== undefined);
  const high = Math.max(limits.worse, limits.noWorse, ...known.map((value) => Math.min(value, BEYOND * limits.worse)));
  const low = Math.max(-limits.worse, Math.min(-1, ...known));
  const range = [low - 0.3, high * 1.06] as const;
  const kept = (values: readonly (number | undefined)[]): readonly (number | null)[] =>
    values.map((value) => (value === undefined ? null : Math.min(range[1], Math.max(range[0], value))));
  const ticks = new Map(oddsTicks(range).map(({ at, label }) => [at, label]));
  return (
    <Plot
      title="Evidence, as odds"
      said={`Evidence on ${name}: ${odds(logBad)} that the canary is worse, which goes back at ${odds(limits.worse)}; ${odds(logGo)} that it is no worse, which is shown at ${odds(limits.noWorse)}.`}
      times={secondsOf(metric, report)}
      lines={[
        { label: "worse", color: "--back", values: kept(bad) },
        { label: "no worse", color: "--good", values: kept(go), dash: [5, 4] },
      ]}
      levels={[
        { at: limits.worse, label: `goes back at ${odds(limits.worse)}`, color: "--back" },
        { at: limits.noWorse, label: `shown at ${odds(limits.noWorse)}`, color: "--good" },
      ]}
      range={range}
      ticks={[...ticks.keys()]}
      write={(value) => ticks.get(value) ?? odds(value)}
      writeTime={writeTime}
    />
  );
});
