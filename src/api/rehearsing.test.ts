// Does a controller rehearse a file within bounds, and beside its own work?
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { afterAll, describe, expect, test } from "vitest";
import { fileOf } from "../../test/sim/specs.ts";
import type { RehearseRequest } from "./contract.ts";
import { planRollout, planText } from "./planning.ts";
import { Rehearser } from "./rehearsing.ts";
import { rehearsedFile } from "./schemas/calls.ts";

const FILE = fileOf("app", 2, {
  strategy: "{ canary: { steps: [{ weight: 20%, hold: 20s }, { weight: 50%, hold: 20s }] } }",
});
const nobody = new AbortController().signal;
const unknown = { read: planRollout, usually: () => undefined, signal: nobody };

const asked = (more: Partial<RehearseRequest>): RehearseRequest => ({ text: FILE, origin: "/", ...more });

test("without runs it tells against what it would rehearse, from the service's own traffic", async () => {
  const rehearser = new Rehearser();
  const { rehearsal } = await rehearser.rehearse(asked({ runs: 0 }), unknown);
  expect(rehearsal).toMatchObject({ service: "app", isCut: false, traffic: { source: "assumed", perSecond: 200 } });
  expect(rehearsal?.scenarios.map(({ name, runs }) => [name, runs])).toContainEqual(["good", 0]);
  const usually = () => ({ source: "measured", perSecond: 33.3333, errors: 0.02 }) as const;
  const known = await rehearser.rehearse(asked({ runs: 0 }), { read: planRollout, usually, signal: nobody });
  expect(known.rehearsal?.traffic).toEqual({ source: "measured", perSecond: 33.3333, errors: 0.02 });
  expect(known.rehearsal?.scenarios.find(({ name }) => name === "errors-1")).toMatchObject({
    fault: "bad",
    lines: "load 33.333/s; everything errors 2%; canary errors 3%",
  });
});

test("a bad version goes back and a good one does not, and a seed is one story", async () => {
  const rehearser = new Rehearser();
  const request = asked({ scenario: "errors-5", runs: 6, timeline: true });
  const bad = await rehearser.rehearse(request, unknown);
  expect(rehearsedFile.safeParse(JSON.parse(JSON.stringify(bad))).error).toBeUndefined();
  const [scenario] = bad.rehearsal?.scenarios ?? [];
  expect(scenario).toMatchObject({
    name: "errors-5",
    runs: 6,
    endings: [{ ending: "rolled-back", runs: 6, share: 1 }],
    fates: { back: { runs: 6, share: 1 }, held: { runs: 0 }, through: { runs: 0, interval: [0, expect.any(Number)] } },
  });
  expect(scenario?.once).toMatchObject({ seed: 1, ending: "rolled-back" });
  expect(scenario?.once?.timeline.length).toBeGreaterThan(2);
  expect(await rehearser.rehearse(request, unknown)).toEqual(bad);
  const good = await rehearser.rehearse(asked({ scenario: "good", runs: 3, seed: 7 }), unknown);
  expect(good.rehearsal?.scenarios[0]).toMatchObject({ endings: [{ ending: "promoted", runs: 3 }] });
  expect(good.rehearsal?.scenarios[0]?.once).toBeUndefined();
});

test("mistakes are told, in the file as in the scenario", async () => {
  const rehearser = new Rehearser();
  expect(await rehearser.rehearse(asked({ text: "kind: Rollout" }), unknown)).toMatchObject({ ok: false });
  const refused = rehearser.rehearse(asked({ scenario: "canary eats 2%" }), unknown);
  await expect(refused).rejects.toMatchObject({ trouble: { code: "SERIN_BAD_SCENARIO", exitCode: 2 } });
  const empty = await rehearser.rehearse(
    asked({ scenario: "canary ready never; stable ready never", runs: 1 }),
    unknown,
  );
  expect(empty.rehearsal?.scenarios[0]).toMatchObject({ runs: 0, endings: [], failed: expect.stringContaining("v1") });
});

