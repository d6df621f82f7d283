// Does a controller that is killed, at whatever moment, lose, double or leave behind a process?
import { spawn } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { Revision } from "../../src/ports/workload.ts";
import type { Plan } from "./process/controller.ts";
import { ask, call, kill, pause, Place, ready, replicasOf, until } from "./process/place.ts";

const CONTROLLER = fileURLToPath(new URL("process/controller.ts", import.meta.url));

/** Runs a controller until it dies of itself, or is killed after so long. */
async function expectKilled(place: Place, plan: Plan, afterMs = 10_000): Promise<void> {
  const { clock: _, ...options } = place.options;
  const child = spawn(process.execPath, [CONTROLLER, place.state, JSON.stringify(plan)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, TEST_OPTIONS: JSON.stringify(options) },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const timer = setTimeout(() => child.kill("SIGKILL"), afterMs);
  child.stdout.once("data", () => child.kill("SIGKILL"));
  await ended;
  clearTimeout(timer);
  expect(child.signalCode).toBe("SIGKILL");
}

/** Another controller brings the pool to its size; then that many processes run, and no other. */
async function expectTakeover(place: Place, revision: Revision, size: number): Promise<void> {
  const before = await place.left();
  const ending = await endingIn(place);
  const workload = place.workload();
  await workload.apply([{ pool: "a", size, revision }], [], call());
  const found = await until(workload, ready(size));
  await until(workload, ready(size));
  const left = await place.left();
  expect(left.map(({ mark }) => mark?.replica ?? "").toSorted()).toEqual(found.map(({ id }) => id).toSorted());
  expect(await place.records()).toHaveLength(size);
  const told = await Promise.all(found.map((one) => ask(one)));
  expect(told.map(({ replica }) => replica)).toEqual(found.map(({ id }) => id));
  // What ran and had not been told to end was taken over, not started again.
  const kept = before.filter(({ pid }) => left.some((one) => one.pid === pid));
  const could = before.filter(({ mark }) => !ending.has(mark?.replica ?? ""));
  expect(kept.length).toBe(Math.min(size, could.length));
  await workload.apply([], [], call());
  await until(workload, (all) => all.length === 0);
  expect(await place.left()).toEqual([]);
  expect(await place.records()).toEqual([]);
}

/** Which replicas have been told to end. */
async function endingIn(place: Place): Promise<ReadonlySet<string>> {
  const paths = await place.records();
  const texts = await Promise.all(paths.map((path) => readFile(path, "utf8")));
  return new Set(
    paths.filter((_, at) => texts[at]?.includes('"endingSinceMs"')).map((path) => basename(path, ".json")),
  );
}

const byNumber = (a: number, b: number): number => a - b;

async function inPlace(work: (place: Place) => Promise<void>): Promise<void> {
  const place = new Place();
  try {
    await work(place);
  } finally {
    await place.dispose();
  }
}

describe.concurrent("a controller killed at a moment of a start", () => {
  const moments = ["planned", "spawned", "recorded"].flatMap((moment) => [1, 2, 3].map((times) => ({ moment, times })));
  // oxlint-disable-next-line vitest/expect-expect -- expectTakeover does
  test.each(moments)("$moment, $times", async (dieAt) => {
    await inPlace(async (place) => {
      const revision = await place.revision("good");
      await expectKilled(place, { revision, sizes: [3], dieAt });
      await expectTakeover(place, revision, 3);
    });
  });
});

describe.concurrent("a controller killed at a moment of an end", () => {
  const moments = ["draining", "ending", "signalled", "ended", "forgotten"].flatMap((moment) =>
    [1, 2].map((times) => ({ moment, times })),
  );
  // oxlint-disable-next-line vitest/expect-expect -- expectTakeover does
  test.each(moments)("$moment, $times", async (dieAt) => {
    await inPlace(async (place) => {
      const revision = await place.revision("stubborn");
      await expectKilled(place, { revision, sizes: [3, 1], dieAt });
      await expectTakeover(place, revision, 1);
    });
  });
});

describe.concurrent("a controller killed at a moment of a restart", () => {
  test.each(["planned", "spawned", "recorded"])("%s", async (moment) => {
    await inPlace(async (place) => {
      const revision = await place.revision("crashing");
      await expectKilled(place, { revision, sizes: [1], dieAt: { moment, times: 3 } });
      const workload = place.workload();
      await workload.apply([{ pool: "a", size: 1, revision }], [], call());
      const [again] = await until(workload, ([one]) => (one?.restarts ?? 0) >= 4);
      expect(again?.why).toMatch(/./);
      expect(await replicasOf(workload)).toHaveLength(1);
      expect((await place.left()).length).toBeLessThanOrEqual(1);
      await workload.removeAll(call());
      expect(await place.left()).toEqual([]);
    });
  });
});

describe.concurrent("a controller killed at any time", () => {
  // A controller needs about 100 ms to its first process, and 200 ms to the end of this plan.
  // oxlint-disable-next-line vitest/expect-expect -- expectTakeover does
  test.each([0, 1].map((part) => ({ part })))("sweep $part", async ({ part }) => {
    for (let afterMs = 60 + part * 20; afterMs < 400; afterMs += 40) {
      await inPlace(async (place) => {
        const revision = await place.revision("good");
        await expectKilled(place, { revision, sizes: [2, 3, 1] }, afterMs);
        await expectTakeover(place, revision, 2);
      });
    }
  });
});

describe("what another controller meets", () => {
  test("a process number that is someone else's by now is not touched", async () => {
    await inPlace(async (place) => {
      const revision = await place.revision("good");
      await expectKilled(place, { revision, sizes: [1] });
      const [ours] = await place.left();
      const stranger = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], {
        detached: true,
        stdio: "ignore",
      });
      try {
        const [path = ""] = await place.records();
        const record = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
        if (ours) kill(ours.pid);
        await pause(50);
        await writeFile(path, JSON.stringify({ ...record, pid: stranger.pid }));
        const workload = place.workload();
        const [dead] = await replicasOf(workload);
        expect(dead).toMatchObject({ state: "failing", why: "ended while no controller was watching" });
        await workload.removeAll(call());
        expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
        expect(() => process.kill(stranger.pid ?? 0, 0)).not.toThrow();
      } finally {
        kill(stranger.pid ?? 0);
      }
    });
  });

  test("a replica whose record is lost or damaged is found by its environment, and serves on", async () => {
    for (const damage of [(path: string) => rm(path), (path: string) => writeFile(path, '{"half')]) {
      await inPlace(async (place) => {
        const revision = await place.revision("good");
        await expectKilled(place, { revision, sizes: [2] });
        const before = await place.left();
        const [path = ""] = await place.records();
        await damage(path);
        const workload = place.workload();
        await workload.apply([{ pool: "a", size: 2, revision }], [], call());
        await until(workload, ready(2));
        expect((await place.left()).map(({ pid }) => pid).toSorted(byNumber)).toEqual(
          before.map(({ pid }) => pid).toSorted(byNumber),
        );
        expect(await place.records()).toHaveLength(2);
        await workload.removeAll(call());
      });
    }
  });

  test("an adopted replica that ends is noticed and started again", async () => {
    await inPlace(async (place) => {
      const revision = await place.revision("good");
      await expectKilled(place, { revision, sizes: [1] });
      const workload = place.workload();
      await workload.apply([{ pool: "a", size: 1, revision }], [], call());
      const [before] = await until(workload, ready(1));
      if (before) await ask(before, "/crash");
      const [after] = await until(workload, ([one]) => one?.restarts === 1 && one.state === "ready");
      expect(after?.id).toBe(before?.id);
      expect(await place.left()).toHaveLength(1);
      await workload.removeAll(call());
    });
  });
});
