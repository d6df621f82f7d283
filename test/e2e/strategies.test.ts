// Under load, does every strategy keep its shares within what is ready, and lose no request?
import { afterEach, expect, test } from "vitest";
import type { ServiceView } from "../../src/api/contract.ts";
import { ROLES, shareOf } from "../../src/core/split.ts";
import { WHOLE } from "../../src/core/units.ts";
import { rolloutFile, until } from "./harness.ts";
import { openScene, type Scene } from "./scene.ts";
import { HAS_WRK, wrk, type Wrk } from "./wrk.ts";

const REPLICAS = 3;
const LISTEN = "127.0.0.1:0, preview: 127.0.0.1:0";

let scene: Scene;
let load: Wrk | undefined;
let watching: AbortController | undefined;

afterEach(async () => {
  watching?.abort();
  load?.kill();
  load = undefined;
  await scene.close();
});

/** The proxy with a second address, both on ports of the system's choice. */
function fileOf(version: string, strategy: string, extra = ""): string {
  const text = rolloutFile(version, { strategy, replicas: REPLICAS, extra });
  return text.replace('listen: "127.0.0.1:0"', `listen: "${LISTEN.split(",")[0]}", preview: "127.0.0.1:0"`);
}

/** Roles whose share is more than their ready replicas carry, when `least` of them carry everything. */
function beyond({ reported, pools }: ServiceView, least: number): readonly string[] {
  if (!reported) return [];
  return ROLES.flatMap((role) => {
    const pool = pools.find((one) => one.role === role);
    // At the promotion the state has renamed the pool already, and the router does not report it yet.
    if (!pool) return [];
    const [ready, share] = [pool.ready ?? 0, shareOf(reported, role)];
    return share > Math.ceil((ready / least) * WHOLE) ? [`${role} ${share} with ${ready} ready`] : [];
  });
}

/** Looks at the service again and again, and keeps what should never be. */
function watch(least: number): { readonly wrong: string[]; looks: number } {
  const seen = { wrong: [] as string[], looks: 0 };
  const stopping = new AbortController();
  watching = stopping;
  const look = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const view = await scene.look().catch(() => undefined);
      if (view) {
        seen.looks += 1;
        seen.wrong.push(...beyond(view, least));
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  void look();
  return seen;
}

async function underLoad(): Promise<{ readonly address: string; readonly preview: string }> {
  scene = await openScene();
  const first = await scene.ended(await scene.apply(fileOf("v1", "recreate: {}").replace(/ {2}analysis:.*\n/u, "")));
  load = wrk(first.address ?? "");
  return { address: first.address ?? "", preview: first.preview ?? "" };
}

const versionAt = async (address: string, headers: Record<string, string> = {}): Promise<string | null> => {
  const answer = await fetch(`${address}/`, { headers });
  await answer.text();
  return answer.headers.get("x-version");
};

async function noneLost(): Promise<void> {
  const report = await load?.stop();
  expect(report?.failed, report?.text).toBe(0);
  expect(report?.socketErrors).toBeUndefined();
  expect(report?.requests).toBeGreaterThan(1_000);
}

const atGate = ({ rollout }: ServiceView): boolean => rollout?.waiting?.for === "person";

test.skipIf(!HAS_WRK)("wrk: blue-green, shown at its second address, switched, and switched back at once", async () => {
  const { address, preview } = await underLoad();
  const seen = watch(REPLICAS);
  const blueGreen = `blueGreen: { preview: [{ header: { x-preview: "1" } }], promotion: manual, keepOld: 5m }`;
  const number = await scene.apply(fileOf("v2", blueGreen));
  await scene.see("the gate", atGate);
  expect(await versionAt(address)).toBe("v1");
  expect(await versionAt(preview)).toBe("v2");
  expect(await versionAt(address, { "x-preview": "1" })).toBe("v2");
  expect((await scene.say("promote", "app")).code).toBe(0);
  await scene.see("the switch", ({ reported }) => reported && shareOf(reported, "canary") === WHOLE);
  expect(await versionAt(address)).toBe("v2");
  expect((await scene.say("abort", "app", "--reason", "back to blue")).code).toBe(0);
  const { rollout } = await scene.ended(number);
  expect(rollout).toMatchObject({ outcome: "stopped" });
  expect([await versionAt(address), await versionAt(preview)]).toEqual(["v1", "v1"]);
  await noneLost();
  expect(seen.looks).toBeGreaterThan(50);
  expect(seen.wrong).toEqual([]);
});

test.skipIf(!HAS_WRK)(
  "wrk: a rolling update with one replica missing, and a canary with testers and a watch",
  async () => {
    const { address } = await underLoad();
    const rolling = watch(REPLICAS - 1);
    const first = await scene.apply(fileOf("v2", "rolling: { maxSurge: 0, maxUnavailable: 1, hold: 300ms }"));
    expect((await scene.ended(first)).rollout?.outcome).toBe("promoted");
    watching?.abort();
    expect(rolling.wrong).toEqual([]);

    const canary = watch(REPLICAS);
    const steps = `[{ match: [{ cookie: { tester: { present: true } } }], hold: 1s }, { weight: 34%, match: [], hold: 500ms }]`;
    const second = await scene.apply(fileOf("v3", `canary: { steps: ${steps}, watch: 1s }`));
    await scene.see("the rule", ({ split }) => (split.matches?.length ?? 0) > 1);
    expect(await versionAt(address)).toBe("v2");
    await until("a tester's request to v3", async () => (await versionAt(address, { cookie: "tester=1" })) === "v3");
    // Nobody's request is no evidence: testers go on until everybody is asked.
    await until("a share of everybody's requests", async () => {
      await versionAt(address, { cookie: "tester=1" });
      return shareOf((await scene.look()).wanted, "canary") > 0;
    });
    expect((await scene.ended(second)).rollout?.outcome).toBe("promoted");
    await noneLost();
    expect(canary.wrong).toEqual([]);
  },
);

test.skipIf(!HAS_WRK)("wrk: a newer revision supersedes one under way, and a hotfix that one", async () => {
  await underLoad();
  const seen = watch(REPLICAS);
  const steps = `canary: { steps: [{ weight: 34%, hold: 60s }] }`;
  await scene.apply(fileOf("v2", steps));
  await scene.see("a share", ({ reported }) => reported && shareOf(reported, "canary") > 0);
  const newer = await scene.place.write("newer.yaml", fileOf("v3", steps, "  onNewRevision: supersede"));
  expect((await scene.say("apply", newer)).out).toContain("takes the place of app/2");
  await scene.see(
    "the newer one",
    ({ rollout, reported }) => rollout?.number === 3 && reported && shareOf(reported, "canary") > 0,
  );
  const fix = await scene.place.write("fix.yaml", fileOf("v4", "canary: { steps: [{ weight: 34%, hold: 300ms }] }"));
  expect((await scene.say("apply", fix, "--hotfix")).code).toBe(0);
  const last = await scene.see(
    "the hotfix",
    (view) => view.rollout?.number === 4 && view.rollout.phase === "ended" && view,
  );
  expect(last).toMatchObject({ rollout: { outcome: "promoted" } });
  const { history } = await scene.look();
  expect(history.slice(0, 3).map(({ outcome, why }) => `${outcome} ${why}`)).toEqual([
    expect.stringContaining("promoted"),
    expect.stringMatching(/^stopped superseded by /u),
    expect.stringMatching(/^stopped superseded by /u),
  ]);
  await noneLost();
  expect(seen.wrong).toEqual([]);
});
