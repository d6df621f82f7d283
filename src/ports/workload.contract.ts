// Does a workload run what it is asked to run, no more and no less?
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ms } from "../core/units.ts";
import { testUnless } from "./left-out.contract.ts";
import type { Replica, Revision, RunningPool, WantedPool, Workload } from "./workload.ts";

/** A workload with revisions of known behaviour. */
export interface WorkloadPlace {
  /** The workload of the present controller. */
  readonly workload: Workload;
  /** `good` and `other` become ready; `crashing` exits soon after each start; `never` runs and is never ready. */
  revision(kind: "good" | "other" | "crashing" | "never"): Revision;
  /** The controller is gone without a word; the next one takes over. */
  restart(): Promise<void>;
  /** Lets time pass. */
  pass(durationMs: number): Promise<void>;
  /** How long a busy replica may drain. */
  readonly drainMs: number;
  dispose(): Promise<void>;
}

const call = () => ({ signal: new AbortController().signal });
const LIMIT_MS = 60_000;
const STEP_MS = 50;

/** What a workload cannot do by its nature, and why. */
interface Unable {
  /** Have as many replicas as are asked for. */
  readonly sizes?: string;
  /** Start and end replicas. */
  readonly lives?: string;
  /** Know since when a replica has been ready, after a controller has gone. */
  readonly memory?: string;
}