test("when the time is up, what was rehearsed by then is answered", async () => {
  const { rehearsal } = await new Rehearser({ longestMs: 3_000 }).rehearse(asked({ runs: 1_000 }), unknown);
  expect(rehearsal?.isCut).toBe(true);
  const runs = rehearsal?.scenarios.reduce((sum, scenario) => sum + scenario.runs, 0) ?? 0;
  expect(runs).toBeLessThan(rehearsal ? rehearsal.scenarios.length * 1_000 : 0);
});

test("it takes what memory there is when its turn has come, and is refused where that is too little", async () => {
  const left = [100, 360];
  const rehearser = new Rehearser({ available: () => (left.shift() ?? 0) * 2 ** 20 });
  const request = asked({ scenario: "good", runs: 2 });
  await expect(rehearser.rehearse(request, unknown)).rejects.toMatchObject({ trouble: { code: "SERIN_NO_MEMORY" } });
  expect((await rehearser.rehearse(request, unknown)).rehearsal?.scenarios[0]?.runs).toBe(2);
  // To tell what there is to rehearse takes none.
  expect((await rehearser.rehearse(asked({ runs: 0 }), unknown)).ok).toBe(true);
});

test("whoever goes away ends it at once, and it does not keep this thread from its own work", async () => {
  const rehearser = new Rehearser();
  const gone = new AbortController();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  const going = rehearser.rehearse(asked({ runs: 1_000 }), { ...unknown, signal: gone.signal });
  delay.enable();
  const began = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  delay.disable();
  gone.abort();
  await expect(going).rejects.toMatchObject({ trouble: { code: "SERIN_REHEARSAL_ENDED" } });
  // A thousand rehearsals of fifteen scenarios would take minutes, and on this thread nothing would come between them.
  expect(performance.now() - began).toBeLessThan(20_000);
  expect(delay.percentile(50) / 1e6).toBeLessThan(50);
  expect(await rehearser.rehearse(asked({ scenario: "good", runs: 1 }), unknown)).toMatchObject({ ok: true });
});

/** A release of three services in two waves, in a folder of its own. */
function releaseIn(dir: string): string {
  const names = ["catalog", "checkout", "mail"];
  const strategy = "{ canary: { steps: [{ weight: 20%, hold: 20s }, { weight: 50%, hold: 20s }] } }";
  for (const name of names) writeFileSync(join(dir, `${name}.yaml`), fileOf(name, 2, { strategy }));
  return `apiVersion: serin.dev/v1
kind: Release
metadata: { name: shop }
spec:
  members: [${names.map((name) => `{ name: ${name}, file: ${name}.yaml }`).join(", ")}]
  waves: [{ members: [catalog], bake: 1m }, { members: [checkout, mail] }]
`;
}

const FACADE = `apiVersion: serin.dev/v1
kind: Facade
metadata: { name: shop }
spec:
  traffic: { proxy: { listen: 8080 } }
  legacy: { urls: ["http://127.0.0.1:9000"], ready: { path: / } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 2m }, { weight: 50%, hold: 2m }] } }
  analysis: { metrics: [{ preset: success-rate }] }
  routes: [${["cart", "search", "pay"].map((name) => `{ name: ${name}, match: [{ path: /${name} }], workload: { process: { command: [serve] } } }`).join(", ")}]
`;

