// A controller that dies by SIGKILL at a moment of the test's choice: node controller.ts <folder> <plan as JSON>
import { createProcessWorkload, type ProcessWorkloadOptions } from "../../../src/adapters/process/workload.ts";
import { systemClock } from "../../../src/adapters/system/clock.ts";
import type { Revision } from "../../../src/ports/workload.ts";

/** What the controller does until it dies. */
export interface Plan {
  readonly revision: Revision;
  /** Sizes of its pool, one after the other; the next one when all replicas of the last are ready. */
  readonly sizes: readonly number[];
  /** The moment at which it dies, and the how manieth of these. */
  readonly dieAt?: { readonly moment: string; readonly times: number } | undefined;
}

const [, , dir = "", text = ""] = process.argv;
const plan = JSON.parse(text) as Plan;
const call = () => ({ signal: new AbortController().signal });
let times = 0;
const options = JSON.parse(process.env["TEST_OPTIONS"] ?? "{}") as ProcessWorkloadOptions;
const workload = createProcessWorkload({
  ...options,
  dir,
  clock: systemClock(),
  trace: (moment) => {
    if (moment !== plan.dieAt?.moment) return;
    times += 1;
    if (times === plan.dieAt.times) process.kill(process.pid, "SIGKILL");
  },
});
for (const size of plan.sizes) {
  await workload.apply([{ pool: "a", size, revision: plan.revision }], [], call());
  for (;;) {
    const observed = await workload.observe(call());
    const found = observed.kind === "value" ? observed.value.flatMap(({ replicas }) => replicas) : [];
    if (found.length === size && found.every(({ state }) => state === "ready")) break;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
process.stdout.write("through\n");
setInterval(() => undefined, 1_000);
