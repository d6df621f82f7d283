// Does one test decide, the one chosen beforehand, and does the sentence say no more than its figures?
import { describe, expect, test } from "vitest";
import { type AbPlan, type AbReport, judgeAb } from "./judge.ts";
import { abSentence, differenceText, liftText, pText, sampleText } from "./sentence.ts";
import type { Outcome } from "./users.ts";

const NAMES = { control: "blue", treatment: "green" };
const OPEN: AbPlan = { names: NAMES, alpha: 0.05, split: 0.5 };
const PLANNED: AbPlan = {
  ...OPEN,
  sample: { baseline: 0.1, lift: { kind: "absolute", value: 0.01 }, power: 0.8 },
};

/** Users by turns; of every thousand of a variant so many convert, evenly spread. */
function users(perVariant: number, control: number, treatment: number): Outcome[] {
  return Array.from({ length: 2 * perVariant }, (_, i) => {
    const [variant, rate] = i % 2 === 0 ? ["blue", control] : ["green", treatment];
    return { user: `u${i}`, variant, converted: (Math.floor(i / 2) * 617) % 1_000 < rate };
  });
}

const said = (plan: AbPlan, outcomes: readonly Outcome[]): readonly [kind: AbReport["decision"], text: string] => {
  const report = judgeAb(plan, outcomes);
  return [report.decision, abSentence(report)];
};

describe("with a planned sample the fixed test decides", () => {
  test("the treatment is better", () => {
    expect(said(PLANNED, users(15_000, 101, 112))).toEqual([
      { kind: "better", which: "treatment", by: "fixed" },
      "Green converts 11.2% against blue's 10.1% (difference +0.3 to +1.8 points); p = 0.003 at the planned sample. Take green.",
    ]);
  });

  test("the treatment is worse", () => {
    expect(said(PLANNED, users(15_000, 101, 90))).toEqual([
      { kind: "better", which: "control", by: "fixed" },
      "Green converts 9.0% against blue's 10.1% (difference −1.8 to −0.4 points); p = 0.002 at the planned sample. Keep blue.",
    ]);
  });

  test("no difference", () => {
    expect(said(PLANNED, users(15_000, 101, 103))).toEqual([
      { kind: "no-difference" },
      "No difference is shown. Green converts 10.3% against blue's 10.1% (difference −0.5 to +0.9 points); " +
        "p = 0.57 at the planned sample. A lift of 1 point (10% to 11%) would have been found in 80% of such tests.",
    ]);
  });

  test("locked, and what the always-valid test says meanwhile", () => {
    expect(said(PLANNED, users(11_551, 101, 103))).toEqual([
      { kind: "undecided" },
      "Not decided: 3 200 more users per variant are needed to see a lift of 1 point (10% to 11%).",
    ]);
    expect(said(PLANNED, users(14_750, 100, 150))).toEqual([
      { kind: "undecided" },
      "Not decided: 1 more user per variant is needed to see a lift of 1 point (10% to 11%). The always-valid test shows a " +
        "difference already (p < 0.0001); it may end this test only if it was chosen beforehand.",
    ]);
  });

  test("users after the planned sample change nothing", () => {
    const early = judgeAb(PLANNED, users(14_751, 101, 112));
    const late = judgeAb(PLANNED, [...users(14_751, 101, 112), ...users(5_000, 200, 10)]);
    expect(late.fixed).toEqual(early.fixed);
    expect(late.decision).toEqual(early.decision);
    expect(early.fixed?.kind).toBe("open");
  });
});

describe("without one the always-valid test decides", () => {
  test("the treatment is better", () => {
    expect(said(OPEN, users(5_000, 100, 140))).toEqual([
      { kind: "better", which: "treatment", by: "always" },
      "Green converts 14.0% against blue's 10.0% (difference +1.9 to +6.1 points); always-valid p < 0.0001. Take green.",
    ]);
  });

  test("not yet", () => {
    expect(said(OPEN, users(5_000, 100, 103))).toEqual([
      { kind: "undecided" },
      "Not decided. Green converts 10.3% against blue's 10.0% (difference −1.7 to +2.3 points); always-valid p = 1.00.",
    ]);
    expect(said(OPEN, users(5, 100, 100))[1]).toBe("Not decided: there are too few users for a first look.");
  });

  test("evidence that has weakened is said to have", () => {
    const [decision, text] = said(OPEN, [...users(4_000, 100, 140), ...users(6_000, 140, 100)]);
    expect(decision).toEqual({ kind: "better", which: "treatment", by: "always" });
    expect(text).toContain("The evidence was stronger at an earlier look. Take green.");
  });
});

test("a split that is off is not read", () => {
  const lost = users(2_000, 100, 200).filter(
    ({ variant, converted }, i) => variant === "blue" || converted || i % 8 !== 1,
  );
  expect(said(OPEN, lost)).toEqual([
    { kind: "split-off" },
    expect.stringMatching(
      /^The split is off: do not read the result. blue was seen by 2 000 users, green by 1 \d{3}; 50.0% to green was planned/u,
    ),
  ]);
});

describe("figures", () => {
  test.for([
    [[0.003, 0.019], "+0.3 to +1.9 points"],
    [[0.003_01, 0.018_99], "+0.3 to +1.9 points"],
    [[0.003_99, 0.018_01], "+0.3 to +1.9 points"],
    [[-0.019, -0.0003], "−1.9 to −0.03 points"],
    [[0.000_003, 0.02], "+0.0003 to +2.0 points"],
    [[-0.2, 0.3], "−20 to +30 points"],
    [[-0.0123, 0.0234], "−1.3 to +2.4 points"],
    [[0, 0], "0 to 0 points"],
    [[-1.1, 1.1], "−100 to +100 points"],
  ] as const)("%j", ([interval, text]) => expect(differenceText(interval)).toBe(text));

  test.for([
    [0.004, "p = 0.004"],
    [0.003_2, "p = 0.004"],
    [0.05, "p = 0.050"],
    [0.050_1, "p = 0.051"],
    [0.000_31, "p = 0.0004"],
    [0.000_099, "p < 0.0001"],
    [0.123, "p = 0.13"],
    [1, "p = 1.00"],
  ] as const)("%d", ([p, text]) => expect(pText(p)).toBe(text));

  test("lifts and samples", () => {
    expect(liftText({ baseline: 0.1, lift: { kind: "relative", value: -0.15 } })).toBe(
      "a drop of 1.5 points (10% to 8.5%)",
    );
    expect(sampleText({ control: 9_000, treatment: 1_000 }, NAMES)).toBe("9 000 users of blue and 1 000 of green");
    expect(sampleText({ control: 0, treatment: 751 }, NAMES, "more ")).toBe("751 more users of green");
    expect(sampleText({ control: 1, treatment: 0 }, NAMES, "more ")).toBe("1 more user of blue");
  });

  test("names that are no plain words stay as they are", () => {
    const names = { control: "v1-a", treatment: "v2-b" };
    const rows = users(5_000, 100, 140).map(({ user, variant, converted }) => {
      return { user, variant: variant === "blue" ? names.control : names.treatment, converted };
    });
    expect(said({ ...OPEN, names }, rows)[1]).toMatch(/^v2-b converts 14.0% against v1-a's 10.0%/u);
  });
});
