// Where do the tests run real processes, and what is left of them afterwards?
import { mkdtempSync, realpathSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { captureRevision } from "../../../src/adapters/process/revision.ts";
import { processes, type SeenProcess } from "../../../src/adapters/process/system.ts";
import {
  createProcessWorkload,
  type ProcessWorkload,
  type ProcessWorkloadOptions,
} from "../../../src/adapters/process/workload.ts";
import { systemClock } from "../../../src/adapters/system/clock.ts";
import { ms } from "../../../src/core/units.ts";
import type { Call } from "../../../src/ports/observed.ts";
import type { ProcessTemplate } from "../../../src/core/process-template.ts";
import type { Replica, Revision, RunningPool } from "../../../src/ports/workload.ts";

/** The little service. */
export const SERVICE = fileURLToPath(new URL("service.mjs", import.meta.url));

/** A call that nobody calls off. */
export const call = (): Call => ({ signal: new AbortController().signal });

/** Folders and workloads of one test. */
export class Place {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), "serin-process-")));
  readonly state = join(this.dir, "state");
  readonly options: ProcessWorkloadOptions = {
    service: "shop",
    dir: this.state,
    clock: systemClock(),
    pollMs: ms(50),
    readyCheckMs: ms(100),
    tendMs: ms(100),
    backoff: { firstMs: ms(100), mostMs: ms(400), resetMs: ms(60_000) },
  };
  readonly #open: ProcessWorkload[] = [];

  /** The workload of a new controller. */
  workload(more: Partial<ProcessWorkloadOptions> = {}): ProcessWorkload {
    const workload = createProcessWorkload({ ...this.options, ...more });
    this.#open.push(workload);
    return workload;
  }

  /** A revision of the little service in a mode. */
  revision(
    mode: string,
    more: Partial<ProcessTemplate> & { names?: readonly string[] } = {},
  ): Promise<Revision<ProcessTemplate>> {
    const { names = [], files: _, ...rest } = more;
    return captureRevision({
      command: [process.execPath, SERVICE],
      env: { MODE: mode },
      cwd: this.dir,
      ready: { kind: "http", path: "/healthz" },
      readyTimeoutMs: ms(800),
      drainMs: ms(6_000),
      graceMs: ms(400),
      host: "127.0.0.1",
      ...rest,
      files: names,
    });
  }

  /** Every process of this place that is still there. */
  async left(): Promise<readonly SeenProcess[]> {
    return (await processes()).filter(({ mark }) => mark?.state === this.state);
  }

  /** The files of all records; a record that is just being written is beside them under another name. */
  async records(): Promise<readonly string[]> {
    const dir = join(this.state, "replicas");
    const names = await readdir(dir).catch(() => []);
    return names.filter((name) => name.endsWith(".json")).map((name) => join(dir, name));
  }

  /** Lets go of everything and kills what is left. */
  async dispose(): Promise<void> {
    await Promise.all(this.#open.map((workload) => workload.close()));
    for (const { pid } of await this.left()) kill(pid);
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** What runs now. */
export async function look(workload: ProcessWorkload): Promise<readonly RunningPool[]> {
  const observed = await workload.observe(call());
  if (observed.kind !== "value") throw new Error(`not readable: ${JSON.stringify(observed)}`);
  return observed.value;
}

/** All replicas, of whatever pool. */
export async function replicasOf(workload: ProcessWorkload): Promise<readonly Replica[]> {
  return (await look(workload)).flatMap(({ replicas }) => replicas);
}

/** Waits until the replicas are as expected, and returns them. */
export async function until(
  workload: ProcessWorkload,
  done: (replicas: readonly Replica[]) => boolean,
): Promise<readonly Replica[]> {
  for (const end = Date.now() + 60_000; ;) {
    const found = await replicasOf(workload);
    if (done(found)) return found;
    if (Date.now() > end) throw new Error(`it did not come to that: ${JSON.stringify(found)}`);
    await pause(20);
  }
}

/** Whether so many are there and all are ready. */
export const ready = (size: number) => (found: readonly Replica[]) =>
  found.length === size && found.every(({ state }) => state === "ready");

/** Lets real time pass, for real processes. */
export function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs);
  });
}

/** What the little service says of itself. */
export interface Told {
  readonly pid: number;
  readonly revision: string;
  readonly replica: string;
  readonly config: string;
  readonly argv: readonly string[];
}

/** Asks the little service. */
export async function ask({ host, port }: Replica, path = "/"): Promise<Told> {
  const response = await fetch(`http://${host}:${port}${path}`, { headers: { connection: "close" } });
  return (await response.json()) as Told;
}

/** Kills a process if it is there. */
export function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
