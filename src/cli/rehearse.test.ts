// What do `serin rehearse` and `serin test` answer, and with which exit code?
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SerinError } from "../core/issues.ts";
import { rehearseCommand } from "./rehearse.ts";
import type { RehearseOptions } from "./rehearsing.ts";
import { testCommand } from "./test-scenarios.ts";

const ROLLOUT = `
apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop }
spec:
  workload: { process: { command: [no-such-command-anywhere], replicas: 4 } }
  traffic: { proxy: { listen: 8080 } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 30s }, { weight: 50%, hold: 30s }] } }
  analysis: { falseRollback: 0.01%, warmup: 2s, metrics: [{ preset: success-rate }] }
`;

const RELEASE = `
apiVersion: serin.dev/v1
kind: Release
metadata: { name: shop }
spec:
  members: [{ name: catalog, file: catalog.yaml }, { name: checkout, file: checkout.yaml }]
  waves: [{ members: [catalog], bake: 1m }, { members: [checkout] }]
`;

const FACADE = `
apiVersion: serin.dev/v1
kind: Facade
metadata: { name: shop }
spec:
  traffic: { proxy: { listen: 8080 } }
  legacy: { urls: ["http://127.0.0.1:9000"], ready: { path: / } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 30s }, { weight: 50%, hold: 30s }] } }
  analysis: { falseRollback: 0.01%, warmup: 2s, metrics: [{ preset: success-rate }] }
  routes:
    - { name: cart, match: [{ path: /cart }], workload: { process: { command: [serve] } } }
    - { name: pay, match: [{ path: /pay }], workload: { process: { command: [serve] } } }
`;

let dir = "";
let file = "";

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "serin-rehearse-"));
  file = join(dir, "rollout.yaml");
  await mkdir(join(dir, "scenarios", "deep"), { recursive: true });
  await writeFile(file, ROLLOUT);
});

afterAll(() => rm(dir, { recursive: true, force: true }));

function spoken() {
  const out: string[] = [];
  const io = { out: (text: string) => void out.push(text), err: () => {}, color: false, live: false };
  return { out, context: (json: boolean) => ({ io, json, state: dir, signal: new AbortController().signal }) };
}

async function rehearsed(options: Partial<RehearseOptions>, json = false) {
  const { out, context } = spoken();
  const exit = await rehearseCommand({ file, scenario: "good", ...options }, context(json));
  return { exit, text: out.join("\n") };
}

describe("serin rehearse", () => {
  test("a good version: 0, and the same text for the same seed", async () => {
    const first = await rehearsed({ seed: 3 });
    expect(first.exit).toBe(0);
    expect(first.text).toContain("→ canary 10%, stable 90%");
    expect(first.text).toMatch(/^promoted after 1m \d+s$/mu);
    expect(await rehearsed({ seed: 3 })).toEqual(first);
    expect((await rehearsed({ seed: 3 }, true)).text).toBe((await rehearsed({ seed: 3 }, true)).text);
  });

  test("lines, and other words for them, are shown as they were understood: 3 rolled back", async () => {
    const { exit, text } = await rehearsed({ scenario: "load 200/s; errors of canary 40 % from 50 %" });
    expect(exit).toBe(3);
    expect(text).toContain("  canary errors 40% from share 50%");
    expect(text).toMatch(/^harm: \d+ failed requests beyond what stable would have had$/mu);
  });

  test("somebody stops it: 1; nobody asks anything: 4", async () => {
    expect((await rehearsed({ scenario: "at 20s abort" })).exit).toBe(1);
    const waits = await rehearsed({ scenario: "traffic stops", limitMs: 300_000 });
    expect(waits.exit).toBe(4);
    expect(waits.text).toContain("still waiting when the rehearsal ended, after 5m");
  });

  test("many runs tell how often each ending comes, and the exit code of the most frequent one", async () => {
    const { exit, text } = await rehearsed({ scenario: "load 200/s; canary errors 60%", runs: 12, seed: 5 });
    expect(exit).toBe(3);
    expect(text).toMatch(/^rolled back +12 +100\.0% +73\.5% to 100\.0%$/mu);
    expect(text).toContain("seeds 5 to 16");
    const json = await rehearsed({ scenario: "load 200/s; canary errors 60%", runs: 12, seed: 5 }, true);
    expect(JSON.parse(json.text)).toMatchObject({ ok: true, runs: 12, endings: [{ ending: "rolled-back", runs: 12 }] });
  });

  test("the list of built-in scenarios needs no file", async () => {
    const { exit, text } = await rehearsed({ file: "nowhere", scenario: "list" });
    expect(exit).toBe(0);
    expect(text).toContain("metrics-gone");
  });

  test("bad input: 2", async () => {
    expect((await rehearsed({ file: join(dir, "nowhere.yaml") }, true)).exit).toBe(2);
    const asked = { "eror ": "SERIN_BAD_SCENARIO", erors: "SERIN_NO_SCENARIO" };
    for (const [scenario, code] of Object.entries(asked)) {
      const error: unknown = await rehearsed({ scenario }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ trouble: { code, exitCode: 2 } });
    }
    await expect(rehearsed({ runs: 0 })).rejects.toBeInstanceOf(SerinError);
  });
});

