// What becomes of a service while the disk under the journal is full, and after?
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { expect, test, type TestContext } from "vitest";
import { clients, rolloutFile } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";

const SMALL = ["-t", "tmpfs", "-o", "size=2m", "tmpfs"];

/** Whether this system lets us have a small disk: it takes root and its rights. */
function mayMount(): boolean {
  const probe = join(import.meta.dirname, ".mount-probe");
  mkdirSync(probe, { recursive: true });
  const isMounted = spawnSync("mount", [...SMALL, probe]).status === 0;
  if (isMounted) spawnSync("umount", [probe]);
  rmSync(probe, { recursive: true, force: true });
  return isMounted;
}

const MAY_MOUNT = mayMount();

function fill(file: string): void {
  for (const bytes of [65_536, 4_096, 512, 16]) {
    try {
      for (;;) appendFileSync(file, Buffer.alloc(bytes));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
    }
  }
}

async function onSmallDisk({ onTestFinished }: TestContext): Promise<Scene> {
  let scene: Scene | undefined;
  let disk: string | undefined;
  // The folder can be removed when nothing is mounted on it any more.
  onTestFinished(async () => {
    if (disk !== undefined) spawnSync("umount", ["-l", disk]);
    await scene?.close();
  });
  scene = await openScene((state) => {
    disk = state;
    expect(spawnSync("mount", [...SMALL, state]).status).toBe(0);
  });
  return scene;
}

test.skipIf(!MAY_MOUNT)(
  "a full disk: nothing half-applied, traffic as before; space again: it goes on",
  { concurrent: true },
  async (context) => {
    const scene = await onSmallDisk(context);
    const first = await scene.ended(await scene.apply(rolloutFile("v1")));
    const load = clients(first.address ?? "", 4, 5);
    context.onTestFinished(() => load.stop());
    const filler = join(scene.place.state, "filler");
    fill(filler);

    const file = await scene.place.write("v2.yaml", rolloutFile("v2"));
    const refused = await scene.say("apply", file);
    expect(refused.code).toBe(1);
    expect(refused.err).toMatch(/^SERIN_JOURNAL_FULL .+cannot grow: the disk is full/u);
    for (const line of ["found", "now", "next"]) expect(refused.err).toMatch(new RegExp(`^  ${line} {2,4}\\S`, "mu"));
    const after = await scene.look();
    expect(after).toMatchObject({ version: first.version, stable: first.stable, rollout: { number: 1 } });

    rmSync(filler);
    const { rollout } = await scene.ended(await scene.apply(rolloutFile("v2")));
    expect(rollout).toMatchObject({ number: 2, outcome: "promoted" });
    expect((await scene.look()).troubles).toEqual({});
    await load.stop();
    expect(load.lost).toEqual([]);
    for (const [version, { failed }] of load.answers) expect(failed, version).toBe(0);
  },
);

test.skipIf(!MAY_MOUNT)(
  "the disk is full in the middle of a canary: it goes no further, then on",
  { concurrent: true },
  async (context) => {
    const scene = await onSmallDisk(context);
    const first = await scene.ended(await scene.apply(rolloutFile("v1")));
    const load = clients(first.address ?? "", 4, 5);
    context.onTestFinished(() => load.stop());
    const strategy = "canary: { steps: [{ weight: 20%, hold: 6s }, { weight: 60%, hold: 500ms }] }";
    const number = await scene.apply(rolloutFile("v2", { strategy }));
    await scene.see("the first share", ({ reported }) => reported?.canary === 200_000);
    const filler = join(scene.place.state, "filler");
    fill(filler);

    await scene.see("the journal's trouble", ({ troubles }) => troubles["journal"]?.includes("SERIN_JOURNAL_FULL"));
    const held = await scene.look();
    expect(held.reported).toEqual({ canary: 200_000, stable: 800_000 });
    expect(held.rollout).toMatchObject({ number, phase: "forward" });

    rmSync(filler);
    expect((await scene.ended(number)).rollout?.outcome).toBe("promoted");
    await load.stop();
    expect(load.lost).toEqual([]);
  },
);
