// What is known of a framework's metrics, and in which words is it said?
import { buckets, level, type Preset, share } from "../presets.ts";

/** A framework, a server or a library whose page has names that are known. */
export interface Framework {
  /** What people call it. */
  readonly title: string;
  /** Where its page usually is. */
  readonly path: string;
  /** Selectors that all have a series on its page… */
  readonly has: readonly string[];
  /** …and others that have none. */
  readonly lacks?: readonly string[];
  /** Frameworks whose figures stand on its page too, and say less or are about something else. */
  readonly hides?: readonly string[];
  /** What each figure is made of, by the name that follows the framework's: `spring-boot:errors`. */
  readonly figures: Readonly<Record<string, Preset>>;
}

/** Answers that failed, by two counters. */
export const failed = (about: string, bad: string, total: string): Preset => ({
  ...share(about),
  needs: [],
  words: ["requests", "failed"],
  margin: 0.005,
  part: bad,
  whole: total,
});

/** Answers that say that the request was wrong, by two counters. */
export const refused = (about: string, bad: string, total: string): Preset => ({
  ...share(about),
  needs: [],
  words: ["requests", "were refused"],
  part: bad,
  whole: total,
});

/** A mean, by a sum and a count that only grow. */
export const mean = (about: string, unit: string, [sum, count]: readonly [sum: string, count: string]): Preset =>
  level(about, { of: { from: "mean", sum, count }, unit });

/** A level. */
export const gauge = (about: string, unit: string, name: string): Preset =>
  level(about, { of: { from: "gauge", name }, unit });

/** A counter, per second. */
export const rate = (about: string, unit: string, name: string): Preset =>
  level(about, { of: { from: "rate", name }, unit });

/** Values in buckets. */
export const histogram = (about: string, unit: string, name: string): Preset => ({
  ...buckets(about),
  needs: [],
  unit,
  histogram: name,
});

/** Things that happen seldom, and not one by one. */
export const events = (about: string, counter: string): Preset => ({
  kind: "events",
  about,
  needs: [],
  unit: "1/h",
  effect: "hold",
  counter,
  bursts: true,
  per: "time",
  worse: "up",
  margin: 1,
  tolerate: 0.5,
});
