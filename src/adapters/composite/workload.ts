// How does one service run on several kinds of workloads?
import type { Observed } from "../../ports/observed.ts";
import { ABSENT, seen } from "../../ports/observed.ts";
import type { RunningPool, Workload } from "../../ports/workload.ts";

/** One kind of workload, and which revisions' pools it runs. */
export interface Part {
  readonly workload: Workload;
  readonly runs: (template: unknown) => boolean;
}

/** Sends each pool to the part that runs its revision, and sees what all of them run. It can do what the last part can. */
export function createCompositeWorkload(parts: readonly Part[]): Workload {
  const main = parts.at(-1);
  if (!main) throw new Error("a workload of nothing");
  return {
    kind: parts.map(({ workload }) => workload.kind).join("+"),
    can: main.workload.can,
    apply: async (pools, busy, call) => {
      const stray = pools.find(({ revision }) => !parts.some(({ runs }) => runs(revision.template)));
      if (stray) throw new Error(`nobody runs the pool ${stray.pool}`);
      const asked = parts.map(({ workload, runs }) =>
        workload.apply(
          pools.filter(({ revision }) => runs(revision.template)),
          busy,
          call,
        ),
      );
      await Promise.all(asked);
    },
    observe: async (call) => together(await Promise.all(parts.map(({ workload }) => workload.observe(call)))),
    logs: async (pool, lines, call) => {
      const read = parts.map(async ({ workload }) => (await workload.logs?.(pool, lines, call)) ?? []);
      return (await Promise.all(read)).flat();
    },
  };
}

/** What cannot be seen of one part cannot be told of the whole. */
function together(looks: readonly Observed<readonly RunningPool[]>[]): Observed<readonly RunningPool[]> {
  const dark = looks.find(({ kind }) => kind === "unreadable");
  if (dark) return dark;
  const found = looks.flatMap((look) => (look.kind === "value" ? [look.value] : []));
  return found.length === 0 ? ABSENT : seen(found.flat());
}