describe("a release", () => {
  const origin = mkdtempSync(join(tmpdir(), "serin-rehearsing-"));
  afterAll(() => rmSync(origin, { recursive: true }));
  const text = releaseIn(origin);
  const any = { ...unknown, read: planText };

  test("tells which member may be worse, from the traffic of each", async () => {
    const usually = (service: string) => (service === "mail" ? { perSecond: 7, errors: 0.02 } : undefined);
    const { group } = await new Rehearser().rehearse({ text, origin, runs: 0 }, { ...any, usually });
    expect(group).toMatchObject({ group: "release/shop", isCut: false });
    expect(group?.members.map(({ service, wave, source }) => [service, wave, source])).toEqual([
      ["catalog", 1, "assumed"],
      ["checkout", 2, "assumed"],
      ["mail", 2, "measured"],
    ]);
    const named = group?.scenarios.map(({ name }) => name);
    expect(named).toEqual(expect.arrayContaining(["good", "checkout:errors-1", "mail:slower-1.5", "outage"]));
    expect(group?.scenarios.find(({ name }) => name === "mail:errors-1")).toMatchObject({
      member: "mail",
      fault: "bad",
      lines: expect.stringMatching(/mail: load 7\/s; .*mail: canary errors 3%$/u),
    });
  });

  test("goes back with all members when one of its last wave is worse, and a seed is one story", async () => {
    const rehearser = new Rehearser();
    const request = { text, origin, scenario: "checkout:errors-5", runs: 3, timeline: true };
    const bad = await rehearser.rehearse(request, any);
    expect(rehearsedFile.safeParse(JSON.parse(JSON.stringify(bad))).error).toBeUndefined();
    const [scenario] = bad.group?.scenarios ?? [];
    expect(scenario).toMatchObject({
      runs: 3,
      endings: [{ ending: "rolled-back", runs: 3 }],
      fates: { back: { runs: 3 } },
      turnings: { runs: 3, waves: [{ wave: 2, runs: 3 }] },
    });
    const catalog = scenario?.members.find(({ service }) => service === "catalog");
    expect(catalog).toMatchObject({
      wave: 1,
      atTurning: [{ at: "promoted", runs: 3 }],
      atEnd: [{ at: "undone", runs: 3 }],
    });
    expect(catalog?.share.at(-1)).toBe(1);
    expect(scenario?.once).toMatchObject({ seed: 1, ending: "rolled-back", turning: { kind: "back", wave: 2 } });
    expect(new Set(scenario?.once?.timeline.map(({ of }) => of))).toContain("release/shop");
    expect(await rehearser.rehearse(request, any)).toEqual(bad);
  });

  test("is promoted where all are good; mistakes are told", async () => {
    const rehearser = new Rehearser();
    const good = await rehearser.rehearse({ text, origin, scenario: "good", runs: 2 }, any);
    expect(good.group?.scenarios[0]).toMatchObject({ endings: [{ ending: "promoted", runs: 2 }] });
    expect(good.group?.scenarios[0]?.turnings).toBeUndefined();
    const unread = rehearser.rehearse({ text, origin, scenario: "chekout: canary errors 2%" }, any);
    await expect(unread).rejects.toMatchObject({
      trouble: { code: "SERIN_BAD_SCENARIO", found: expect.stringContaining("did you mean checkout?") },
    });
  });
});

test("a façade's line stops at a route that is worse, which goes back alone", async () => {
  const any = { ...unknown, read: planText };
  const request = { text: FACADE, origin: "/", scenario: "shop-search:errors-5", runs: 2, timeline: true };
  const bad = await new Rehearser().rehearse(request, any);
  expect(rehearsedFile.safeParse(JSON.parse(JSON.stringify(bad))).error).toBeUndefined();
  expect(bad.group).toMatchObject({
    group: "facade/shop",
    members: [{ service: "shop-cart" }, { service: "shop-search" }, { service: "shop-pay" }],
  });
  const [scenario] = bad.group?.scenarios ?? [];
  expect(scenario).toMatchObject({
    endings: [{ ending: "rolled-back", runs: 2 }],
    turnings: { runs: 2, waves: [{ wave: 2, runs: 2 }] },
    once: { turning: { kind: "alone", wave: 2 } },
  });
  expect(scenario?.members.map(({ atEnd }) => atEnd)).toEqual([
    [{ at: "promoted", runs: 2 }],
    [{ at: "rolled-back", runs: 2 }],
    [{ at: "waiting", runs: 2 }],
  ]);
});
