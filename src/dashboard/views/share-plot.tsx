// How much of the traffic had the canary, over time?
import type { Report } from "../../report/model.ts";
import { lasting, quantity } from "../../report/quantity.ts";
import { timeTicks, valueAxis, valueTicks } from "../../report/scale.ts";
import { Plot } from "../parts/plot.tsx";

/** A canary that never had much would be a flat line on an axis to 100%. */
const MUCH = 0.4;
const PERCENT = { factor: 100, suffix: "%" };

export function SharePlot({ report }: { readonly report: Report }) {
  const { startedMs, untilMs, shares, measured } = report;
  const moments = [...new Set([...shares, ...measured].map(({ atMs }) => atMs).concat(untilMs))].toSorted(
    (a, b) => a - b,
  );
  const highest = Math.max(0.01, ...shares.map(({ share }) => share), ...measured.map(({ share }) => share));
  const axis = highest > MUCH ? { domain: [0, 1] as const, step: 0.25, unit: PERCENT } : valueAxis([highest], PERCENT);
  const wanted = moments.map((atMs) => shares.findLast((point) => point.atMs <= atMs)?.share ?? null);
  const byMoment = new Map(measured.map(({ atMs, share }) => [atMs, share]));
  const seen = moments.map((atMs) => byMoment.get(atMs) ?? null);
  const ticks = valueTicks(axis);
  const last = shares.at(-1)?.share ?? 0;
  return (
    <Plot
      title="The canary’s share over time"
      said={`The canary’s share of the requests: ${quantity(last, "share")} after ${lasting(untilMs - startedMs)}; ${quantity(highest, "share")} at its highest. The figures are in the table below.`}
      times={moments.map((atMs) => (atMs - startedMs) / 1_000)}
      lines={[
        { label: "wanted", color: "--canary", values: wanted, isStepped: true },
        ...(measured.length > 0 ? [{ label: "measured", color: "--stable", values: seen, dash: [4, 3] }] : []),
      ]}
      range={axis.domain}
      ticks={ticks.map(({ at }) => at)}
      write={(value) => quantity(value, "share")}
      writeTime={writeTime}
      height={150}
    />
  );
}

/** Seconds since the beginning. */
export const writeTime = (seconds: number): string =>
  timeTicks([seconds * 1_000, seconds * 1_000], 1)[0]?.label ?? lasting(seconds * 1_000);
