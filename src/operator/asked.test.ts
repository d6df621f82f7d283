// What is asked of the engine for a Rollout, and is nothing of the controller's own machine had by it?
import { expect, test } from "vitest";
import type { Adoptable } from "../adapters/kubernetes/client/objects.ts";
import { withTemplate } from "../adapters/kubernetes/held.ts";
import { revisionOfTemplate } from "../adapters/kubernetes/revision.ts";
import { askedOf, readSpec } from "./asked.ts";

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

const templateOf = (image: string) => ({ spec: { containers: [{ name: "shop", image }] } });
const [one, two] = [revisionOfTemplate(templateOf("one")), revisionOfTemplate(templateOf("two"))];

const NODES = {
  observedGeneration: 1,
  desiredNumberScheduled: 4,
  currentNumberScheduled: 4,
  updatedNumberScheduled: 4,
  numberAvailable: 4,
};
const daemons = (status: Partial<typeof NODES> = {}): Adoptable => ({
  metadata: { name: "shop", generation: 1 },
  spec: { selector: {}, template: templateOf("two") },
  status: { ...NODES, ...status },
});

function asked(adoptable: Adoptable, at: { readonly isKnown?: boolean; readonly withdrawn?: string } = {}) {
  const object = rollout({ workload: { daemonSet: { name: "shop" } } });
  const read = readSpec(object);
  if (!("rollout" in read)) throw new Error(read.mistakes);
  return askedOf(object, read.rollout, {
    adoptable,
    isKnown: false,
    takenBy: undefined,
    withdrawn: undefined,
    ...at,
  });
}

test("a DaemonSet has as many replicas as nodes, and is adopted once all have its template", () => {
  const workload = { daemonSet: { name: "shop", replicas: 4 } };
  expect(asked(daemons())).toMatchObject({ kind: "apply", apply: { spec: { spec: { workload } }, revision: two } });
  const why = (status: Partial<typeof NODES>) => asked(daemons(status));
  expect(why({ desiredNumberScheduled: 0 })).toMatchObject({
    reason: "NoPods",
    message: expect.stringContaining("no node"),
  });
  expect(why({ updatedNumberScheduled: 3 })).toMatchObject({
    reason: "RollingNatively",
    message: expect.stringContaining("3 of 4 pods are of the newest template"),
  });
  expect(why({ numberAvailable: 3 })).toMatchObject({ message: expect.stringContaining("3 of 4 pods are available") });
});

test("what is asked for is asked for while another template stands there, until it was taken back", () => {
  const held = withTemplate(daemons(), one);
  const before = asked(daemons());
  expect(asked(held, { isKnown: true })).toEqual(before);
  const after = asked(held, { isKnown: true, withdrawn: two.id });
  expect(after).toMatchObject({ key: "key" in before && before.key, apply: { revision: one } });
  expect(asked(daemons(), { isKnown: true, withdrawn: two.id })).toEqual(before);
});
