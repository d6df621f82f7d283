// Does a controller that dies at any of its writes lose anything?
import { expect, type TestContext } from "vitest";
import { demoDeployment, demoService, load } from "./demo.ts";
import { holding, leftOver } from "./holding.ts";
import { Dying, live, said } from "./in-process.ts";
import { sharedCluster, test } from "./kube-test.ts";
import type { Namespace } from "./cluster.ts";
import { command, rolloutNow, rolloutOf, type RolloutObject } from "./serin.ts";

const CANARY = { canary: { steps: [{ weight: "25%" }, { weight: "50%", hold: "1s" }] } };
/** Each life begins with reading the cluster. */
const OVER_MS = 120_000;

/** Adopts, promotes v2, takes v3 back, promotes v4, and says what did not hold. */
async function wholeLife(context: TestContext, namespace: Namespace): Promise<void> {
  await namespace.apply(rolloutOf(CANARY, { spec: { progressDeadline: "10s" } }));
  const over = (number: number, outcome: string): Promise<RolloutObject> =>
    rolloutNow(
      namespace,
      ({ status }) => status?.rollout === number && status.outcome === outcome && status.phase === "Idle",
      OVER_MS,
    );
  await over(1, "promoted");
  const held = holding(context, namespace);
  const seen = load(context, await namespace.address("app"), { count: 2, pauseMs: 20 });
  await namespace.apply(demoDeployment("v2"));
  await over(2, "promoted");
  expect.soft(await leftOver(namespace, { version: "v2" })).toEqual([]);
  await namespace.apply(demoDeployment("v3", { env: { NOT_READY: "1" } }));
  await over(3, "rolled-back");
  expect.soft(await leftOver(namespace, { version: "v2" })).toEqual([]);
  // Now the Deployment has a history, which its controller would bring back if it had nothing else.
  await namespace.apply(demoDeployment("v4"));
  await over(4, "promoted");
  expect.soft(await leftOver(namespace, { version: "v4" })).toEqual([]);
  await seen.stop();
  expect.soft(await held.stop()).toEqual([]);
  expect.soft(seen.lost).toEqual([]);
  expect.soft([...seen.answers.keys()].toSorted()).toEqual(["v1", "v2", "v4"]);
}

async function ready(context: TestContext): Promise<Namespace> {
  const namespace = await sharedCluster().namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1")]);
  await namespace.rolledOut("app");
  context.onTestFailed(() =>
    console.error(
      said
        .filter((text) => text.includes(namespace.name))
        .slice(-30)
        .join("\n"),
    ),
  );
  return namespace;
}

test("undisturbed, all of it holds", async (context) => {
  const namespace = await ready(context);
  const life = await live(context, { cluster: sharedCluster(), namespace });
  await wholeLife(context, namespace);
  expect(life.gate.writes.length).toBeLessThan(90);
});

for (const how of ["lose", "drop"] as const) {
  test(`a controller of which each life ends at a write that is ${how === "lose" ? "not answered" : "not sent"}`, async (context) => {
    const namespace = await ready(context);
    let lives = 0;
    // A write that is not sent does nothing: one before it must have been.
    const at = (): number => (how === "lose" ? 1 : 2) + ((lives += 1) % 2);
    const dying = new Dying(context, { cluster: sharedCluster(), namespace, how, at });
    dying.start();
    await wholeLife(context, namespace);
    await dying.stop();
    console.log(`${dying.lives} lives, which ended at: ${[...new Set(dying.ends)].toSorted().join(", ")}`);
    expect(dying.lives).toBeGreaterThan(20);
  });
}

test("what a person says is carried out once, however often the controller dies over it", async (context) => {
  const namespace = await ready(context);
  let lives = 0;
  const at = (): number => 1 + ((lives += 1) % 2);
  const dying = new Dying(context, { cluster: sharedCluster(), namespace, how: "lose", at });
  dying.start();
  const gates = ["one", "two", "three"].map((gate, index) => ({ weight: `${25 * (index + 1)}%`, gate }));
  await namespace.apply(rolloutOf({ canary: { steps: gates } }));
  await rolloutNow(namespace, ({ status }) => status?.rollout === 1 && status.outcome === "promoted", OVER_MS);
  await namespace.apply(demoDeployment("v2"));
  const waits = (gate: string): Promise<RolloutObject> =>
    rolloutNow(
      namespace,
      ({ status }) => status?.phase === "Waiting" && status.why === `${gate}: waits for a person`,
      OVER_MS,
    );
  await waits("one");
  const note = { kind: "promote", actor: "tests", reason: "looks well" };
  expect(await command(namespace, { ...note, id: "1" })).not.toBe("");
  await waits("two");
  expect(await command(namespace, { ...note, id: "2" })).not.toBe("");
  await waits("three");
  await dying.stop();
  expect((await rolloutNow(namespace, () => true)).status?.answers?.map(({ refused }) => refused)).toEqual([
    undefined,
    undefined,
  ]);
});
