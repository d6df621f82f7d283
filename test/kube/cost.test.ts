// What does a Rollout cost the API server?
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "vitest";
import { demoDeployment, demoService } from "./demo.ts";
import { leftOver } from "./holding.ts";
import { sharedCluster, test } from "./kube-test.ts";
import { live } from "./in-process.ts";
import { ended, rolloutOf } from "./serin.ts";

const CANARY = {
  canary: {
    steps: [
      { weight: "25%", hold: "1s" },
      { weight: "50%", hold: "1s" },
    ],
  },
};

test("a canary costs a few dozen writes and hardly a read, and an idle Rollout costs nothing", async (context) => {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await namespace.apply([demoService(), demoDeployment("v1")]);
  await namespace.rolledOut("app");
  await live(context, { cluster, namespace });
  const asked = async (sinceMs: number) => cluster.requestsOf("serin/test", sinceMs);
  const adoptedMs = Date.now();
  await namespace.apply(rolloutOf(CANARY));
  await ended(namespace, 1, "promoted");
  await sleep(1_000);
  const canaryMs = Date.now();
  await namespace.apply(demoDeployment("v2"));
  await ended(namespace, 2, "promoted");
  expect(await leftOver(namespace, { version: "v2" })).toEqual([]);
  // What has changed in the last moment is shown two seconds later.
  await sleep(5_000);
  const idleMs = Date.now();
  await sleep(10_000);
  const [all, canary, idle] = await Promise.all([asked(adoptedMs), asked(canaryMs), asked(idleMs)]);
  const shown = ({ by }: typeof all): string =>
    Object.entries(by)
      .filter(([what]) => !what.includes("leases"))
      .map(([what, times]) => `${what}: ${times}`)
      .join(", ");
  console.log(
    `adoption and canary: ${shown(all)}\ncanary: ${shown(canary)}\nidle for 10 s: ${shown(idle) || "nothing"}`,
  );
  const count = ({ by }: typeof all, what: RegExp): number =>
    Object.entries(by).reduce((sum, [name, times]) => sum + (what.test(name) ? times : 0), 0);
  expect(count(idle, /^(?!.*leases)/u)).toBe(0);
  expect(count(canary, /^(?:get|list) (?!leases)/u)).toBeLessThanOrEqual(2);
  expect(count(canary, /^(?:create|update|patch|delete) (?!leases)/u)).toBeLessThanOrEqual(40);
});