/** Every workload must pass this, but for what it is not able to. */
export function workloadContract(name: string, create: () => Promise<WorkloadPlace>, unable: Unable = {}): void {
  const { sizes, lives, memory } = unable;
  describe(`${name} as a workload`, () => {
    let place: WorkloadPlace;
    beforeEach(async () => {
      place = await create();
    });
    afterEach(async () => {
      await place.dispose();
    });

    const pool = (of: string, size: number, kind: Parameters<WorkloadPlace["revision"]>[0] = "good"): WantedPool => ({
      pool: of,
      size,
      revision: place.revision(kind),
    });
    const apply = (pools: readonly WantedPool[], busy: readonly string[] = []) =>
      place.workload.apply(pools, busy, call());
    const look = async (): Promise<readonly RunningPool[]> => {
      const observed = await place.workload.observe(call());
      if (observed.kind === "unreadable") throw new Error(`unreadable: ${observed.why}`);
      return observed.kind === "value" ? observed.value : [];
    };
    const replicas = async (of: string): Promise<readonly Replica[]> =>
      (await look()).filter((running) => running.pool === of).flatMap((running) => running.replicas);
    /** Waits until `done` says true of a pool's replicas, and returns them. */
    const until = async (of: string, done: (found: readonly Replica[]) => boolean): Promise<readonly Replica[]> => {
      let found = await replicas(of);
      for (let passed = 0; !done(found); passed += STEP_MS) {
        if (passed > LIMIT_MS) throw new Error(`pool ${of} did not come to it: ${JSON.stringify(found)}`);
        await place.pass(STEP_MS);
        found = await replicas(of);
      }
      return found;
    };
    const ready = (size: number) => (found: readonly Replica[]) =>
      found.length === size && found.every(({ state }) => state === "ready");
    const ids = (found: readonly Replica[]) => found.map(({ id }) => id).toSorted();

    test("runs nothing before it is asked", async () => {
      expect(await look()).toEqual([]);
    });

    testUnless(sizes)("brings pools to their sizes, each replica with a name and an address of its own", async () => {
      await apply([pool("a", 2), pool("b", 1, "other")]);
      expect(await replicas("a")).toHaveLength(2);
      const all = [...(await until("a", ready(2))), ...(await until("b", ready(1)))];
      expect(new Set(all.map(({ id }) => id)).size).toBe(3);
      expect(new Set(all.map(({ host, port }) => `${host}:${port}`)).size).toBe(3);
      for (const one of all) expect(one).toMatchObject({ restarts: 0, readySinceMs: expect.any(Number) });
      expect((await look()).map((running) => `${running.pool} ${running.revision}`).toSorted()).toEqual([
        `a ${place.revision("good").id}`,
        `b ${place.revision("other").id}`,
      ]);
    });

    test("asked again for the same, changes nothing", async () => {
      await apply([pool("a", 2)]);
      await apply([pool("a", 2)]);
      const before = await until("a", ready(2));
      await Promise.all([apply([pool("a", 2)]), apply([pool("a", 2)]), apply([pool("a", 2)])]);
      await place.pass(300);
      expect(await replicas("a")).toEqual(before);
    });

    testUnless(lives)("grows by new replicas, shrinks by the youngest, and names are never used again", async () => {
      await apply([pool("a", 1)]);
      const [first] = ids(await until("a", ready(1)));
      await apply([pool("a", 2)]);
      const both = ids(await until("a", ready(2)));
      expect(both).toContain(first);
      await apply([pool("a", 1)]);
      expect(ids(await until("a", ready(1)))).toEqual([first]);
      await apply([]);
      await until("a", (found) => found.length === 0);
      await apply([pool("a", 1)]);
      expect(both).not.toContain(ids(await until("a", ready(1)))[0]);
    });

    testUnless(lives)("a busy replica drains until it is not busy any more", async () => {
      await apply([pool("a", 1)]);
      const [one] = ids(await until("a", ready(1)));
      await apply([], [one ?? ""]);
      await place.pass(place.drainMs / 3);
      await apply([], [one ?? ""]);
      expect(await replicas("a")).toMatchObject([{ id: one, state: "draining" }]);
      await apply([], []);
      await until("a", (found) => found.length === 0);
    });

    testUnless(lives)("a replica that stays busy is ended when its drain time is over", async () => {
      await apply([pool("a", 1)]);
      const [one] = ids(await until("a", ready(1)));
      await apply([], [one ?? ""]);
      await place.pass(place.drainMs / 2);
      expect(await replicas("a")).toHaveLength(1);
      await until("a", (found) => found.length === 0);
    });

    testUnless(lives)("a draining replica that is wanted again is taken back", async () => {
      await apply([pool("a", 2)]);
      const both = ids(await until("a", ready(2)));
      await apply([pool("a", 1)], both);
      await until("a", (found) => found.some(({ state }) => state === "draining"));
      await apply([pool("a", 2)], both);
      expect(ids(await until("a", ready(2)))).toEqual(both);
    });

    testUnless(lives)("a pool whose revision changes gets new replicas, the old ones drain", async () => {
      await apply([pool("a", 1)]);
      const old = ids(await until("a", ready(1)));
      await apply([pool("a", 1, "other")], old);
      const both = await until("a", (found) => found.length === 2 && found.some(({ state }) => state === "ready"));
      expect(both.find(({ id }) => id === old[0])?.state).toBe("draining");
      await apply([pool("a", 1, "other")]);
      expect(ids(await until("a", ready(1)))).not.toEqual(old);
      expect((await look()).map(({ revision }) => revision)).toEqual([place.revision("other").id]);
    });

    testUnless(lives)("a crashing replica is started again under its name, and says why it fails", async () => {
      await apply([pool("a", 1, "crashing"), pool("b", 1)]);
      const [failing] = await until("a", ([one]) => one?.state === "failing");
      expect(failing?.why).toMatch(/\S/);
      const [again] = await until("a", ([one]) => (one?.restarts ?? 0) >= 2);
      expect(again?.id).toBe(failing?.id);
      expect(again?.readySinceMs).toBeUndefined();
      await until("b", ready(1));
      // It can be taken away at any moment of its loop.
      await apply([pool("b", 1)]);
      await until("a", (found) => found.length === 0);
    });

    testUnless(lives)("a replica that never becomes ready fails at its deadline, and says so", async () => {
      await apply([pool("a", 1, "never")]);
      // It has not waited.
      expect(await replicas("a")).toMatchObject([{ state: "starting" }]);
      const [failing] = await until("a", ([one]) => one?.state === "failing");
      expect(failing?.why).toMatch(/not ready/);
      expect(failing?.readySinceMs).toBeUndefined();
    });

    testUnless(memory)("another controller finds every replica again, none is doubled", async () => {
      await apply([pool("a", 2), pool("b", 1, "other")]);
      const a = await until("a", ready(2));
      const b = await until("b", ready(1));
      await place.restart();
      expect(
        (await look())
          .flatMap((running) => running.replicas)
          .map(({ id, port, state }) => ({ id, port, state }))
          .toSorted((one, two) => (one.id < two.id ? -1 : 1)),
      ).toEqual(
        [...a, ...b]
          .map(({ id, port, state }) => ({ id, port, state }))
          .toSorted((one, two) => (one.id < two.id ? -1 : 1)),
      );
      await apply([pool("a", 2), pool("b", 1, "other")]);
      await place.pass(300);
      const known = (found: readonly Replica[]) =>
        found.map(({ id, readySinceMs }) => `${id} ${readySinceMs}`).toSorted();
      expect(known(await replicas("a"))).toEqual(known(a));
      await apply([pool("a", 1)]);
      await until("b", (found) => found.length === 0);
      await until("a", ready(1));
    });

    test("a call that was called off before it began does nothing", async () => {
      const off = { signal: AbortSignal.abort() };
      await expect(place.workload.apply([pool("a", 1)], [], off)).rejects.toBeDefined();
      await place.pass(ms(200));
      expect(await look()).toEqual([]);
    });
  });
}
