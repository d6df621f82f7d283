// Is nothing of the controller's own machine had by a Rollout?
import { expect, test } from "vitest";
import { readSpec } from "./asked.ts";

const rollout = (more: object) => ({
  metadata: { name: "shop", namespace: "prod" },
  spec: {
    workload: { deployment: { name: "shop" } },
    traffic: { service: { name: "shop" } },
    strategy: { canary: { steps: [{ weight: "10%", hold: "1m" }] } },
    analysis: { enabled: false },
    ...more,
  },
});

test("a spec is read as a file is", () => {
  expect(readSpec(rollout({}))).toHaveProperty("rollout");
  expect(readSpec(rollout({ strategie: {} }))).toEqual({ mistakes: expect.stringContaining("strategie") });
});

test.each([
  [{ hooks: [{ name: "a", at: "start", command: ["sh"] }] }, "spec.hooks[0].command"],
  [{ hooks: [{ name: "a", at: "start", http: { url: { file: "/etc/passwd" } } }] }, "spec.hooks[0].http.url.file"],
])("%j is refused", (more, path) => {
  expect(readSpec(rollout(more))).toEqual({ mistakes: expect.stringContaining(path) });
});

test("a Job's command is run in a pod", () => {
  const hooks = [{ name: "a", at: "before", job: { image: "smoke", command: ["sh"] } }];
  expect(readSpec(rollout({ hooks }))).toHaveProperty("rollout");
});
