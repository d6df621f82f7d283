// How much of the traffic had the canary, and what was decided on the way?
import { clipped, join, tag, words, type Markup } from "./markup.ts";
import type { DecisionReport, Report } from "./model.ts";
import { across, draw, line, placed, upwards, type Box } from "./plot.ts";
import { axisUnit, lasting, quantity } from "./quantity.ts";
import { scale, timeTicks, valueAxis, valueTicks, type Axis, type Range } from "./scale.ts";

const WIDE: Box = { width: 1000, height: 200, left: 56, right: 24, top: 34, bottom: 26 };
const NARROW: Box = { width: 480, height: 200, left: 56, right: 24, top: 34, bottom: 26 };

type Course = Pick<Report, "shares" | "measured" | "startedMs" | "untilMs" | "name">;

/** A canary that never had much would be a flat line on an axis to 100%. */
const MUCH = 0.4;
const PERCENT = axisUnit("share", 1);
const WHOLE_AXIS: Axis = { domain: [0, 1], step: 0.25, unit: PERCENT };

/** The share over time, with the decisions above it. */
export function sharePlot(report: Course, decisions: readonly DecisionReport[], room: "wide" | "narrow"): Markup {
  const box = room === "wide" ? WIDE : NARROW;
  const { shares, measured, startedMs, untilMs, name } = report;
  const highest = Math.max(...[...shares, ...measured].map(({ share }) => share));
  const times: Range = [0, Math.max(1, untilMs - startedMs, ...shares.map(({ atMs }) => atMs - startedMs))];
  const x = scale(times, across(box));
  const axis = highest > MUCH ? WHOLE_AXIS : valueAxis([highest || 0.01], PERCENT);
  const y = scale(axis.domain, upwards(box));
  // A service's later decisions may bear the number of its last rollout.
  const within = decisions.filter(({ atMs }) => atMs - startedMs <= times[1]);
  const marks = within.map((each) => mark(each, { px: x(each.atMs - startedMs), box, startedMs }));
  const steps = shares.map(({ atMs, share }, index) => {
    const px = x(atMs - startedMs);
    return index === 0 ? `M${px} ${y(share)}` : `H${px}V${y(share)}`;
  });
  const counted = measured.map(({ atMs, share }) => `${x(atMs - startedMs)} ${y(share)}`);
  const [low] = upwards(box);
  const end = x(times[1]);
  return draw({
    id: `share-${room}`,
    title: `The canary's share of the requests of ${name}`,
    description: spoken(report),
    box,
    x: placed(timeTicks(times, room === "wide" ? 10 : 5), x),
    y: placed(valueTicks(axis), y),
    inside: [
      tag("path", { class: "share-area", d: `${steps.join("")}H${end}V${low}H${x(0)}Z` }),
      tag("path", { class: "line canary", d: `${steps.join("")}H${end}` }),
      ...(counted.length > 1 ? [tag("path", { class: "line measured", d: `M${counted.join("L")}` })] : []),
    ],
    over: [join(marks)],
  });
}

/** The course in words: where the share changed, at most so often. */
const MOST_CHANGES = 12;

function spoken({ shares, startedMs }: Course): string {
  const changes = shares.filter(({ share }, index) => index === 0 || share !== shares[index - 1]?.share);
  const told = changes.slice(0, MOST_CHANGES).map(({ atMs, share }) => {
    return `${quantity(share, "share")} at ${lasting(atMs - startedMs)}`;
  });
  return `${told.join(", ")}${changes.length > MOST_CHANGES ? ", and further changes" : ""}.`;
}

/** A shape for every kind of decision, around its own middle; colour is never the only difference. */
const SHAPES: Readonly<Record<DecisionReport["kind"], string>> = {
  started: "M-3.5 -4.5L4.5 0L-3.5 4.5Z",
  step: "M0 -2.5A2.5 2.5 0 1 1 0 2.5A2.5 2.5 0 1 1 0 -2.5Z",
  verdict: "M0 -5L5 0L0 5L-5 0Z",
  command: "M-4 -4H4V4H-4Z",
  hook: "M-4 -1H0V-4L5 0L0 4V1H-4Z",
  queued: "M-4 -4.5H4V-1.5H-4ZM-4 1.5H4V4.5H-4Z",
  note: "M-4 -1.2H-1.2V-4H1.2V-1.2H4V1.2H1.2V4H-1.2V1.2H-4Z",
  back: "M-5 -4H5L0 5Z",
  ended: "M-4.5 -4.5H-1V4.5H-4.5ZM1 -4.5H4.5V4.5H1Z",
};

interface Place {
  readonly px: number;
  readonly box: Box;
  readonly startedMs: number;
}

function mark({ kind, atMs, text: said }: DecisionReport, { px, box, startedMs }: Place): Markup {
  const [low] = upwards(box);
  const isMinor = kind === "step" || kind === "note";
  return tag("g", { class: `mark ${kind}` }, [
    words("title", `${lasting(atMs - startedMs)}: ${clipped(said, 110)}`),
    ...(isMinor ? [] : [line({ class: "mark-line", from: [px, 18], to: [px, low] })]),
    tag("path", { transform: `translate(${px} 11)`, d: SHAPES[kind] }),
  ]);
}

/** A kind's shape by itself, for a legend or a table. */
export function shape(kind: DecisionReport["kind"]): Markup {
  return tag("svg", { class: `shape mark ${kind}`, viewBox: "-6 -6 12 12", "aria-hidden": "true" }, [
    tag("path", { d: SHAPES[kind] }),
  ]);
}
