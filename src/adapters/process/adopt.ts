// What has an earlier controller left behind?
import { ms } from "../../core/units.ts";
import type { House } from "./house.ts";
import type { ReplicaRecord } from "./records.ts";
import { type Mark, processesForAll, type SeenProcess } from "./system.ts";

/** A replica on record, and its process if it runs. */
export interface Found {
  readonly record: ReplicaRecord;
  readonly process: { readonly pid: number; readonly birth: string } | undefined;
}

/**
 * Every replica of the service: those on record, whose process is known by its number and birth or, if the controller
 * died before it could write them down, by its environment; and those that run without a record.
 */
export async function findReplicas(house: House): Promise<readonly Found[]> {
  const records = await house.records.read();
  const all = await processesForAll();
  const marked = all.filter((seen) => seen.mark?.state === house.dir && seen.pid !== process.pid);
  const found = records.map((record) => ({ record, process: processOf(record, all, marked) }));
  const known = new Set(records.map(({ id }) => id));
  const unknown = new Map<string, SeenProcess>();
  for (const seen of marked) {
    const id = seen.mark?.replica ?? "";
    if (!known.has(id) && (isFirst(seen) || !unknown.has(id))) unknown.set(id, seen);
  }
  const rebuilt = [...unknown.values()].flatMap((seen) =>
    seen.mark ? [{ record: rebuild(seen.mark, house), process: isFirst(seen) ? seen : undefined }] : [],
  );
  return [...found, ...rebuilt].toSorted((a, b) => (a.record.id < b.record.id ? -1 : 1));
}

function processOf(
  record: ReplicaRecord,
  all: readonly SeenProcess[],
  marked: readonly SeenProcess[],
): SeenProcess | undefined {
  const known = all.find(({ pid, birth }) => pid === record.pid && birth === record.birth);
  return known ?? marked.find((seen) => seen.mark?.replica === record.id && isFirst(seen));
}

/** The one that Serin has started itself: it leads its session, or where sessions cannot be told, its group. */
function isFirst(seen: SeenProcess): boolean {
  return seen.pid === seen.session && seen.pid === seen.group;
}

/** A record from what the environment of the process says. How it is treated the next `apply` will tell. */
function rebuild(mark: Mark, house: House): ReplicaRecord {
  return {
    format: 1,
    id: mark.replica,
    pool: mark.pool,
    revision: mark.revision,
    host: mark.host || "127.0.0.1",
    port: mark.port,
    treatment: { ready: { kind: "tcp" }, readyTimeoutMs: ms(30_000), drainMs: ms(30_000), graceMs: ms(10_000) },
    restarts: 0,
    failures: 0,
    logFrom: 0,
    log: mark.replica,
    startedMs: house.clock.now(),
  };
}
