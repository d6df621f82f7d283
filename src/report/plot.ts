// What do all plots look like, and how does a course become a line?
import { join, tag, words, type Markup } from "./markup.ts";
import type { Range, Tick } from "./scale.ts";

/** Pixels of a plot and of the room around it. */
export interface Box {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const across = ({ left, width, right }: Box): Range => [left, width - right];
export const upwards = ({ top, height, bottom }: Box): Range => [height - bottom, top];

/** A named value at its pixel. */
export interface Named {
  readonly px: number;
  readonly label: string;
}

export const placed = (ticks: readonly Tick[], at: (value: number) => number): Named[] =>
  ticks.map((tick) => ({ px: at(tick.at), label: tick.label }));

export interface Plot {
  /** Unique on its page. */
  readonly id: string;
  readonly title: string;
  /** What the picture shows, for those who do not see it. */
  readonly description: string;
  readonly box: Box;
  readonly x: readonly Named[];
  readonly y: readonly Named[];
  /** Drawn within the axes, and cut off at them. */
  readonly inside: readonly Markup[];
  /** Drawn over all. */
  readonly over?: readonly Markup[];
}

/** A plot as SVG, in the colours of the page's style sheet. */
export function draw({ id, title, description, box, x, y, inside, over = [] }: Plot): Markup {
  const [left, right] = across(box);
  const [low, high] = upwards(box);
  const area = { x: left, y: high, width: right - left, height: low - high };
  return tag(
    "svg",
    { viewBox: `0 0 ${box.width} ${box.height}`, role: "img", "aria-labelledby": `${id}-title ${id}-description` },
    [
      words("title", title, { id: `${id}-title` }),
      words("desc", description, { id: `${id}-description` }),
      tag("clipPath", { id: `${id}-area` }, [tag("rect", area)]),
      ...y.flatMap(({ px, label }) => [
        line({ class: "grid", from: [left, px], to: [right, px] }),
        words("text", label, { x: left - 6, y: px + 4, "text-anchor": "end" }),
      ]),
      ...x.flatMap(({ px, label }) => [
        line({ class: "axis", from: [px, low], to: [px, low + 4] }),
        words("text", label, { x: px, y: low + 17, "text-anchor": "middle" }),
      ]),
      tag("g", { "clip-path": `url(#${id}-area)` }, inside),
      line({ class: "axis", from: [left, low], to: [right, low] }),
      ...over,
    ],
  );
}

type Point = readonly [x: number, y: number];

export function line({ class: kind, from, to }: { class: string; from: Point; to: Point }): Markup {
  return tag("line", { class: kind, x1: from[0], y1: from[1], x2: to[0], y2: to[1] });
}

/** A moment in milliseconds, and what lay there in pixels; nothing where nothing is known. */
export interface Spot<T = number> {
  readonly atMs: number;
  readonly x: number;
  readonly y: T | undefined;
}

/** A pause so many times as long as usual, and so long at least, is a gap: nothing was seen in it. */
const GAP = { times: 4, leastMs: 3_000 } as const;

/** Cuts a course into pieces without gaps, of one spot or more. */
export function pieces<T>(spots: readonly Spot<T>[]): (readonly (Spot<T> & { readonly y: T })[])[] {
  const distances = spots.slice(1).map(({ atMs }, index) => atMs - (spots[index]?.atMs ?? atMs));
  const usual = distances.toSorted((a, b) => a - b)[Math.floor(distances.length / 2)] ?? 0;
  const longest = Math.max(GAP.times * usual, GAP.leastMs);
  const all: (Spot<T> & { readonly y: T })[][] = [];
  let before: number | undefined;
  for (const { atMs, x, y } of spots) {
    const last = all.at(-1);
    if (y === undefined) before = undefined;
    else {
      if (last === undefined || before === undefined || atMs - before > longest) all.push([{ atMs, x, y }]);
      else last.push({ atMs, x, y });
      before = atMs;
    }
  }
  return all;
}

/** A course as lines; what stands alone is a dot. */
export function course(spots: readonly Spot[], kind: string): Markup {
  return join(
    pieces(spots).map((piece) => {
      const [first] = piece;
      if (piece.length === 1 && first) return tag("circle", { class: `dot ${kind}`, cx: first.x, cy: first.y, r: 2.5 });
      return tag("path", { class: `line ${kind}`, d: `M${piece.map(({ x, y }) => `${x} ${y}`).join("L")}` });
    }),
  );
}

/** The room between two courses; what stands alone is a stroke. */
export function band(spots: readonly Spot<readonly [low: number, high: number]>[], kind: string): Markup {
  return join(
    pieces(spots).map((piece) => {
      const [first] = piece;
      const there = piece.map(({ x, y }) => `${x} ${y[0]}`);
      const back = piece.toReversed().map(({ x, y }) => `${x} ${y[1]}`);
      if (piece.length > 1 || !first) return tag("path", { class: kind, d: `M${[...there, ...back].join("L")}Z` });
      return line({ class: `line ${kind}`, from: [first.x, first.y[0]], to: [first.x, first.y[1]] });
    }),
  );
}

/** A label beside the end of a line. */
export interface End {
  readonly y: number;
  readonly kind: string;
  readonly lines: readonly string[];
}

const LINE_PX = 13;

/** Labels beside their lines' ends, moved apart where they would overlap, within the plot. */
export function ends(labels: readonly End[], box: Box): Markup {
  const [low, high] = upwards(box);
  const sorted = labels.toSorted((a, b) => a.y - b.y);
  const tall = (end: End | undefined): number => (end?.lines.length ?? 0) * LINE_PX + 3;
  const tops: number[] = [];
  for (const [index, end] of sorted.entries()) {
    const wanted = Math.min(Math.max(end.y, high), low) - tall(end) / 2;
    tops.push(Math.max(wanted, (tops[index - 1] ?? high - 12) + tall(sorted[index - 1])));
  }
  // What was pushed below the axis moves up again, and pushes the ones above it.
  let floor = low + 8;
  for (let index = sorted.length - 1; index >= 0; index--) {
    tops[index] = Math.min(tops[index] ?? floor, floor - tall(sorted[index]));
    floor = tops[index] ?? floor;
  }
  const x = box.width - box.right + 7;
  return join(
    sorted.flatMap(({ kind, lines }, index) =>
      lines.map((each, row) =>
        words("text", each, { class: `end ${kind}`, x, y: round((tops[index] ?? 0) + 11 + row * LINE_PX) }),
      ),
    ),
  );
}

const round = (px: number): number => Math.round(px * 10) / 10;
