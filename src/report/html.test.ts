// Is a page complete, alone and harmless?
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { ERRORS, HOSTILE, recordsOf, SAMPLES, trailOf, verdictOf, NOTHING } from "../../test/support/report.ts";
import { xmlTrouble } from "../../test/support/xml.ts";
import { htmlOf } from "./html.ts";
import { styleSheet, tag } from "./markup.ts";
import { reportOf } from "./report.ts";

const pageOf = (name: keyof typeof SAMPLES): string => htmlOf(reportOf(SAMPLES[name]().records, SAMPLES[name]().view));
const NAMES = Object.keys(SAMPLES) as (keyof typeof SAMPLES)[];

/** What a person reads, without the markup. */
const read = (page: string): string =>
  page
    .replace(/<style>.*<\/style>/su, "")
    .replaceAll(/<[^>]*>/gu, "\n")
    .replaceAll(/\n+/gu, "\n");

const count = (page: string, what: RegExp): number => [...page.matchAll(what)].length;

test.each(NAMES)("the page of one that is %s is well-formed and asks for nothing", (name) => {
  const page = pageOf(name);
  expect(xmlTrouble(page)).toBeUndefined();
  expect(page).toMatch(/^<!doctype html>\n<html lang="en">/u);
  expect(page).not.toMatch(/https?:|\/\/|<script|<link|<img|<iframe|@import|\ssrc=|\shref=|\son\w+=/u);
  expect([...page.matchAll(/url\(([^)]*)\)/gu)].every(([, to]) => to?.startsWith("#"))).toBe(true);
  // Its own style and nothing else: no attribute may carry another one.
  const style = /<style>(.*)<\/style>/su.exec(page)?.[1] ?? "";
  const hash = createHash("sha256").update(style).digest("base64");
  expect(page).toContain(`content="default-src 'none'; style-src 'sha256-${hash}'"`.replaceAll("'", "&#39;"));
  expect(page).not.toMatch(/\sstyle=/u);
  expect(page).not.toMatch(/NaN|Infinity|undefined/u);
  expect(page.length).toBeLessThan(60_000);
});

test("every plot has a title and a description, every table heads", () => {
  const page = pageOf("rolledBack");
  const plots = [...page.matchAll(/<svg viewBox="[^"]*" role="img" aria-labelledby="([^"]*) ([^"]*)">(.*?)<\/svg>/gsu)];
  // The share for wide and narrow screens, and two plots for each of two metrics.
  expect(plots).toHaveLength(6);
  for (const [, title, description, inside = ""] of plots) {
    expect(inside).toContain(`<title id="${title}">`);
    expect(inside).toContain(`<desc id="${description}">`);
  }
  // Wanted and measured.
  expect(count(page, /class="line measured" d="M/gu)).toBe(2);
  expect(count(pageOf("promoted"), /measured/gu)).toBe(1);
  expect(count(page, /<table>/gu)).toBe(2);
  expect(count(page, /<th scope="col"/gu)).toBe(12);
  expect(count(page, /<th scope="row"/gu)).toBe(2);
});

test("the figures are there to read", () => {
  const text = read(pageOf("rolledBack"));
  for (const said of [
    "shop/2 was rolled back after 40s: errors 3.1% against 0.10%, over 99.9% sure.",
    "Brought bbbb in place of aaaa (canary), by ann: one click.",
    "2026-03-04 14:02:11 UTC",
    "+2.1 to +3.9 points",
    "412 requests went to the canary; 13 failed; at stable's share none would have".replace("'", "&#39;"),
    "20s, at 14:02:31 UTC",
    "rolls back at 100:1",
    "needs about 900 more canary requests",
  ]) {
    expect(text).toContain(said);
  }
});

test("the lines follow the figures", () => {
  const page = pageOf("rolledBack");
  const plot = /<svg[^>]*aria-labelledby="metric-0-evidence-title.*?<\/svg>/su.exec(page)?.[0] ?? "";
  const path = /class="line worse" d="M([^"]*)"/u.exec(plot)?.[1] ?? "";
  const spots = path.split("L").map((pair) => pair.split(" ").map(Number));
  expect(spots).toHaveLength(30);
  // Evidence falls a little, then rises beyond the limit: upwards is less.
  const limit = Number(/class="limit worse" x1="[^"]*" y1="([^"]*)"/u.exec(plot)?.[1]);
  const ys = spots.map(([, y]) => y ?? NaN);
  expect(ys[9]).toBeGreaterThan(ys[0] ?? NaN);
  expect(ys[20]).toBeGreaterThan(limit);
  expect(ys[29]).toBeLessThan(limit);
  const xs = spots.map(([x]) => x);
  expect(xs).toEqual(xs.toSorted((a = 0, b = 0) => a - b));
});

test("whatever a text holds, it stays text", () => {
  const verdict = verdictOf("worse", [{ ...ERRORS, name: HOSTILE, text: HOSTILE, unit: HOSTILE, missing: HOSTILE }]);
  const trail = trailOf(3, () => ({ [HOSTILE]: { canary: 1, baseline: 2, logBad: 1, logGo: 1 } }));
  const records = recordsOf([
    [0, "started", HOSTILE, { actor: HOSTILE, reason: HOSTILE }],
    [9, "back", HOSTILE, { verdict, trail }],
  ]);
  const page = htmlOf(reportOf(records, { ...NOTHING, service: HOSTILE }));
  expect(xmlTrouble(page)).toBeUndefined();
  expect(page).not.toContain("<script");
  expect(page).not.toMatch(/\u202E/u);
  expect(count(page, /<style>/gu)).toBe(1);
  expect(page).toContain("&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)");
});

test("a page stays small, however much there was", () => {
  const long = "&".repeat(5_000);
  const names = Array.from({ length: 60 }, (_, index) => `metric-${index}`);
  const verdict = verdictOf(
    "undecided",
    names.map((name) => ({ ...ERRORS, name, text: long, missing: long })),
  );
  const wave = (second: number) => {
    const canary = 0.12345 + Math.sin(second) / 20;
    return {
      canary,
      baseline: 0.1 + Math.cos(second) / 50,
      interval: [-0.01234, 0.0678] as const,
      logBad: second / 9,
      logGo: -second / 7,
    };
  };
  const trail = trailOf(160, (second) => Object.fromEntries(names.map((name) => [name, wave(second)])));
  const notes = Array.from(
    { length: 3_000 },
    (_, index) => [index, "command", long, { actor: long, reason: long }] as const,
  );
  const page = htmlOf(reportOf(recordsOf([...notes, [3_000, "back", long, { verdict, trail }]]), NOTHING));
  expect(xmlTrouble(page)).toBeUndefined();
  expect(Buffer.byteLength(page)).toBeLessThan(300_000);
  expect(page).toContain("2926 decisions are left out here");
  expect(page).toContain("20 more metrics are left out.");
});

test("markup refuses what would not be markup", () => {
  expect(() => tag("rect", { x: NaN })).toThrow(RangeError);
  expect(() => styleSheet("</style>")).toThrow(TypeError);
});
