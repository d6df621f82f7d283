// What does the command say of a file of users, and what does it refuse?
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judgeAbCommand } from "./judge-ab.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "serin-judge-ab-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Lines of users by turns; of every thousand of a variant so many convert, evenly spread. */
function rows(perVariant: number, blue: number, green: number): string[] {
  return Array.from({ length: 2 * perVariant }, (_, i) => {
    const [variant, rate] = i % 2 === 0 ? ["blue", blue] : ["green", green];
    return `u${i},${variant},${(Math.floor(i / 2) * 617) % 1_000 < rate ? 1 : 0}`;
  });
}

const csv = (lines: readonly string[], header = "user,variant,converted"): string => [header, ...lines].join("\n");

async function* stream(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text.slice(0, 10));
  yield new TextEncoder().encode(text.slice(10));
}

/** Runs the command on a text, which comes as a file or, without one, as standard input. */
async function said(text: string, options: Partial<Parameters<typeof judgeAbCommand>[0]> = {}) {
  let [out, err] = ["", ""];
  const io = {
    out: (line: string) => void (out += line),
    err: (line: string) => void (err += line),
    color: false,
    input: stream(text),
  };
  const file = join(folder, "users.csv");
  if (options.file === undefined) await writeFile(file, text);
  const code = await judgeAbCommand({ file, json: false, ...options }, io);
  return { code, out, err: err.replaceAll(folder, "") };
}

describe("what it says", () => {
  test("decided at the planned sample", async () => {
    const { code, out, err } = await said(csv(rows(15_000, 101, 112)), { baseline: "10%", lift: "1pt" });
    expect([code, err]).toEqual([0, ""]);
    expect(out.split("\n")).toEqual([
      "Green converts 11.2% against blue's 10.1% (difference +0.3 to +1.8 points); p = 0.003 at the planned sample. Take green.",
      "",
      "                   users   converted  rate",
      "blue (control)     15 000  1 515      10.10%",
      "green (treatment)  15 000  1 680      11.20%",
      "",
      "fixed sample  z = 3.02, p = 0.003, difference +0.3 to +1.8 points (95% interval); at the planned sample: 14 751 users",
      "              per variant, to find a lift of 1 point (10% to 11%) in 80% of tests",
      "always valid  p = 0.077, difference −0.1 to +2.3 points (95% interval at all looks together); 369 looks at 29 754 users",
      "split         50.0% to green, 50.0% planned; p = 1.00",
      "left out      nobody",
      "",
      "blue is taken as control, for it comes first in the alphabet; --control names another.",
      "The order of the lines is taken as the order in which the users came.",
      "The fixed test decides.",
    ]);
  });

  test("locked: no z and no p of the fixed test", async () => {
    const { code, out } = await said(csv(rows(1_000, 100, 100)), { baseline: "10%", lift: "1pt" });
    expect(code).toBe(4);
    expect(out).toContain("Not decided: 13 751 more users per variant are needed");
    expect(out).toContain("fixed sample  locked: 13 751 more users per variant to come");
    expect(out).not.toContain("z =");
  });

  test("always valid, from standard input, with the variants named", async () => {
    const text = csv(rows(5_000, 140, 100));
    const { code, out } = await said(text, { file: "-", control: "green", treatment: "blue" });
    expect(code).toBe(0);
    expect(out).toMatch(/^Blue converts 14.0% against green's 10.0% .* Take blue\.\n/u);
    expect(out).toContain("fixed sample  no sample was planned; --baseline and --lift plan one");
    expect(out).not.toContain("alphabet");
    expect((await said(text, { file: "-", alpha: "0.0000001%" })).code).toBe(4);
  });

  test("undecided", async () => {
    const { code, out } = await said(csv(rows(500, 100, 100)));
    expect(code).toBe(4);
    expect(out).toMatch(/^Not decided\. Green converts/u);
  });

  test("a split that is off shows no figures of the tests", async () => {
    const lines = rows(2_000, 100, 200).filter((_, i) => i % 8 > 0);
    const { code, out } = await said(csv(lines));
    expect(code).toBe(4);
    expect(out).toMatch(/^The split is off: do not read the result\./u);
    expect(out).not.toContain("always valid");
    expect((await said(csv(lines), { split: "57.1%" })).out).not.toContain("is off");
  });

  test("who was left out, and times", async () => {
    const timed = rows(100, 100, 100).map((line, i) => `${line},2026-03-04T14:${10 + (i % 50)}:00+01:00`);
    const more = ["u0,green,0", "x,red,1", "early,,1", "early,blue,0", "gone,,1"].map(
      (line, i) => `${line},2026-03-05T00:0${i}:00Z`,
    );
    const { out } = await said(csv([...timed, ...more], "user,variant,converted,at"), {
      control: "blue",
      treatment: "green",
    });
    expect(out).toContain(
      "left out      users who saw more than one variant: 1, users of other variants: 1, users who saw no variant: 1,\n" +
        "              conversions before the first exposure: 2",
    );
    expect(out).not.toContain("order of the lines");
  });

  test("for a program", async () => {
    const { code, out } = await said(csv(rows(15_000, 101, 112)), { baseline: "10%", lift: "10%", json: true });
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      ok: true,
      sentence: expect.stringContaining("Take green.") as unknown,
      decision: { kind: "better", which: "treatment", by: "fixed" },
      total: { control: { users: 15_000, converted: 1_515 }, treatment: { users: 15_000, converted: 1_680 } },
      fixed: { kind: "open", sample: { control: 14_751, treatment: 14_751 } },
      always: { sequence: { kind: "interval" } },
      split: { off: false },
      leftOut: { mixed: 0, early: 0, unexposed: 0, others: 0 },
      order: "lines",
    });
  });
});

