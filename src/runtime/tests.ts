// How is read what the A/B test of a service says?
import { runningTest } from "../core/ab/running.ts";
import type { Input } from "../core/engine/input.ts";
import type { ServiceState } from "../core/engine/state.ts";
import { ABSENT } from "../ports/observed.ts";
import type { TestSource } from "../ports/tests.ts";
import { lookAt } from "./ask.ts";
import type { Reading } from "./signals.ts";

/** What the test says that is under way; nothing while none is. */
export async function readTest(
  state: ServiceState,
  sourceOf: () => Promise<TestSource | undefined>,
  { clock, limitMs, pools }: Omit<Reading, "sources">,
): Promise<Input["test"]> {
  const test = runningTest(state);
  if (!test || pools.kind !== "value") return undefined;
  return lookAt(clock, limitMs, async (call) => {
    const source = await sourceOf();
    return source ? source.read({ test, pools: pools.value }, call) : ABSENT;
  });
}
