// Where do real processes run that tell what they use?
import { fileURLToPath } from "node:url";
import { createVirtualClock } from "../../../src/adapters/memory/clock.ts";
import { createUsageSource } from "../../../src/adapters/process/usage.ts";
import type { ProcessWorkload } from "../../../src/adapters/process/workload.ts";
import { PROCESS_SIGNALS } from "../../../src/core/exposition/names.ts";
import { ms } from "../../../src/core/units.ts";
import type { ProcessTemplate } from "../../../src/core/process-template.ts";
import type { SignalPlace } from "../../../src/ports/signals.contract.ts";
import type { Replica, Revision } from "../../../src/ports/workload.ts";
import { call, look, Place, ready, replicasOf, until } from "../process/place.ts";

const SERVICE = fileURLToPath(new URL("service.mjs", import.meta.url));

/** Every value of a process. */
export const EVERYTHING = Object.entries(PROCESS_SIGNALS).map(([name, { kind }]) => ({ name, kind }));

/** A revision of the service that does what it is asked. */
export function obedient(place: Place, more: Partial<ProcessTemplate> = {}): Promise<Revision<ProcessTemplate>> {
  return place.revision("good", { readyTimeoutMs: ms(5_000), command: [process.execPath, SERVICE], ...more });
}

/** Asks a replica to do something, and waits until it has. */
export async function have({ host, port }: Replica, deed: string): Promise<void> {
  const response = await fetch(`http://${host}:${port}${deed}`, { headers: { connection: "close" } });
  await response.text();
}

/** Has a process end; resolves when another one has taken its place. */
export async function restart(workload: ProcessWorkload, id: string): Promise<void> {
  const one = (await replicasOf(workload)).find((replica) => replica.id === id);
  if (!one) throw new Error(`there is no ${id}`);
  await have(one, "/crash");
  const isBack = ({ id: other, state, restarts }: Replica): boolean =>
    other === id && state === "ready" && restarts > one.restarts;
  await until(workload, (found) => found.some(isBack));
}

/** Two replicas and their source. */
export async function usagePlace(): Promise<SignalPlace> {
  const place = new Place();
  const workload = place.workload();
  const everyMs = ms(1_000);
  const clock = createVirtualClock();
  const source = createUsageSource({ clock, workload, everyMs });
  await workload.apply([{ pool: "a", size: 2, revision: await obedient(place) }], [], call());
  await until(workload, ready(2));
  return {
    source,
    wanted: EVERYTHING,
    growing: ["process.cpu", "process.written", "process.logErrors", "process.logWarnings"],
    missing: { name: "process.luck", kind: "counter" },
    mistaken: { name: "process.memory", kind: "counter" },
    foreign: { name: "process_memory", kind: "gauge" },
    pools: () => look(workload),
    work: async () => {
      for (const replica of await replicasOf(workload)) await have(replica, "/work");
    },
    restart: (replica) => restart(workload, replica),
    untilNext: async () => {
      await clock.advance(everyMs);
    },
    dispose: () => place.dispose(),
  };
}
