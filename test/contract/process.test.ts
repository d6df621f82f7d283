// Does a group of real processes run as it should?
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { birthOf, processes, processesByPs } from "../../src/adapters/process/system.ts";
import { ms } from "../../src/core/units.ts";
import { workloadContract } from "../../src/ports/workload.contract.ts";
import { ask, call, kill, pause, Place, ready, replicasOf, until } from "./process/place.ts";

workloadContract("process", async () => {
  const place = new Place();
  const kinds = ["good", "other", "crashing", "never"] as const;
  const revisions = new Map(await Promise.all(kinds.map(async (kind) => [kind, await place.revision(kind)] as const)));
  let workload = place.workload();
  return {
    get workload() {
      return workload;
    },
    drainMs: 6_000,
    revision: (kind) => {
      const revision = revisions.get(kind);
      if (!revision) throw new Error(kind);
      return revision;
    },
    restart: async () => {
      await workload.close();
      workload = place.workload();
    },
    pass: pause,
    dispose: () => place.dispose(),
  };
});

describe("the process workload", () => {
  let place: Place;
  beforeEach(() => {
    place = new Place();
  });
  afterEach(() => place.dispose());
  const pools = async (mode: string, more: Parameters<Place["revision"]>[1] = {}, size = 1) => [
    { pool: "a", size, revision: await place.revision(mode, more) },
  ];

  test("gives each process its place in the world", async () => {
    const workload = place.workload();
    const more = {
      command: [process.execPath, (await import("./process/place.ts")).SERVICE, "--at={port}", "{files}/x"],
    };
    const wanted = await pools("good", more);
    await workload.apply(wanted, [], call());
    const [replica] = await until(workload, ready(1));
    if (!replica) throw new Error("none");
    const told = await ask(replica);
    expect(told).toMatchObject({ revision: wanted[0]?.revision.id, replica: replica.id });
    expect(told.argv).toEqual([`--at=${replica.port}`, join(place.state, "revisions", told.revision, "x")]);
    expect(replica.port).toBeGreaterThanOrEqual(20_000);
    expect(replica.port).toBeLessThan(30_000);
    expect(await readFile(join(place.state, "logs", `${replica.id}.log`), "utf8")).toContain("listening on");
  });

  test.each([
    { that: "exits at once", mode: "exits", why: /^exited with code 3$/ },
    { that: "crashes", mode: "crashing", why: /^exited with code 1: TypeError: no such table: orders$/ },
    { that: "is never ready", mode: "never", why: /^not ready after 800ms: nothing listens on port \d+$/ },
    {
      that: "is never ready by TCP",
      mode: "never",
      ready: { kind: "tcp" },
      why: /^not ready after 800ms: nothing listens/,
    },
    {
      that: "has no such path",
      mode: "good",
      ready: { kind: "http", path: "/none" },
      why: /: GET \/none answered 404$/,
    },
    {
      that: "has an odd path",
      mode: "good",
      ready: { kind: "http", path: "/a b" },
      why: /^not ready after 800ms: Request/,
    },
  ] as const)("says why a service fails that $that", async ({ mode, why, ...more }) => {
    const workload = place.workload();
    await workload.apply(await pools(mode, "ready" in more ? { ready: more.ready } : {}), [], call());
    // One that takes long to begin does not listen at first, whatever is wrong with it.
    const [replica] = await until(workload, ([one]) => one?.state === "failing" && why.test(one.why ?? ""));
    expect(replica?.hopeless).toBeUndefined();
  });

  test("a command, a folder or a right that is missing is told as such, and nothing can be hoped for", async () => {
    await writeFile(join(place.dir, "plain"), "no program", { mode: 0o600 });
    const workload = place.workload();
    const cases = [
      { command: ["no-such-command-anywhere"], why: /the command "no-such-command-anywhere" does not exist/ },
      { command: [join(place.dir, "plain")], why: /may not be executed/ },
      { cwd: join(place.dir, "nowhere"), why: /the folder .*nowhere does not exist/ },
    ];
    for (const { why, ...more } of cases) {
      await workload.apply(await pools("good", more), [], call());
      const [replica] = await until(workload, (found) => found.length === 1 && found[0]?.hopeless === true);
      expect(replica?.why).toMatch(why);
      await workload.apply([], [], call());
      await until(workload, (found) => found.length === 0);
    }
  });

  test("restarts come slower and slower, and one that comes late is ready all the same", async () => {
    const starts: number[] = [];
    const workload = place.workload({ trace: (moment) => moment === "spawned" && starts.push(Date.now()) });
    await workload.apply(await pools("exits"), [], call());
    await until(workload, ([one]) => (one?.restarts ?? 0) >= 5);
    const pauses = starts.slice(1).map((at, index) => at - (starts[index] ?? 0));
    // 100, 200, 400, 400 ms after each exit, and a process of Node takes at least 20 ms to exit.
    for (const [index, least] of [100, 200, 400, 400].entries()) expect(pauses[index]).toBeGreaterThanOrEqual(least);
    expect(pauses[3]).toBeLessThan(10_000);
  });

  test("one that was ready and is sick fails after three looks, and is ready again when it is well", async () => {
    const workload = place.workload();
    await workload.apply(await pools("good"), [], call());
    const [before] = await until(workload, ready(1));
    if (!before) throw new Error("none");
    await ask(before, "/sick");
    const [sick] = await until(workload, ([one]) => one?.state === "failing");
    expect(sick).toMatchObject({ id: before.id, restarts: 0, why: "not ready any more: GET /healthz answered 503" });
    expect(sick?.readySinceMs).toBeUndefined();
    await ask(before, "/well");
    const [well] = await until(workload, ready(1));
    expect(well?.readySinceMs).toBeGreaterThan(before.readySinceMs ?? Number.POSITIVE_INFINITY);
  });

  test("a service that does not heed SIGTERM is killed after its grace, with all that it started", async () => {
    const workload = place.workload();
    const wanted = [
      { pool: "a", size: 1, revision: await place.revision("stubborn") },
      { pool: "b", size: 1, revision: await place.revision("parent") },
    ];
    await workload.apply(wanted, [], call());
    await until(workload, ready(2));
    expect(await place.left()).toHaveLength(3);
    const told = Date.now();
    await workload.apply([], [], call());
    await until(workload, (found) => found.length === 0);
    expect(Date.now() - told).toBeGreaterThanOrEqual(400);
    expect(await place.left()).toEqual([]);
    expect(await place.records()).toEqual([]);
  });

  test("what a crashed process left behind is ended before it is started again", async () => {
    const workload = place.workload();
    await workload.apply(await pools("parent"), [], call());
    const [before] = await until(workload, ready(1));
    if (!before) throw new Error("none");
    await ask(before, "/crash");
    const [after] = await until(workload, ([one]) => one?.restarts === 1 && one.state === "ready");
    expect(after).toMatchObject({ id: before.id, port: before.port });
    expect(await place.left()).toHaveLength(2);
  });

  test("a changed file is another revision; the old one sees its old file, also after a restart", async () => {
    await mkdir(join(place.dir, "conf"));
    const write = (text: string) => writeFile(join(place.dir, "conf", "app.txt"), text);
    await write("old");
    const old = await place.revision("good", { names: ["conf/app.txt"] });
    const workload = place.workload();
    const first = { pool: "a", size: 1, revision: old };
    await workload.apply([first], [], call());
    await until(workload, ready(1));
    await write("new");
    const changed = await place.revision("good", { names: ["./conf/../conf/app.txt"] });
    expect(changed.id).not.toBe(old.id);
    await workload.apply([first, { pool: "b", size: 1, revision: changed }], [], call());
    await until(workload, ready(2));
    const crashing = (await replicasOf(workload)).find(({ id }) => id.startsWith("a-"));
    if (crashing) await ask(crashing, "/crash");
    await until(workload, (found) => ready(2)(found) && found.some(({ restarts }) => restarts === 1));
    const told = await Promise.all((await replicasOf(workload)).map((one) => ask(one)));
    expect(told.map(({ config }) => config).toSorted()).toEqual(["new", "old"]);
    // Even when someone meddles with the copy, a new controller starts the revision with its own content.
    await workload.close();
    await rm(join(place.state, "revisions", old.id), { recursive: true });
    const next = place.workload();
    await next.apply([first, { pool: "b", size: 1, revision: changed }], [], call());
    const again = (await replicasOf(next)).find(({ id }) => id.startsWith("a-"));
    if (again) await ask(again, "/crash");
    await until(next, (found) => ready(2)(found) && found.some(({ restarts }) => restarts === 2));
    const texts = await Promise.all((await replicasOf(next)).map((one) => ask(one)));
    expect(texts.map(({ config }) => config).toSorted()).toEqual(["new", "old"]);
  });

  test("the log of a revision is rotated while its processes write on", async () => {
    const workload = place.workload({ logs: { bytes: 50_000, old: 2 } });
    await workload.apply(await pools("chatty"), [], call());
    await until(workload, ready(1));
    const logs = join(place.state, "logs");
    for (const end = Date.now() + 10_000; Date.now() < end && (await readdir(logs)).length < 3;) await pause(50);
    expect(await readdir(logs)).toHaveLength(3);
    const current = (await readdir(logs)).find((name) => name.endsWith(".log")) ?? "";
    await pause(300);
    const text = await readFile(join(logs, current), "utf8");
    expect(text.length).toBeLessThan(200_000);
    // Cut off and not left as a hole: everyone goes on at the new end.
    expect(text).not.toContain("\0");
  });

  test("a port that was taken while the process was down is left to its new owner", async () => {
    const workload = place.workload();
    await workload.apply(await pools("good", {}, 1), [], call());
    const [before] = await until(workload, ready(1));
    if (!before) throw new Error("none");
    await workload.close();
    const [first] = await place.left();
    if (first) kill(first.pid);
    const { createServer } = await import("node:net");
    const squatter = createServer((socket) => socket.destroy());
    try {
      for (;;) {
        const listens = await new Promise((resolve) => {
          squatter.once("error", () => resolve(false));
          squatter.listen(before.port, "127.0.0.1", () => resolve(true));
        });
        if (listens) break;
        await pause(10);
      }
      const next = place.workload();
      await next.apply(await pools("good"), [], call());
      const [after] = await until(next, ready(1));
      expect(after?.id).toBe(before.id);
      expect(after?.port).not.toBe(before.port);
    } finally {
      squatter.close();
    }
  });

  test("removeAll ends everything, also what an earlier controller has started, and forgets it", async () => {
    const workload = place.workload();
    await workload.apply(await pools("good", {}, 2), [], call());
    await until(workload, ready(2));
    await workload.close();
    const next = place.workload();
    await next.removeAll(call());
    expect(await place.left()).toEqual([]);
    expect(await replicasOf(next)).toEqual([]);
    expect(await place.records()).toEqual([]);
    expect(existsSync(join(place.state, "logs"))).toBe(true);
  });

  test("a folder that cannot be written is said to be so, and nothing is started", async () => {
    await writeFile(join(place.dir, "file"), "");
    const workload = place.workload({ dir: join(place.dir, "file", "state") });
    const refused = workload.apply(await pools("good"), [], call());
    await expect(refused).rejects.toMatchObject({ trouble: { code: "SERIN_STATE_UNWRITABLE" } });
    expect(await workload.observe(call())).toMatchObject({ kind: "unreadable" });
  });

  test("when the plan cannot be written nothing of it happens, and what runs goes on", async () => {
    const workload = place.workload();
    const [wanted] = await pools("good");
    if (!wanted) throw new Error("none");
    await workload.apply([wanted], [], call());
    const before = await until(workload, ready(1));
    // A file in the place of a folder refuses writing to everyone, root too.
    await rm(join(place.state, "logs"), { recursive: true });
    await writeFile(join(place.state, "logs"), "");
    const other = { pool: "b", size: 2, revision: await place.revision("other") };
    const refused = await workload.apply([other], [], call()).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toMatchObject({ trouble: { code: "SERIN_STATE_UNWRITABLE" } });
    await pause(200);
    expect(await replicasOf(workload)).toEqual(before);
    expect(await place.records()).toHaveLength(1);
    expect(await place.left()).toHaveLength(1);
  });

  test("processes are known by number and birth, from /proc as from ps", async () => {
    const birth = await birthOf(process.pid);
    expect(birth).toBeDefined();
    expect((await processes()).find(({ pid }) => pid === process.pid)?.birth).toBe(birth);
    expect(await birthOf(2 ** 22 + 1)).toBeUndefined();
    const workload = place.workload();
    await workload.apply(await pools("good"), [], call());
    const [replica] = await until(workload, ready(1));
    const [first] = await place.left();
    expect(first?.mark).toMatchObject({ replica: replica?.id, pool: "a", port: replica?.port, host: "127.0.0.1" });
    // A machine without ps is a Linux that does not need it.
    const byPs = await processesByPs().catch(() => [first]);
    expect(byPs.find((one) => one?.pid === first?.pid)?.mark).toEqual(first?.mark);
  });

  test("a replica may be ready for ever without a file handle or listener more", async () => {
    const warnings: string[] = [];
    const warned = (warning: Error): void => void warnings.push(String(warning));
    process.on("warning", warned);
    try {
      const workload = place.workload({ pollMs: ms(5), readyCheckMs: ms(5) });
      await workload.apply(await pools("good", {}, 4), [], call());
      await until(workload, ready(4));
      await pause(1_000);
      expect(await replicasOf(workload)).toSatisfy(ready(4));
    } finally {
      process.off("warning", warned);
    }
    expect(warnings).toEqual([]);
  });
});
