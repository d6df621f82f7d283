// Does a rollout end as it would have, whichever moment the controller dies at and whichever call fails?
import { describe, expect, test } from "vitest";
import { dieAt, KINDS, NO_FAULTS, NthCall, PORTS, type Kind, type Port } from "./faults.ts";
import { endingOf, type Case, type Ending } from "./sweep.ts";

const CANARY = `{ canary: { steps: [{ weight: 20%, hold: 3s }, { weight: 50%, judge: { atMost: 4s, undecided: goOn } }] } }`;

const CASES: Readonly<Record<string, Case>> = {
  "a canary that is promoted": { strategy: CANARY, quality: "good", replicas: 2 },
  "a canary that is rolled back": { strategy: CANARY, quality: "errors", replicas: 2 },
  "a rolling update": { strategy: `{ rolling: { maxSurge: 1, hold: 2s } }`, quality: "good", replicas: 2 },
  "a recreate": { strategy: `{ recreate: {} }`, quality: "good", replicas: 2 },
};

/** What is wrong with an ending, compared with the one without a fault. */
function wrong(ending: Ending, right: Ending): readonly string[] {
  const found = [...ending.broken];
  if (ending.outcome !== right.outcome) found.push(`ended ${ending.outcome} instead of ${right.outcome}`);
  if (ending.running !== right.running) found.push(`${ending.running} run instead of ${right.running}`);
  return found;
}

describe("the controller dies before and after every append of", () => {
  test.each(Object.entries(CASES))("%s", async (_name, rollout) => {
    const right = await endingOf(rollout, NO_FAULTS);
    expect(right.broken).toEqual([]);
    const failed: string[] = [];
    for (const when of ["die-before", "die-after"] as const) {
      // A run that has no n-th append has been killed at every one.
      for (let n = 1, died = true; died; n += 1) {
        const ending = await endingOf(rollout, dieAt(n, when));
        died = ending.deaths > 0;
        failed.push(...wrong(ending, right).map((text) => `${when} append ${n}: ${text}`));
      }
    }
    expect(failed).toEqual([]);
  });
});

async function sweep(rollout: Case, port: Port, kindsAt: (n: number) => readonly Kind[]): Promise<readonly string[]> {
  const right = await endingOf(rollout, NO_FAULTS);
  const failed: string[] = [];
  for (let n = 1, failedOne = true; failedOne; n += 1) {
    failedOne = false;
    for (const kind of kindsAt(n)) {
      const faults = new NthCall(port, n, kind);
      const ending = await endingOf(rollout, faults, kind === "late");
      failedOne ||= faults.calls >= n;
      failed.push(...wrong(ending, right).map((text) => `${port} ${n} ${kind}: ${text}`));
    }
  }
  return failed;
}

describe("every call of every port fails once, in", () => {
  for (const [name, rollout] of Object.entries(CASES)) {
    test.each(PORTS)(`${name}: %s`, async (port) => {
      const kinds = KINDS[port];
      const failed = await sweep(rollout, port, (n) => [kinds[n % kinds.length] ?? "refused"]);
      expect(failed).toEqual([]);
    });
  }
});
