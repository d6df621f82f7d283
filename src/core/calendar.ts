// When may a rollout go on?
import { duration, ms, type Ms } from "./units.ts";

/** Hours of some days of the week. */
export interface OpenHours {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes after midnight, both from 0 to 1 440, `from` before `to`. */
  readonly fromMin: number;
  readonly toMin: number;
  /** A name of the IANA time zone database. */
  readonly zone: string;
}

/** A stretch of time in which nothing goes on. */
interface Freeze {
  readonly fromMs: Ms;
  readonly toMs: Ms;
  readonly reason: string;
}

/** Hours in which a rollout may go on, any of them, and stretches of time in which it may not. */
export interface Calendar {
  /** None: always. */
  readonly windows: readonly OpenHours[];
  readonly freezes: readonly Freeze[];
}

/** Why nothing goes on at a moment, and until when as far as that is known within a week. */
export interface Closed {
  readonly why: string;
  readonly untilMs?: Ms | undefined;
}

const MINUTE_MS = 60_000;
const WEEK_MIN = 7 * 24 * 60;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

const FORMATS = new Map<string, Intl.DateTimeFormat>();

function formatOf(zone: string): Intl.DateTimeFormat {
  const known = FORMATS.get(zone);
  if (known) return known;
  const fields = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const format = new Intl.DateTimeFormat("en-US", { timeZone: zone, ...fields });
  FORMATS.set(zone, format);
  return format;
}

/** Whether the clocks of a zone show these hours. */
function isOpen({ days, fromMin, toMin, zone }: OpenHours, atMs: number): boolean {
  const parts = Object.fromEntries(
    formatOf(zone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  const minute = Number(parts["hour"]) * 60 + Number(parts["minute"]);
  return days.includes(DAYS.indexOf(parts["weekday"] ?? "")) && minute >= fromMin && minute < toMin;
}

/** Why nothing may go on now; `undefined` when it may. */
export function closed({ windows, freezes }: Calendar, nowMs: Ms): Closed | undefined {
  const freeze = freezes.find(({ fromMs, toMs }) => nowMs >= fromMs && nowMs < toMs);
  if (freeze) return { why: `frozen: ${freeze.reason}`, untilMs: freeze.toMs };
  if (windows.length === 0 || windows.some((hours) => isOpen(hours, nowMs))) return undefined;
  return { why: "outside its hours", untilMs: nextOpen(windows, nowMs) };
}

/** Looked for once: a search through a week is too much for every look. */
const FOUND = new WeakMap<readonly OpenHours[], { readonly fromMs: number; readonly toMs: Ms }>();

/** The next minute in which any of the hours begins, looked for minute by minute. */
function nextOpen(windows: readonly OpenHours[], nowMs: Ms): Ms | undefined {
  const found = FOUND.get(windows);
  if (found && nowMs >= found.fromMs && nowMs < found.toMs) return found.toMs;
  const first = Math.floor(nowMs / MINUTE_MS);
  const opens = (minute: number): boolean => windows.some((hours) => isOpen(hours, minute * MINUTE_MS));
  for (let minute = first + 1; minute <= first + WEEK_MIN; minute += 1) {
    if (!opens(minute)) continue;
    const toMs = ms(minute * MINUTE_MS);
    FOUND.set(windows, { fromMs: nowMs, toMs });
    return toMs;
  }
  return undefined;
}

/** `frozen: holidays; for another 3d`. */
export function closedText({ why, untilMs }: Closed, nowMs: Ms): string {
  return untilMs === undefined ? why : `${why}; for another ${duration(ms(untilMs - nowMs))}`;
}
