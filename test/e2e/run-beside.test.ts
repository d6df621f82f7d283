// Can a rollout that `serin run` follows be steered from another terminal, and does a second run say the truth?
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makePlace, rolloutFile, serin, start, until, view, type Place } from "./harness.ts";

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
afterEach(async () => {
  await place.remove();
});

const GATED = "canary: { steps: [{ weight: 50%, gate: a look }] }";
const at = (): string[] => ["--state", place.state];
const fileOf = (version: string): Promise<string> =>
  place.write(`${version}.yaml`, rolloutFile(version, { strategy: GATED, analysis: "  analysis: { enabled: false }" }));

test("a run is promoted and aborted by others; what is stable already is no failure", async () => {
  const [v1, v2] = [await fileOf("v1"), await fileOf("v2")];
  expect(await serin(["run", v1, ...at()])).toMatchObject({ code: 0 });
  expect((await stat(join(place.state, "journal.db"))).mode & 0o777).toBe(0o600);

  const gate = (): Promise<true | undefined> =>
    view(place).then(({ rollout }) => (rollout?.waiting?.for === "person" ? true : undefined));
  const aborted = start(["run", v2, ...at()]);
  const code = new Promise((resolve) => aborted.once("close", resolve));
  await until("the gate", gate);
  expect(await serin(["abort", "app", ...at()])).toMatchObject({ code: 0, out: "app/2 goes back to stable\n" });
  expect(await code).toBe(1);

  const again = await serin(["run", v1, ...at()]);
  expect(again).toMatchObject({ code: 0 });
  expect(again.out).toContain("is stable already; nothing to roll out");
  expect(again.out).not.toContain("stopped");

  const promoted = serin(["run", v2, ...at()]);
  await until("the gate", gate);
  expect(await serin(["promote", "app", ...at()])).toMatchObject({ code: 0 });
  expect((await promoted).code).toBe(0);
  expect(await serin(["down", "app", ...at()])).toMatchObject({ code: 0 });
});
