// Does a controller rehearse a file within bounds, and beside its own work?
import { monitorEventLoopDelay } from "node:perf_hooks";
import { expect, test } from "vitest";
import { fileOf } from "../../test/sim/specs.ts";
import type { RehearseRequest } from "./contract.ts";
import { planRollout } from "./planning.ts";
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
