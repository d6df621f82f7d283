// Can a rollout that `serin run` follows be steered from another terminal, and does a second run say the truth?
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makePlace, rolloutFile, serin, start, until, view, type Place } from "./harness.ts";

let place: Place;
beforeEach(async () => {
  place = await makePlace();
});
const serving: ChildProcess[] = [];
afterEach(async () => {
  for (const child of serving.splice(0)) child.kill("SIGKILL");
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

test("who watches is told every decision once, also when the controller is killed and started again", async () => {
  const serve = async (): Promise<ChildProcess> => {
    const child = start(["serve", "--listen", "127.0.0.1:0", ...at()]);
    serving.push(child);
    // Its log says that it serves.
    await once(child.stderr as Readable, "data");
    return child;
  };
  const first = await serve();
  expect(await serin(["apply", await fileOf("v1"), ...at()])).toMatchObject({ code: 0 });
  await until("v1", async () => (await view(place)).rollout?.outcome === "promoted");
  expect(await serin(["apply", await fileOf("v2"), ...at()])).toMatchObject({ code: 0 });
  let [told, trouble] = ["", ""];
  const watching = start(["watch", "app", "--json", ...at()]);
  watching.stdout?.on("data", (part: Buffer) => (told += part.toString()));
  watching.stderr?.on("data", (part: Buffer) => (trouble += part.toString()));
  const code = new Promise((resolve) => watching.once("close", resolve));
  await until("something is told", async () => told.includes("app/2 brings"));

  const over = once(first, "exit");
  first.kill("SIGKILL");
  await over;
  const second = await serve();
  const waits = async (): Promise<boolean> => (await view(place)).rollout?.waiting?.for === "person";
  await until("the gate", waits);
  expect(await serin(["promote", "app", ...at()])).toMatchObject({ code: 0 });
  expect([await code, trouble]).toEqual([0, ""]);
  const versions = told
    .trim()
    .split("\n")
    .map((line) => (JSON.parse(line) as { version: number }).version);
  const { out } = await serin(["explain", "app/2", "--json", ...at()]);
  const decided = (JSON.parse(out) as { version: number }[]).map(({ version }) => version);
  expect(versions.filter((version) => version >= (decided[0] ?? 0))).toEqual(decided);
  expect(await serin(["down", "app", ...at()])).toMatchObject({ code: 0 });
  const ended = once(second, "exit");
  second.kill("SIGTERM");
  await ended;
});
