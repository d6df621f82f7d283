// Do Kayenta's judge, the judges of the command line and the reports do on real parts what they say?
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { makePlace, serin } from "./harness.ts";
import { outcome, tellingFile, underLoad } from "./telling.ts";
import answers from "../golden/kayenta/answers.json" with { type: "json" };

const CONFIG = {
  name: "app",
  judge: { name: "NetflixACAJudge-v1.0" },
  metrics: [
    {
      name: "answered",
      query: { type: "serin", preset: "success-rate" },
      groups: ["web"],
      analysisConfigurations: { canary: { direction: "decrease", critical: true } },
    },
  ],
  classifier: { groupWeights: { web: 100 } },
};

test("Kayenta's judge takes a bad version back by its score after one run, and the reports tell of it", async (context) => {
  const strategy = "canary: { steps: [{ weight: 50%, hold: 2m }] }";
  const analysis = `judge: kayenta, lifetime: 1m, step: 1s, config: ${JSON.stringify(CONFIG)}`;
  const told = { strategy, analysis };
  const { scene } = await underLoad(context, told);
  const number = await scene.apply(tellingFile("v2", { ...told, env: "FAIL: 0.5" }));
  const rollout = await outcome(scene, number);
  expect(rollout.outcome).toBe("rolled-back");
  expect(rollout.why).toMatch(
    /^Kayenta's judge: run 1 scored 0, which is not above the marginal score 50 \(run 1 of 1\)/u,
  );
  expect((rollout.endedMs ?? 0) - rollout.startedMs).toBeGreaterThan(60_000);

  const files = await Promise.all(
    ["report.html", "report.md"].map(async (name) => {
      const file = join(scene.place.dir, name);
      const said = await scene.say("explain", "app", "--report", file);
      expect(said.code, said.err).toBe(0);
      expect(said.out).toContain(`The report is in ${file}`);
      return { headline: said.out.split(".\n")[0] ?? "", text: await readFile(file, "utf8") };
    }),
  );
  for (const { headline, text } of files) {
    expect(headline).toMatch(/^app\/2 was rolled back after 1m[: ]/u);
    expect(text.replaceAll("&#39;", "'")).toContain(headline);
  }
  // Kayenta states no error rate, so nothing can be said of how sure it is.
  for (const { headline } of files) expect(headline).not.toMatch(/sure/u);
});

describe("judge --kayenta", () => {
  const CASES = [
    ["two points a side that do not overlap are high", 3, "score 0.0, Fail"],
    ["four points a side that overlap a little pass", 0, "score 100.0, Pass"],
    ["a score of exactly marginal is marginal", 4, "score 75.0, Marginal"],
  ] as const;
  test.each(CASES)("%s: exit code %i", async (name, code, line) => {
    const place = await makePlace();
    onTestFinished(() => place.remove());
    const request = answers.answers.find((one) => one.name === name)?.request;
    const file = await place.write("request.json", JSON.stringify(request));
    const said = await serin(["judge", "--kayenta", file]);
    expect(said.code, said.err).toBe(code);
    expect(said.out.split("\n")).toContain(line);
  });
});

describe("judge --ab", () => {
  /** Users by turns; of a hundred of a variant so many convert. */
  const users = (blue: number, green: number): string => {
    const rows = Array.from({ length: 8_000 }, (_, user) => {
      const [variant, rate] = user % 2 === 0 ? ["blue", blue] : ["green", green];
      return `u${user},${variant},${(Math.floor(user / 2) * 37) % 100 < rate ? 1 : 0}`;
    });
    return ["user,variant,converted", ...rows].join("\n");
  };
  test.each([
    ["a difference that is shown", users(10, 20), 0, /^Green converts 20\.0% against blue's 10\.0% /u],
    ["none so far", users(10, 10), 4, /^Undecided|^Not decided|^No difference/u],
    ["a file that is none", "who,what\n1,2\n", 2, /users\.csv/u],
  ])("%s", async (...[, text, code, line]) => {
    const place = await makePlace();
    onTestFinished(() => place.remove());
    const said = await serin(["judge", "--ab", await place.write("users.csv", text)]);
    expect([said.code, said.out + said.err]).toEqual([code, expect.stringMatching(line)]);
  });
});

describe("plan --traffic", () => {
  const told = {
    strategy: "canary: { steps: [{ weight: 10%, hold: 5m }, { weight: 50%, judge: { atMost: 20m } }] }",
    analysis: "metrics: [{ preset: success-rate }]",
  };

  test("forecasts what a rollout can detect", async () => {
    const place = await makePlace();
    onTestFinished(() => place.remove());
    const file = await place.write("rollout.yaml", tellingFile("v2", told));
    const said = await serin(["plan", file, "--traffic", "200/s", "--errors", "0.1%"]);
    expect(said.code, said.err).toBe(0);
    expect(said.out).toContain("Forecast for 200 requests a second, 0.1% of them failing:");
    expect(said.out).toMatch(/^ {2}every request failing {2}in over 99% .*about \d+$/mu);
    expect(said.out).toMatch(/^A good version takes about 5m /mu);
  });

  test("refuses a rate that is none", async () => {
    const place = await makePlace();
    onTestFinished(() => place.remove());
    const file = await place.write("rollout.yaml", tellingFile("v2", told));
    const said = await serin(["plan", file, "--traffic", "lots"]);
    expect([said.code, said.out]).toEqual([2, ""]);
    expect(said.err).toContain('--traffic: found "lots"');
  });
});
