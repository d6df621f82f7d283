// Are addresses of somebody else seen as they are, and left alone?
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ms } from "../../core/units.ts";
import type { RunningPool } from "../../ports/workload.ts";
import { createVirtualClock } from "../memory/clock.ts";
import { endpointsRevision } from "./revision.ts";
import { createEndpointsWorkload } from "./workload.ts";

const call = () => ({ signal: new AbortController().signal });
const at = (port: number) => ({ host: "127.0.0.1", port });
const revision = endpointsRevision({ addresses: [at(9_001), at(9_002)], ready: { kind: "tcp" } });

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "serin-endpoints-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** Addresses that answer unless they are down. */
function place(down: Set<number> = new Set()) {
  const clock = createVirtualClock();
  let probes = 0;
  const probe = async ({ port }: { port: number }): Promise<string | undefined> => {
    probes += 1;
    return down.has(port) ? `nothing listens on port ${port}` : undefined;
  };
  const open = () => createEndpointsWorkload({ dir: join(dir, "endpoints"), clock, probe });
  const look = async (workload = open()): Promise<readonly RunningPool[]> => {
    const seen = await workload.observe(call());
    if (seen.kind === "unreadable") throw new Error(seen.why);
    return seen.kind === "value" ? seen.value : [];
  };
  return { clock, down, open, look, probes: () => probes };
}

const wanted = [{ pool: "1-canary", size: 5, revision }];

test("each address is a replica, whatever size is asked for, and carries all of the traffic", async () => {
  const { open, look, clock } = place();
  const workload = open();
  await workload.apply(wanted, [], call());
  expect(await look(workload)).toEqual([
    {
      pool: "1-canary",
      revision: revision.id,
      unlimited: true,
      replicas: [
        { id: "1-canary-1", ...at(9_001), restarts: 0, state: "ready", readySinceMs: clock.now() },
        { id: "1-canary-2", ...at(9_002), restarts: 0, state: "ready", readySinceMs: clock.now() },
      ],
    },
  ]);
  await workload.apply([], [], call());
  expect(await look(workload)).toEqual([]);
});

test("an address that answered is only given up after three looks in vain; one that never did fails at once", async () => {
  const { open, look, clock, down } = place(new Set([9_002]));
  const workload = open();
  await workload.apply(wanted, [], call());
  const states = async () => (await look(workload)).flatMap(({ replicas }) => replicas.map(({ state }) => state));
  expect(await states()).toEqual(["ready", "failing"]);
  expect((await look(workload))[0]?.replicas[1]?.why).toBe("nothing listens on port 9002");
  down.add(9_001);
  for (const expected of ["ready", "ready", "failing"]) {
    await clock.advance(ms(1_000));
    expect((await states())[0]).toBe(expected);
  }
  down.clear();
  await clock.advance(ms(1_000));
  expect(await states()).toEqual(["ready", "ready"]);
  const [replica] = (await look(workload))[0]?.replicas ?? [];
  expect(replica?.readySinceMs).toBe(clock.now());
});

test("it is not asked more than once a second, however often one looks", async () => {
  const { open, look, clock, probes } = place();
  const workload = open();
  await workload.apply(wanted, [], call());
  for (let look1 = 0; look1 < 10; look1 += 1) {
    await look(workload);
    await clock.advance(ms(100));
  }
  expect(probes()).toBeLessThanOrEqual(4);
});

test("the next controller sees what the one before wanted, before it is asked for anything", async () => {
  const { open, look } = place();
  await open().apply(wanted, [], call());
  expect((await look(open()))[0]?.replicas.map(({ state }) => state)).toEqual(["ready", "ready"]);
  const next = open();
  next.forget();
  expect(await look(open())).toEqual([]);
  expect(await readdir(dir)).toEqual([]);
});

test("what cannot be written is said, and what is kept but cannot be read is not taken for nothing", async () => {
  const { open } = place();
  await writeFile(join(dir, "endpoints"), "a file in the place of the folder");
  await expect(open().apply(wanted, [], call())).rejects.toMatchObject({ trouble: { code: "SERIN_STATE_UNWRITABLE" } });
  expect(await open().observe(call())).toMatchObject({ kind: "unreadable" });
});

test("the addresses are the revision; the order in which they stand, and how one looks, are not", () => {
  const other = endpointsRevision({ addresses: [at(9_002), at(9_001)], ready: { kind: "http", path: "/up" } });
  expect(other.id).toBe(revision.id);
  expect(endpointsRevision({ addresses: [at(9_003)], ready: { kind: "tcp" } }).id).not.toBe(revision.id);
});
