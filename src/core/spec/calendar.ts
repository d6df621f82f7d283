// How does a file say when a rollout may go on?
import * as z from "zod";
import type { Calendar, OpenHours } from "../calendar.ts";
import { ms } from "../units.ts";
import { shown } from "./reading.ts";
import { rule } from "./rule.ts";

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;
const Day = z.enum(DAYS);
const EVERY_DAY = [...DAYS];

const Time = z
  .string()
  .regex(/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/u, {
    error: ({ input }) => `found ${shown(input)}, a time of day is from 00:00 to 24:00, such as "09:30"`,
  })
  .transform((text) => {
    const [hours, minutes] = text.split(":").map(Number);
    return (hours ?? 0) * 60 + (minutes ?? 0);
  });

function isZone(name: string): boolean {
  try {
    Intl.DateTimeFormat("en-US", { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const Zone = z.string().refine(isZone, {
  error: ({ input }) => `found ${shown(input)}, a time zone has a name such as UTC or Europe/Berlin`,
});

export const HoursSchema = rule(
  z.strictObject({
    days: z.array(Day).min(1).default(EVERY_DAY).describe("Days of the week: mon, tue, … Default: all."),
    from: Time.prefault("00:00").describe('Begins at this time of day, such as "09:00".'),
    to: Time.prefault("24:00").describe('Ends at this time of day, such as "16:30".'),
    zone: Zone.default("UTC").describe("The time zone of these times, such as Europe/Berlin."),
  }),
  ({ from, to }, report) => {
    if (from >= to)
      report(
        ["to"],
        "conflict",
        "it is not after from: hours end on the day they begin; over midnight are two entries",
      );
  },
).transform(({ days, from, to, zone }): OpenHours => ({
  days: days.map((day) => DAYS.indexOf(day)),
  fromMin: from,
  toMin: to,
  zone,
}));

/** A moment with its zone, or a day, which begins at midnight UTC. */
const Moment = z
  .union([z.iso.date(), z.iso.datetime({ offset: true, precision: null })], {
    error: ({ input }) => `found ${shown(input)}, a moment is such as 2026-12-24 or 2026-12-24T18:00:00+01:00`,
  })
  .pipe(z.coerce.date())
  .transform((moment) => ms(moment.getTime()));

const FreezeSchema = rule(
  z.strictObject({
    from: Moment.describe("Begins at this moment."),
    to: Moment.describe("Ends at this moment."),
    reason: z.string().min(1).default("freeze").describe("Why, for whoever waits."),
  }),
  ({ from, to }, report) => {
    if (from >= to) report(["to"], "conflict", "it is not after from: swap them");
  },
).transform(({ from, to, reason }) => ({ fromMs: from, toMs: to, reason }));

export const CalendarSchema = z
  .strictObject({
    hours: z.array(HoursSchema).default([]).describe("When a rollout may go on: in any of these. Default: always."),
    freezes: z.array(FreezeSchema).default([]).describe("When it may not, whatever the hours say."),
  })
  .transform(({ hours, freezes }): Calendar => ({ windows: hours, freezes }));
