// Is a change heard by those whom it concerns, and does nobody miss one for having come late?
import { expect, test } from "vitest";
import { Resting } from "./resting.ts";

test("a service is told of what it rests on now, and says whether it is the first time", () => {
  const resting = new Resting();
  expect(resting.set("shop", ["rollout", undefined, "deployments/prod/shop"])).toBe(true);
  expect(resting.set("shop", ["rollout", "deployments/prod/shop"])).toBe(false);
  resting.add("shop", ["configmaps/prod/settings"]);
  expect([...resting.on("configmaps/prod/settings")]).toEqual(["shop"]);
  // Another Deployment of the name: what its pods have told was told to nobody.
  expect(resting.set("shop", ["rollout", "deployments/prod/shop", "its uid"])).toBe(true);
  expect([...resting.on("its uid")]).toEqual(["shop"]);
  expect([...resting.on("configmaps/prod/settings")]).toEqual([]);
  expect(resting.set("shop", ["rollout"])).toBe(false);
});
