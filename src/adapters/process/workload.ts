// Who runs a service as a group of processes on this machine?
import { setMaxListeners } from "node:events";
import { mkdir, realpath } from "node:fs/promises";
import { BACKOFF, type Backoff } from "../../core/backoff.ts";
import { messageOf, SerinError } from "../../core/issues.ts";
import type { ProcessTemplate } from "../../core/process-template.ts";
import { type Choice, type Candidate, chooseReplicas } from "../../core/replica-choice.ts";
import { ms, type Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import { type Call, type Observed, seen, unreadable } from "../../ports/observed.ts";
import type { Replica, ReplicaLog, RunningPool, WantedPool, Workload } from "../../ports/workload.ts";
import { PROCESS_ABILITIES } from "./abilities.ts";
import { findReplicas } from "./adopt.ts";
import { explained } from "./errors.ts";
import { RevisionFiles } from "./files.ts";
import { type House, type Moment, newReplicaId } from "./house.ts";
import type { Inside } from "./inside.ts";
import { type LogLimits, Logs } from "./logs.ts";
import { PORTS } from "./ports.ts";
import { logOf, Records, type ReplicaRecord, type Treatment } from "./records.ts";
import { ProcessReplica } from "./replica.ts";

/** What the process workload of one service needs. */
export interface ProcessWorkloadOptions {
  readonly service: string;
  /** A folder for this service alone: records, logs and copies of files. */
  readonly dir: string;
  readonly clock: Clock;
  /** How often a replica that starts or ends is looked at. Default 200 ms. */
  readonly pollMs?: Ms | undefined;
  /** How often a ready replica is asked whether it still is. Default 2 s. */
  readonly readyCheckMs?: Ms | undefined;
  /** Pauses before a restart. Default 0.5 s doubling to 30 s, forgotten after a minute. */
  readonly backoff?: Backoff | undefined;
  /** Size at which a log is rotated, and how many older files stay. Default 10 MiB and 2. */
  readonly logs?: LogLimits | undefined;
  /** How often logs are looked at. Default 2 s. */
  readonly tendMs?: Ms | undefined;
  /** For tests that let the controller die at a moment of their choice. */
  readonly trace?: ((moment: Moment, replica: string) => void) | undefined;
}

/** The processes of one service. */
export interface ProcessWorkload extends Workload {
  /** Stops watching. The processes go on, and another controller finds them. */
  close(): Promise<void>;
  /** The replicas from within, for `createUsageSource`. None before the first `apply` or `observe`. */
  insides(): readonly Inside[];
  /** Ends every process, SIGTERM first, and forgets them. Resolves when the last one is gone; the logs stay. */
  removeAll(call: Call): Promise<void>;
}

/** Does nothing until the first `apply` or `observe`; that one finds the processes of an earlier controller. */
export function createProcessWorkload(options: ProcessWorkloadOptions): ProcessWorkload {
  return new Processes(options);
}

interface Planned {
  readonly wanted: WantedPool;
  readonly template: ProcessTemplate;
  readonly mine: readonly ProcessReplica[];
  readonly choice: Choice<Candidate & { readonly replica: ProcessReplica }>;
}

class Processes implements ProcessWorkload {
  readonly kind = "process";
  readonly can = PROCESS_ABILITIES;
  readonly #options: ProcessWorkloadOptions;
  readonly #closing = new AbortController();
  #house: Promise<House> | undefined;
  #tending: Promise<void> | undefined;
  #replicas: readonly ProcessReplica[] = [];
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: ProcessWorkloadOptions) {
    this.#options = options;
    // Each replica that is being asked whether it is ready listens to it.
    setMaxListeners(0, this.#closing.signal);
  }

  async apply(pools: readonly WantedPool[], busy: readonly string[], call: Call): Promise<void> {
    await this.#inTurn(call, async (house) => {
      const planned = pools.map((wanted) => this.#plan(wanted));
      const fresh = await this.#prepare(house, planned, call);
      // From here on nothing can fail.
      for (const { mine, template, choice } of planned) {
        for (const replica of mine) this.#treat(replica, template);
        for (const { replica } of choice.takeBack) await replica.takeBack();
        for (const { replica } of choice.drain) await replica.drain();
      }
      const wanted = new Set(planned.flatMap(({ mine }) => mine));
      for (const replica of this.#living()) {
        if (!wanted.has(replica)) await replica.drain();
        if (replica.candidate().draining && !busy.includes(replica.record.id)) replica.release();
      }
      this.#replicas = this.#living().concat(fresh);
      for (const replica of fresh) void replica.begin();
    });
  }

  async observe(call: Call): Promise<Observed<readonly RunningPool[]>> {
    call.signal.throwIfAborted();
    try {
      await this.#found();
    } catch (error) {
      return unreadable(messageOf(error));
    }
    const pools = new Map<string, RunningPool & { readonly replicas: Replica[] }>();
    for (const replica of this.#living()) {
      const { pool, revision } = replica.record;
      const running = pools.get(`${pool} ${revision}`) ?? { pool, revision, replicas: [] };
      running.replicas.push(replica.view());
      pools.set(`${pool} ${revision}`, running);
    }
    return seen([...pools.values()]);
  }

  async logs(pool: string, lines: number, call: Call): Promise<readonly ReplicaLog[]> {
    call.signal.throwIfAborted();
    const { logs } = await this.#found();
    const records = this.#living().flatMap(({ record }) => (record.pool === pool ? [record] : []));
    return Promise.all(
      records.map(async (record) => ({ replica: record.id, lines: await logs.last(logOf(record), lines) })),
    );
  }

  insides(): readonly Inside[] {
    return this.#living().map((replica) => replica.inside());
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const replica of this.#replicas) replica.ring();
    await this.#turn;
    await this.#house?.catch(() => undefined);
    await Promise.all([...this.#replicas.map((replica) => replica.over()), this.#tending]);
  }

  async removeAll(call: Call): Promise<void> {
    await this.#inTurn(call, async (house) => {
      for (const replica of this.#living()) replica.release();
      await until(Promise.all(this.#replicas.map((replica) => replica.over())), call.signal);
      if (this.#living().length > 0) throw closed();
      this.#replicas = [];
      await house.records.removeAll();
      await house.files.removeAll();
    });
  }

  #living(): readonly ProcessReplica[] {
    return this.#replicas.filter(({ gone }) => !gone);
  }

  #plan(wanted: WantedPool): Planned {
    const mine = this.#living().filter(
      ({ record }) => record.pool === wanted.pool && record.revision === wanted.revision.id,
    );
    const candidates = mine.map((replica) => Object.assign(replica.candidate(), { replica }));
    const template = wanted.revision.template as ProcessTemplate;
    return { wanted, template, mine, choice: chooseReplicas(candidates, wanted.size) };
  }

  /** Writes down all that is going to start. When that fails, it is as if nothing had been asked. */
  async #prepare(house: House, planned: readonly Planned[], call: Call): Promise<readonly ProcessReplica[]> {
    const fresh: ProcessReplica[] = [];
    try {
      for (const { wanted, template, choice } of planned) {
        if (choice.start > 0) await house.files.prepare(wanted.revision.id, template.files);
        for (let started = 0; started < choice.start; started += 1) {
          const port = await house.ports.take(template.host);
          const replica = this.#create(house, newRecord(wanted, { port, startedMs: house.clock.now() }));
          this.#treat(replica, template);
          fresh.push(replica);
          await house.logs.prepare(logOf(replica.record));
          await replica.save();
        }
      }
      call.signal.throwIfAborted();
      return fresh;
    } catch (error) {
      for (const { record } of fresh) {
        await house.records.remove(record.id).catch(() => undefined);
        house.ports.giveBack(record.port);
      }
      throw explained(error, house.dir);
    }
  }

  #create(house: House, record: ReplicaRecord): ProcessReplica {
    const alone = (): boolean =>
      this.#living().every(
        (other) => other.record === record || logOf(other.record) !== logOf(record) || !other.busyWithProcess,
      );
    return new ProcessReplica(house, record, alone);
  }

  #treat(replica: ProcessReplica, template: ProcessTemplate): void {
    replica.template = template;
    replica.record.treatment = treatmentOf(template);
  }

  /** One after the other, after what an earlier controller has left was found. */
  #inTurn(call: Call, work: (house: House) => Promise<void>): Promise<void> {
    const turn = async (): Promise<void> => {
      call.signal.throwIfAborted();
      const house = await this.#found();
      call.signal.throwIfAborted();
      if (this.#closing.signal.aborted) throw closed();
      await work(house);
    };
    const mine = this.#turn.then(turn);
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  /** The first caller looks at everything once; when that fails, the next one tries again. */
  #found(): Promise<House> {
    this.#house ??= this.#find().catch((error: unknown) => {
      this.#house = undefined;
      throw explained(error, this.#options.dir);
    });
    return this.#house;
  }

  async #find(): Promise<House> {
    if (this.#closing.signal.aborted) throw closed();
    const house = await this.#furnish();
    const found = await findReplicas(house);
    const replicas = found.map(({ record, process }) => {
      const replica = this.#create(house, record);
      replica.adopt(process);
      house.ports.keep(record.port);
      return replica;
    });
    this.#replicas = replicas;
    await Promise.all(replicas.map((replica) => replica.begin()));
    this.#tending = this.#tend(house);
    return house;
  }

  async #furnish(): Promise<House> {
    const { service, clock, dir: wanted } = this.#options;
    await mkdir(wanted, { recursive: true, mode: 0o700 });
    const dir = await realpath(wanted);
    return {
      service,
      dir,
      clock,
      pace: { pollMs: this.#options.pollMs ?? ms(200), readyCheckMs: this.#options.readyCheckMs ?? ms(2_000) },
      backoff: this.#options.backoff ?? BACKOFF,
      records: new Records(dir),
      files: new RevisionFiles(dir),
      logs: new Logs(dir, this.#options.logs ?? { bytes: 10 * 1_048_576, old: 2 }),
      ports: PORTS,
      trace: this.#options.trace ?? (() => undefined),
      closing: this.#closing.signal,
    };
  }

  /** Keeps logs and copies within their bounds. */
  async #tend(house: House): Promise<void> {
    let before = "";
    while (!house.closing.aborted) {
      await house.clock.sleep(this.#options.tendMs ?? ms(2_000), house.closing);
      this.#replicas = this.#living();
      const revisions = new Set(this.#replicas.map(({ record }) => record.revision));
      // One whose record was lost writes to its own log although its new record does not say so.
      const logs = new Set(this.#replicas.flatMap(({ record }) => [record.id, logOf(record)]));
      const rotated = [...logs].map((name) => house.logs.rotate(name));
      const now = [...logs].toSorted().join(" ");
      const pruned = now === before ? [] : [house.logs.prune(logs), house.files.prune(revisions)];
      before = now;
      // A disk that refuses this refuses more important things too, and those say so.
      await Promise.allSettled([...rotated, ...pruned]);
    }
  }
}

function newRecord(wanted: WantedPool, made: { readonly port: number; readonly startedMs: Ms }): ReplicaRecord {
  const template = wanted.revision.template as ProcessTemplate;
  const id = newReplicaId(wanted.pool);
  return {
    format: 1,
    id,
    log: id,
    pool: wanted.pool,
    revision: wanted.revision.id,
    host: template.host,
    treatment: treatmentOf(template),
    restarts: 0,
    failures: 0,
    logFrom: 0,
    ...made,
  };
}

function treatmentOf({ ready, readyTimeoutMs, drainMs, graceMs }: ProcessTemplate): Treatment {
  return { ready, readyTimeoutMs, drainMs, graceMs };
}

function closed(): SerinError {
  return new SerinError({
    code: "SERIN_WORKLOAD_CLOSED",
    what: "The controller has let go of these processes.",
    now: "They go on as they are.",
  });
}

async function until(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const off = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  await Promise.race([work, off]);
}
