// Is what an API server does not answer told as what it is?
import { expect, test } from "vitest";
import { systemClock } from "../../adapters/system/clock.ts";
import { Refused } from "../http/problem.ts";
import { clusterDesk } from "./desk.ts";
import type { Reach } from "./reach.ts";

const FILE = `apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: shop, namespace: prod }
spec:
  workload: { deployment: { name: shop } }
  traffic: { service: { name: shop } }
  strategy: { canary: { steps: [{ weight: 10%, hold: 1m }] } }
  analysis: { enabled: false }
`;

/** An API server that takes calls and never answers them. */
const silent = {
  namespaceOf: (namespace: string) => namespace,
  call: () => ({ signal: AbortSignal.timeout(1) }),
  client: {
    get: async (_resource: unknown, _ref: unknown, { signal }: { readonly signal: AbortSignal }) =>
      new Promise((_done, fail) => signal.addEventListener("abort", () => fail(signal.reason as Error))),
  },
} as unknown as Reach;

test("an API server that is silent is 503, with words", async () => {
  const desk = clusterDesk([], { clock: systemClock(), reach: silent });
  const asked = [desk.apply({ text: FILE, origin: "/", actor: "ann", reason: "" }), desk.planFile(FILE, "/")];
  for (const one of await Promise.allSettled(asked)) {
    expect(one).toMatchObject({ status: "rejected", reason: { status: 503 } });
    expect(one.status === "rejected" && one.reason).toBeInstanceOf(Refused);
  }
});
