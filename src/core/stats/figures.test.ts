// Are figures written as people read them?
import { expect, test } from "vitest";
import * as figures from "./figures.ts";

test.each([
  [figures.count(3_708), "3 708"],
  [figures.count(1_080_000), "1 080 000"],
  [figures.count(412), "412"],
  [figures.share(0.031), "3.1%"],
  [figures.share(0.001), "0.10%"],
  [figures.share(0.12), "12%"],
  [figures.share(0), "0%"],
  [figures.share(1), "100%"],
  [figures.share(0.9999), "over 99%"],
  [figures.share(0.000_05), "0.0050%"],
  [figures.share(1e-7), "under 0.0001%"],
  [figures.points(0.02), "+2.0"],
  [figures.points(-0.003), "−0.30"],
  [figures.points(0), "0"],
  [figures.sureness(0.9939), "99.3%"],
  [figures.sureness(0.999_99), "over 99.9%"],
  [figures.sureness(0), "0%"],
  [figures.latency(412.3), "412 ms"],
  [figures.latency(3.14), "3.1 ms"],
  [figures.latency(12_345), "12 345 ms"],
  [figures.latency(Infinity), "over 134 s"],
  [figures.percentile(0.99), "99th percentile"],
  [figures.percentile(0.999), "99.9th percentile"],
  [figures.percentile(0.5), "median"],
  [figures.percentile(0.92), "92nd percentile"],
  [figures.about(1_234), "1 200"],
])("%s", (actual, expected) => expect(actual).toBe(expected));