describe("serin rehearse, of a group", () => {
  let release = "";
  beforeAll(async () => {
    for (const name of ["catalog", "checkout"])
      await writeFile(join(dir, `${name}.yaml`), ROLLOUT.replace("name: shop", `name: ${name}`));
    release = join(dir, "release.yaml");
    await writeFile(release, RELEASE);
  });

  test("a worse member: 3, when all went back, and what each of them had done by then", async () => {
    const asked = { file: release, scenario: "checkout:errors", seed: 2 };
    const first = await rehearsed(asked);
    expect(first.exit).toBe(3);
    expect(first.text).toContain("release/shop, rehearsed:\n  load 200/s\n  checkout: canary errors 2%\n");
    expect(first.text).toMatch(/^all were taken back from .* on, in wave 2$/mu);
    expect(first.text).toMatch(/^catalog +1 +promoted +100% +taken back +[\d ]+ +\d+ +\d+$/mu);
    expect(await rehearsed(asked)).toEqual(first);
    const json = JSON.parse((await rehearsed(asked, true)).text) as { turning: { wave: number } };
    expect(json.turning.wave).toBe(2);
  });

  test("several runs: how often, and how far each member was", async () => {
    const asked = { file: release, scenario: "load 200/s; checkout: canary errors 20%", runs: 3 };
    const { exit, text } = await rehearsed(asked);
    expect(exit).toBe(3);
    expect(text).toMatch(/^a member was found to be worse in 3 of 3, after .*: in wave 2 \(3\)$/mu);
    expect(text).toMatch(/^catalog +1 +promoted \(3\) +100% +taken back \(3\)/mu);
    expect(JSON.parse((await rehearsed(asked, true)).text)).toMatchObject({ ok: true, runs: 3, members: [{}, {}] });
  });

  test("the release alone is good: 0; what cannot be read: 2", async () => {
    expect((await rehearsed({ file: release })).exit).toBe(0);
    const wrong = rehearsed({ file: release, scenario: "chekout:errors" });
    await expect(wrong).rejects.toMatchObject({ trouble: { code: "SERIN_BAD_SCENARIO", exitCode: 2 } });
    const none = rehearsed({ file: release, scenario: "checkout:erors" });
    await expect(none).rejects.toMatchObject({ trouble: { found: expect.stringContaining("did you mean errors?") } });
  });

  test("a façade: its line stops at the route that is worse, and the one before it has moved", async () => {
    const facade = join(dir, "facade.yaml");
    await writeFile(facade, FACADE);
    expect((await rehearsed({ file: facade })).exit).toBe(0);
    const { exit, text } = await rehearsed({ file: facade, scenario: "load 200/s; shop-pay: canary errors 20%" });
    expect(exit).toBe(3);
    expect(text).toMatch(/^shop-pay went back alone from .* on, at place 2 of the line$/mu);
    expect(text).toMatch(/^shop-cart +1 +promoted +100% +promoted /mu);
  });
});

describe("serin test", () => {
  const play = async (files: Readonly<Record<string, string>>, json = false) => {
    const below = await mkdtemp(join(dir, "play-"));
    await mkdir(join(below, "deep"));
    for (const [name, text] of Object.entries(files)) await writeFile(join(below, name), text);
    const { out, context } = spoken();
    const exit = await testCommand({ dir: below }, context(json));
    return { exit, text: out.join("\n").replaceAll(below, "DIR") };
  };
  const GOOD = "rollout ../rollout.yaml\nload 100/s\nexpect outcome promoted within 2m\n";

  test("all come true: 0, one line each, in the order of their names", async () => {
    const deep = GOOD.replace("../", "../../");
    const { exit, text } = await play({ "b.scenario": GOOD, "deep/a.scenario": deep, "notes.txt": "no scenario" });
    expect(exit).toBe(0);
    expect(text).toMatch(
      /^✓ DIR\/b\.scenario  .* in .*\n✓ DIR\/deep\/a\.scenario  .* in .*\n2 scenarios, 0 failed, in/u,
    );
  });

  test("one does not: 1, with its place, what was expected and found, and the last decisions", async () => {
    const bad = "rollout ../rollout.yaml\nload 200/s\ncanary errors 50%\nexpect outcome promoted within 2m\n";
    const { exit, text } = await play({ "bad.scenario": bad, "good.scenario": GOOD });
    expect(exit).toBe(1);
    expect(text).toContain("✗ DIR/bad.scenario");
    expect(text).toContain(
      "DIR/bad.scenario:4\n      expected  outcome promoted within 2m\n      found     rolled-back",
    );
    expect(text).toContain("shop/2 rolled-back");
    expect(text).toContain("✓ DIR/good.scenario");
  });

  test("what cannot be read: 2, each with its place", async () => {
    const files = {
      "a.scenario": "rollout ../rollout.yaml\nload 100\n",
      "b.scenario": "rollout nowhere.yaml\n",
      "c.scenario": "load 100/s\n",
      "d.scenario": "kind: Rollout\n---\nload 100/s\n",
      "good.scenario": GOOD,
    };
    const { exit, text } = await play(files);
    expect(exit).toBe(2);
    expect(text).toContain('DIR/a.scenario:2  found "100"; right would be a rate, such as 20/s');
    expect(text).toContain("DIR/b.scenario:1  nowhere.yaml: there is no such file");
    expect(text).toContain("DIR/c.scenario:1  the first line must name the rollout file");
    expect(text).toMatch(/DIR\/d\.scenario:1:\d+ {2}/u);
    expect(text).toContain("✓ DIR/good.scenario");
    expect(JSON.parse((await play(files, true)).text)).toMatchObject({
      ok: false,
      scenarios: [{ ok: false }, {}, {}, {}, { ok: true }],
    });
  });

  test("a folder without scenarios, or none at all", async () => {
    await expect(play({})).rejects.toMatchObject({ trouble: { exitCode: 2 } });
    const { context } = spoken();
    const nowhere = testCommand({ dir: join(dir, "nowhere") }, context(false));
    await expect(nowhere).rejects.toMatchObject({ trouble: { found: "there is no such file" } });
  });
});