describe("bad input", () => {
  test("every wrong line is named, at most 20 shown", async () => {
    const { code, out, err } = await said(csv(["a,blue,2", ...Array.from({ length: 24 }, () => "b,green")]));
    expect([code, out]).toEqual([2, ""]);
    const lines = err.split("\n");
    expect(lines[0]).toBe('/users.csv:2  converted: found "2", it is 1 or 0, true or false');
    expect(lines[1]).toBe("/users.csv:3  found 2 cells, the header has 3");
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe("and 5 more wrong lines");
  });

  test("options and lines at once", async () => {
    const { code, err } = await said(csv(["a,blue,2"]), { alpha: "7", lift: "much" });
    expect(code).toBe(2);
    expect(err.split("\n")).toEqual([
      "--alpha  found 7, a share between 0 and 100% must be here",
      "--baseline  is missing: a planned sample needs --baseline and --lift",
      "--lift  found much, a lift is 10% of the baseline or 1pt of the whole",
      '/users.csv:2  converted: found "2", it is 1 or 0, true or false',
    ]);
  });

  test("variants that are not there", async () => {
    const { code, err } = await said(csv(["a,blue,1"]), { power: "0" });
    expect(code).toBe(2);
    expect(err).toBe(
      "--power  found 0, a share between 0 and 100% must be here\n" +
        "/users.csv  found 1 variant (blue), there must be two",
    );
    expect((await said(csv(["a,blue,1", "b,green,0"]), { control: "red" })).err).toBe(
      "--control  no line has the variant red; there are: blue, green",
    );
  });

  test("lines sorted by outcome", async () => {
    const sorted = rows(500, 100, 100).toSorted((a, b) => Number(a.at(-1)) - Number(b.at(-1)));
    const { code, err } = await said(csv(sorted));
    expect(code).toBe(2);
    expect(err).toContain("the lines are sorted by outcome");
  });

  test("times without a zone, half times, a file that cannot be read", async () => {
    const timed = (at: string) =>
      csv([`a,blue,1,${at}`, "b,green,1,2026-03-04T14:02:11Z"], "user,variant,converted,at");
    expect((await said(timed("2026-03-04T14:02:11"))).err).toContain(
      ':2  at: found "2026-03-04T14:02:11", a moment is',
    );
    expect((await said(timed(""))).err).toBe("/users.csv:2  at: found nothing; other lines have a moment here");
    expect((await said("", { file: join(folder, "none.csv") })).err).toBe("/none.csv  there is no such file");
    expect((await said("", { file: folder })).err).toContain("found a folder, a file of users must be here");
  });

  test("for a program", async () => {
    const { code, out } = await said(csv(Array.from({ length: 25 }, () => "a,blue,2")), { json: true });
    expect(code).toBe(2);
    const answer = JSON.parse(out) as { ok: boolean; issues: unknown[]; more: number };
    expect([answer.ok, answer.issues.length, answer.more]).toEqual([false, 20, 5]);
    expect(answer.issues[0]).toEqual({ line: 2, message: 'converted: found "2", it is 1 or 0, true or false' });
  });
});
