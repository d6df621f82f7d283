// How does something go over time?
import { useEffect, useEffectEvent, useId, useRef } from "react";
import uPlot from "uplot";
import { useColors } from "./theme.tsx";

interface Line {
  readonly label: string;
  /** A custom property: `--canary`. */
  readonly color: string;
  /** One for each moment; null where there is none. */
  readonly values: readonly (number | null)[];
  /** Lines differ by more than their colour. */
  readonly dash?: readonly number[] | undefined;
  readonly isStepped?: boolean | undefined;
  /** Stands before the others, and has no line of its own: an end of a band. */
  readonly isBandEnd?: boolean | undefined;
}

/** A level that means something, such as a limit. */
interface Level {
  readonly at: number;
  readonly label: string;
  readonly color: string;
}

interface PlotProps {
  readonly title: string;
  /** What the picture shows, for whoever does not see it. */
  readonly said: string;
  /** Moments, in seconds since the rollout began. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  /** Indexes of the upper and lower line of a band. */
  readonly band?: readonly [upper: number, lower: number] | undefined;
  readonly levels?: readonly Level[] | undefined;
  readonly range: readonly [low: number, high: number];
  /** How a value is written on the axis and in the table. */
  readonly write: (value: number) => string;
  readonly writeTime: (seconds: number) => string;
  /** Where the axis is marked, when not evenly. */
  readonly ticks?: readonly number[] | undefined;
  readonly height?: number;
}

/** Rows of the table that says the same as the picture. */
const ROWS = 12;

export function Plot(props: PlotProps) {
  const { title, said, lines, height = 180 } = props;
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const colors = useColors();
  const id = useId();
  const shape = JSON.stringify([
    lines.map(({ label, color, dash }) => [label, color, dash]),
    props.levels,
    props.range,
  ]);
  const draw = useEffectEvent((element: HTMLElement) => new uPlot(optionsOf(props, element), dataOf(props), element));
  const fill = useEffectEvent(() => plot.current?.setData(dataOf(props)));
  // Drawn anew when its form changes; else it only gets its new points.
  useEffect(() => {
    const element = holder.current;
    if (!element) return undefined;
    const drawn = draw(element);
    plot.current = drawn;
    const watcher = new ResizeObserver(() => drawn.setSize({ width: element.clientWidth, height }));
    watcher.observe(element);
    return () => {
      watcher.disconnect();
      drawn.destroy();
    };
  }, [shape, colors, height]);
  useEffect(() => fill(), [props.times, props.lines]);
  return (
    <figure className="plot" aria-labelledby={id}>
      <figcaption id={id}>
        <span className="strong">{title}</span>
        <Legend {...props} />
      </figcaption>
      <div role="img" aria-label={said} ref={holder} className="plot-canvas" style={{ minHeight: height }} />
      <Figures {...props} />
    </figure>
  );
}

function Legend({ lines, levels = [] }: PlotProps) {
  const named = [
    ...lines.filter(({ isBandEnd }) => !isBandEnd).map(({ label, color, dash }) => ({ label, color, dash })),
    ...levels.map(({ label, color }) => ({ label, color, dash: [2, 3] })),
  ];
  return (
    <ul className="legend">
      {named.map(({ label, color, dash }) => (
        <li key={label}>
          <svg width="22" height="8" aria-hidden="true" focusable="false">
            <line
              x1="1"
              y1="4"
              x2="21"
              y2="4"
              stroke={`var(${color})`}
              strokeWidth="2"
              strokeDasharray={dash?.join(" ")}
            />
          </svg>
          {label}
        </li>
      ))}
    </ul>
  );
}

function Figures({ times, lines, write, writeTime, title }: PlotProps) {
  const shown = lines.filter(({ isBandEnd }) => !isBandEnd);
  const stride = Math.max(1, Math.ceil(times.length / ROWS));
  const picked = times.map((_time, index) => index).filter((index) => (times.length - 1 - index) % stride === 0);
  return (
    <details className="figures">
      <summary>Figures</summary>
      <table>
        <caption className="hidden">{title}</caption>
        <thead>
          <tr>
            <th scope="col">after</th>
            {shown.map(({ label }) => (
              <th scope="col" className="number" key={label}>
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {picked.map((index) => (
            <tr key={index}>
              <th scope="row">{writeTime(times[index] ?? 0)}</th>
              {shown.map(({ label, values }) => {
                const value = values[index];
                return (
                  <td className="number" key={label}>
                    {value === null || value === undefined ? "–" : write(value)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

const dataOf = ({ times, lines }: PlotProps): uPlot.AlignedData => [
  [...times],
  ...lines.map(({ values }) => [...values]),
];

/** What a custom property is right now. */
function colorOf(name: string, within: HTMLElement): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  within.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

const FONT = "12px system-ui, sans-serif";

function optionsOf(props: PlotProps, element: HTMLElement): uPlot.Options {
  const { lines, band, range, write, writeTime, ticks, height = 180 } = props;
  const color = (name: string): string => colorOf(name, element);
  const [soft, line] = [color("--text-soft"), color("--line")];
  const axis = { stroke: soft, font: FONT, grid: { stroke: line, width: 1 }, ticks: { show: false } };
  return {
    width: element.clientWidth,
    height,
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 } },
    scales: { x: { time: false }, y: { range: [range[0], range[1]] } },
    series: [
      {},
      ...lines.map((each) => ({
        label: each.label,
        stroke: each.isBandEnd ? "transparent" : color(each.color),
        width: each.isBandEnd ? 0 : 2,
        points: { show: false },
        spanGaps: true,
        ...(each.dash ? { dash: [...each.dash] } : {}),
        ...(each.isStepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      })),
    ],
    ...(band ? { bands: [{ series: [band[0] + 1, band[1] + 1], fill: color("--canary-soft") }] } : {}),
    axes: [
      { ...axis, size: 26, space: 70, values: (_plot, at) => at.map(writeTime) },
      {
        ...axis,
        size: (_plot, values) => Math.max(36, ...(values ?? []).map((each) => each.length * 7 + 14)),
        space: 32,
        values: (_plot, at) => at.map(write),
        ...(ticks ? { splits: () => [...ticks] } : {}),
      },
    ],
    hooks: { draw: [(plot) => drawLevels(plot, props, color)] },
  };
}

function drawLevels(plot: uPlot, { levels = [] }: PlotProps, color: (name: string) => string): void {
  const { ctx, bbox } = plot;
  for (const level of levels) {
    const y = Math.round(plot.valToPos(level.at, "y", true));
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.save();
    ctx.strokeStyle = color(level.color);
    ctx.lineWidth = devicePixelRatio * 1.5;
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.restore();
  }
}
