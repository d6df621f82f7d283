// How does the chance to be caught grow with what is wrong?
import { useId } from "react";
import type { Step } from "../data/rehearsal-words.ts";

const [WIDTH, HEIGHT] = [360, 190];
const [LEFT, RIGHT, TOP, BOTTOM] = [44, 12, 12, 28];
const LEVELS = [0, 0.25, 0.5, 0.75, 1];

const yOf = (share: number): number => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);

/** Points with the interval of each; the steps stand evenly apart. */
export function ChancePlot({ title, steps }: { readonly title: string; readonly steps: readonly Step[] }) {
  const id = useId();
  const apart = (WIDTH - LEFT - RIGHT) / Math.max(1, steps.length);
  const xOf = (index: number): number => LEFT + apart * (index + 0.5);
  const said = `${title}; taken back: ${steps.map((step) => step.said).join(", ")}`;
  return (
    <figure className="chance" aria-labelledby={id}>
      <figcaption id={id} className="strong">
        {title}
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={said}>
        {LEVELS.map((level) => (
          <g key={level}>
            <line className="grid" x1={LEFT} x2={WIDTH - RIGHT} y1={yOf(level)} y2={yOf(level)} />
            <text x={LEFT - 6} y={yOf(level) + 4} textAnchor="end">{`${100 * level}%`}</text>
          </g>
        ))}
        <polyline
          className="chance-line"
          points={steps.map(({ share }, index) => `${xOf(index)},${yOf(share)}`).join(" ")}
        />
        {steps.map(({ label, share, interval: [low, high] }, index) => (
          <g key={label}>
            <path
              className="whisker"
              d={`M${xOf(index)} ${yOf(low)}V${yOf(high)}M${xOf(index) - 5} ${yOf(low)}h10M${xOf(index) - 5} ${yOf(high)}h10`}
            />
            <circle className="chance-point" cx={xOf(index)} cy={yOf(share)} r="4" />
            <text x={xOf(index)} y={HEIGHT - 8} textAnchor="middle">
              {label}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  );
}
