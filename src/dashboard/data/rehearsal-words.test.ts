// Is it said plainly what a rehearsal shows, and what it does not?
import { expect, test } from "vitest";
import { findings, judged, stepsOf, usualEnd, type Scenario } from "./rehearsal-words.ts";

function scenario(fault: Scenario["fault"], name: string, [back, held = 0]: readonly [number, number?]): Scenario {
  const runs = 20;
  const often = (count: number) => ({ runs: count, share: count / runs, interval: [0.01, 0.168] as const });
  const quantiles = [1_000, 2_000, 3_000, 4_000, 5_000, 6_000];
  const ending = back > 0 ? ("rolled-back" as const) : ("promoted" as const);
  return {
    name,
    about: `it is ${name}`,
    lines: "",
    fault,
    runs,
    endings: [{ ending, ...often(back), timeMs: quantiles, canaryRequests: quantiles, harm: quantiles }],
    fates: { back: often(back), held: often(held), through: often(runs - back - held) },
  };
}

test("what is caught, what only sometimes, what not, and how often there is a false alarm", () => {
  const all = [
    scenario("bad", "errors-5", [20]),
    scenario("bad", "errors-2", [19]),
    scenario("bad", "errors-1", [9]),
    scenario("bad", "slower-1.1", [1]),
    scenario("good", "good", [0, 2]),
    scenario("nobody", "outage", [1]),
    scenario("nobody", "drift", [0]),
    { name: "late", about: "it is late", lines: "", fault: "bad", runs: 0, endings: [] } as const,
  ];
  expect(findings(all)).toEqual([
    "Taken back every time when it is errors-5.",
    "Taken back nearly every time when it is errors-2 (19 of 20).",
    "Taken back only sometimes when it is errors-1 (9 of 20).",
    "Not detected when it is slower-1.1 (1 of 20): no metric sees that, or there is too little traffic or time to show it.",
    "A version as good as the old one was taken back in 0 of 20: a false alarm in at most 17%, 95% sure; 2 of 20 waited for a person.",
    "When everything had a bad time, which was not the version's fault, it was taken back in 1 of 40.",
  ]);
  expect(findings([scenario("good", "good", [1])], "release")).toEqual([
    "A release as good as the old one was taken back in 1 of 20: a false alarm in at most 17%, 95% sure.",
  ]);
  expect(findings([])).toEqual([]);
  expect(all.map((one) => judged(one)?.word)).toEqual([
    "caught",
    "caught",
    "caught sometimes",
    "not detected",
    "no false alarm",
    "false alarms",
    "no false alarm",
    undefined,
  ]);
});

test("the steps of one kind of fault, and what the most frequent ending took", () => {
  const all = [
    scenario("bad", "errors-0.5", [3]),
    scenario("bad", "errors-5", [20]),
    scenario("bad", "slower-1.25", [8]),
  ];
  expect(stepsOf(all, "errors").map(({ label, share, said }) => [label, share, said])).toEqual([
    ["+0.5%", 0.15, "+0.5%: 3 of 20"],
    ["+5%", 1, "+5%: 20 of 20"],
  ]);
  expect(stepsOf(all, "slower").map(({ label }) => label)).toEqual(["×1.25"]);
  expect(usualEnd(all[0] as Scenario)).toEqual({ ending: "rolled-back", timeMs: [3_000, 5_000], harm: [3_000, 5_000] });
});
