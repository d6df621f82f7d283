// How are addresses driven that somebody else runs?
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isEndpoints, type EndpointsTemplate } from "../../core/endpoints-template.ts";
import { messageOf, SerinError } from "../../core/issues.ts";
import type { ProcessReady } from "../../core/process-template.ts";
import type { Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import { ABSENT, seen, unreadable, type Call, type Observed } from "../../ports/observed.ts";
import type { Replica, RunningPool, WantedPool, Workload } from "../../ports/workload.ts";
import { ENDPOINTS_ABILITIES } from "./abilities.ts";

/** Asks an address once: nothing when it is ready, else what was found instead. */
type Probe = (asked: {
  readonly host: string;
  readonly port: number;
  readonly ready: ProcessReady;
  readonly signal: AbortSignal;
}) => Promise<string | undefined>;

export interface EndpointsOptions {
  /** Private folder; made with mode 0700. What is wanted outlives the controller there. */
  readonly dir: string;
  readonly clock: Clock;
  readonly probe: Probe;
}

export interface EndpointsWorkload extends Workload {
  /** Forgets the pools. The addresses are not ours to end. */
  forget(): void;
}

/** An address is not asked again sooner. */
const FRESH_MS = 900;

/** So many looks in a row must fail until an address that answered counts as failing: one lost packet is no outage. */
const MISSES = 3;

interface KeptPool {
  readonly pool: string;
  readonly revision: string;
  readonly template: EndpointsTemplate;
}

interface Look {
  readonly atMs: Ms;
  readonly misses: number;
  readonly readySinceMs?: Ms | undefined;
  readonly why?: string | undefined;
}

/** Pools of addresses: each address is a replica, and carries whatever it is given, whatever size is asked for. */
export function createEndpointsWorkload(options: EndpointsOptions): EndpointsWorkload {
  return new Endpoints(options);
}

class Endpoints implements EndpointsWorkload {
  readonly kind = "endpoints";
  readonly can = ENDPOINTS_ABILITIES;
  readonly #options: EndpointsOptions;
  readonly #file: string;
  readonly #looks = new Map<string, Look>();
  #pools: readonly KeptPool[] | undefined;

  constructor(options: EndpointsOptions) {
    this.#options = options;
    this.#file = join(options.dir, "pools.json");
  }

  async apply(wanted: readonly WantedPool[], _busy: readonly string[], call: Call): Promise<void> {
    call.signal.throwIfAborted();
    const pools = wanted.flatMap(({ pool, size, revision: { id, template } }): KeptPool[] => {
      if (!isEndpoints(template)) throw new Error(`pool ${pool} is no list of addresses`);
      return size > 0 ? [{ pool, revision: id, template }] : [];
    });
    if (this.#isKept(pools)) return;
    this.#keep(pools);
    this.#pools = pools;
    const known = new Set(pools.flatMap(namesOf));
    for (const name of this.#looks.keys()) if (!known.has(name)) this.#looks.delete(name);
  }

  async observe(call: Call): Promise<Observed<readonly RunningPool[]>> {
    try {
      const pools = this.#kept();
      if (pools.length === 0) return ABSENT;
      return seen(await Promise.all(pools.map((pool) => this.#running(pool, call))));
    } catch (error) {
      return unreadable(messageOf(error));
    }
  }

  forget(): void {
    rmSync(this.#options.dir, { recursive: true, force: true });
    this.#pools = [];
    this.#looks.clear();
  }

  async #running(kept: KeptPool, call: Call): Promise<RunningPool> {
    const { pool, revision, template } = kept;
    const replicas = await Promise.all(
      template.addresses.map(async ({ host, port }, index): Promise<Replica> => {
        const id = nameOf(pool, index);
        const { readySinceMs, why } = await this.#look(id, { host, port, ready: template.ready, signal: call.signal });
        if (readySinceMs === undefined) return { id, host, port, restarts: 0, state: "failing", why };
        return { id, host, port, restarts: 0, state: "ready", readySinceMs };
      }),
    );
    return { pool, revision, replicas, unlimited: true };
  }

  async #look(id: string, asked: Parameters<Probe>[0]): Promise<Look> {
    const { clock, probe } = this.#options;
    const before = this.#looks.get(id);
    if (before && clock.now() - before.atMs < FRESH_MS) return before;
    const why = await probe(asked);
    const misses = why === undefined ? 0 : (before?.misses ?? 0) + 1;
    const isReady = why === undefined || (before?.readySinceMs !== undefined && misses < MISSES);
    const readySinceMs = isReady ? (before?.readySinceMs ?? clock.now()) : undefined;
    const look = { atMs: clock.now(), misses, readySinceMs, why };
    this.#looks.set(id, look);
    return look;
  }

  /** What cannot be read is written anew. */
  #isKept(pools: readonly KeptPool[]): boolean {
    try {
      return JSON.stringify(pools) === JSON.stringify(this.#kept());
    } catch {
      return false;
    }
  }

  /** The pools as they were last asked for, also by an earlier controller. */
  #kept(): readonly KeptPool[] {
    this.#pools ??= readPools(this.#file);
    return this.#pools;
  }

  #keep(pools: readonly KeptPool[]): void {
    const draft = `${this.#file}.${process.pid}`;
    try {
      mkdirSync(this.#options.dir, { recursive: true, mode: 0o700 });
      writeFileSync(draft, JSON.stringify(pools), { mode: 0o600 });
      renameSync(draft, this.#file);
    } catch (error) {
      throw new SerinError(
        {
          code: "SERIN_STATE_UNWRITABLE",
          what: `The addresses cannot be written down in ${this.#file}.`,
          found: messageOf(error),
          now: "Requests go where they went.",
          next: "Make the folder writable for this user, or free space on its disk.",
        },
        { cause: error },
      );
    }
  }
}

function readPools(file: string): readonly KeptPool[] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as readonly KeptPool[];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}

function nameOf(pool: string, index: number): string {
  return `${pool}-${index + 1}`;
}

function namesOf({ pool, template }: KeptPool): readonly string[] {
  return template.addresses.map((_address, index) => nameOf(pool, index));
}
