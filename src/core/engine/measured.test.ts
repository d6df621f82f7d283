// Is every request counted, in its time, however long a rollout lasts?
import { expect, test } from "vitest";
import { ms } from "../units.ts";
import { count, MOST_TIMES, sharesIn, startCourse, type MeasuredCourse } from "./measured.ts";

const START = ms(1_000_000);
const sum = (counts: readonly number[] = []): number => counts.reduce((total, each) => total + each, 0);

function after(lookMs: number, looks: number): MeasuredCourse {
  let course = startCourse(START);
  for (let look = 1; look <= looks; look += 1) {
    // A tenth, and from half of the time on a half.
    const canary = look > looks / 2 ? 50 : 10;
    course = count(course, ms(START + look * lookMs - 1), { stable: 100 - canary, canary });
  }
  return course;
}

test.each([
  ["twenty seconds", 500, 40],
  ["an hour", 500, 7_200],
  ["a week", 60_000, 10_080],
])("%s: few counts, none of them lost, and the shares are where they were", (_name, lookMs, looks) => {
  const course = after(lookMs, looks);
  expect(course.requests.stable?.length).toBeLessThanOrEqual(MOST_TIMES);
  expect(sum(course.requests.stable) + sum(course.requests.canary)).toBe(100 * looks);
  const endMs = START + looks * lookMs;
  const shares = sharesIn(course, "canary", endMs);
  expect(shares.length).toBeGreaterThanOrEqual(10);
  const middle = (START + endMs) / 2;
  // One time may have both.
  const [early, late] = [
    shares.filter(({ atMs }) => atMs <= middle),
    shares.filter(({ atMs }) => atMs >= middle + course.everyMs),
  ];
  expect(early.length + late.length).toBeGreaterThanOrEqual(shares.length - 1);
  const sharesOf = (points: typeof shares): ReadonlySet<number> => new Set(points.map(({ share }) => share));
  expect([sharesOf(early), sharesOf(late)]).toEqual([new Set([0.1]), new Set([0.5])]);
  expect(shares.at(-1)?.atMs).toBe(endMs);
});

test("a time in which nothing was counted has no share, and a role that got nothing has none of it", () => {
  let course = count(startCourse(START), ms(START + 200), { stable: 100 });
  course = count(course, ms(START + 2_000), { stable: 50, canary: 50 });
  expect(course.requests).toEqual({ stable: [100, 0, 0, 0, 50], canary: [0, 0, 0, 0, 50] });
  expect(sharesIn(course, "canary", START + 2_000)).toEqual([
    { atMs: START + 500, share: 0 },
    { atMs: START + 2_000, share: 0.5 },
  ]);
});

test("a share is one of enough requests: of a quiet service there are fewer points", () => {
  let course = startCourse(START);
  for (let look = 0; look < 100; look += 1)
    course = count(course, ms(START + 500 * look), look % 4 === 0 ? { canary: 5 } : { stable: 5 });
  const shares = sharesIn(course, "canary", START + 50_000);
  expect(shares).toHaveLength(10);
  for (const { share } of shares) expect(share).toBeCloseTo(0.25, 1);
});

test("a clock that is set back or far ahead loses nothing and takes no room", () => {
  let course = count(startCourse(START), ms(START + 9_000), { stable: 1 });
  course = count(course, ms(START - 86_400_000), { stable: 1 });
  course = count(course, ms(START + 365 * 86_400_000), { stable: 1 });
  expect(sum(course.requests.stable)).toBe(3);
  expect(course.requests.stable?.length).toBeLessThanOrEqual(MOST_TIMES);
});
