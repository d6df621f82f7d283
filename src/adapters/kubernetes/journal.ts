// How is what a cluster's services are at remembered in the cluster itself?
import { setImmediate } from "node:timers/promises";
import { SerinError } from "../../core/issues.ts";
import type { Call } from "../../ports/observed.ts";
import {
  type Journal,
  type JournalEntry,
  type JournalRecord,
  type Saved,
  type Seq,
  StaleWrite,
} from "../../ports/journal.ts";
import type { KubeClient } from "./client/client.ts";
import { isConflict, isMissing } from "./client/errors.ts";
import { RESOURCES } from "./client/objects.ts";
import { packed, recordsOf, savedIn, type Stored } from "./packed.ts";
import { placeOf, serviceOf } from "./service-name.ts";

interface Known {
  readonly resourceVersion: string;
  readonly seq: Seq;
  /** The last records, packed as they are stored. */
  readonly log: string;
}

export interface KubeJournalOptions {
  readonly client: KubeClient;
  /** Only this namespace; all of them without it. */
  readonly only?: string | undefined;
  /** The object as a watch has told of it, if it has: what else was changed in it is then no surprise. */
  readonly heard?: ((service: string) => Stored | undefined) | undefined;
  /** What people see of a state, beside it. */
  readonly show?: ((service: string, state: unknown) => object) | undefined;
}

/** So many records are kept. What is older is told by the cluster's events and by whoever was notified. */
const RECORDS = 200;
/** An object may have 1.5 MB altogether; more than this is not written. */
const MOST_BYTES = 900_000;
const CALL_MS = 10_000;
/** Somebody else changes the object at the same moment, again and again. */
const TRIES = 5;

/**
 * Keeps each service's state in the status of its Rollout, packed. An append is one write, conditional on the version of the
 * object that holds the entry before it: whoever has read an older one is refused. What is stored has a bounded size.
 */
export class KubeJournal implements Journal {
  readonly kind = "kubernetes";
  readonly #options: KubeJournalOptions;
  readonly #known = new Map<string, Known>();
  /** Read by `list` and not asked for yet. */
  readonly #listed = new Map<string, Stored>();
  /** Entries on their way. */
  readonly #appending = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(options: KubeJournalOptions) {
    this.#options = options;
  }

  async list(): Promise<readonly string[]> {
    const { client, only } = this.#options;
    const { items } = await client.list<Stored>(RESOURCES.rollouts, { namespace: only }, this.#call());
    const withState = items.filter(({ status }) => status?.state !== undefined);
    for (const item of withState) this.#listed.set(serviceOf(item), item);
    return withState.map(serviceOf).toSorted();
  }

  async load(service: string): Promise<Saved | undefined> {
    const listed = this.#listed.get(service);
    this.#listed.delete(service);
    const object = listed ?? (await this.#read(service));
    const saved = object && savedIn(object);
    if (!saved) {
      this.#known.delete(service);
      return undefined;
    }
    this.#take(service, object);
    return saved;
  }

  async append(service: string, expected: Seq, entry: JournalEntry): Promise<Seq> {
    const appending = this.#append(service, expected, entry);
    const over = appending.then(
      () => undefined,
      () => undefined,
    );
    this.#appending.set(service, over);
    try {
      return await appending;
    } finally {
      if (this.#appending.get(service) === over) this.#appending.delete(service);
    }
  }

  async #append(service: string, expected: Seq, { format, state, records }: JournalEntry): Promise<Seq> {
    const packedState = packed({ format, state });
    let known = this.#current(service) ?? (await this.#fresh(service));
    for (let tries = 1; ; tries += 1) {
      if (!known) throw gone(service);
      if (known.seq !== expected) throw new StaleWrite(`${service} is at ${known.seq}, not at ${expected}`);
      const seq = expected + 1;
      const log = records.length === 0 ? known.log : added(known.log, seq, records);
      const size = packedState.length + log.length;
      if (size > MOST_BYTES) throw tooBig(service, size);
      const status = {
        ...this.#options.show?.(service, state),
        seq,
        state: packedState,
        ...(log === known.log ? {} : { log }),
      };
      const at = { resource: RESOURCES.rollouts, ...placeOf(service), subresource: "status" as const };
      const patch = { metadata: { resourceVersion: known.resourceVersion }, status };
      try {
        this.#take(service, await this.#options.client.merge<Stored>(at, patch, this.#call()));
        return seq;
      } catch (error) {
        if (isMissing(error)) throw gone(service);
        this.#known.delete(service);
        if (!isConflict(error) || tries === TRIES) throw error;
        // A changed spec or annotation is a new version too: only another entry is somebody else's.
        known = await this.#fresh(service);
      }
    }
  }

  /** Writes what people see, and no entry: never what was true before the last one. */
  async refresh(service: string, show: () => object): Promise<void> {
    const at = { resource: RESOURCES.rollouts, ...placeOf(service), subresource: "status" as const };
    for (let tries = 1; ; tries += 1) {
      const known = this.#current(service) ?? (await this.#fresh(service));
      if (!known) throw gone(service);
      while (this.#appending.has(service)) {
        await this.#appending.get(service);
        // Whoever has appended it goes first, and knows what it says.
        await setImmediate();
      }
      const { resourceVersion } = this.#current(service) ?? known;
      try {
        const patch = { metadata: { resourceVersion }, status: show() };
        this.#take(service, await this.#options.client.merge<Stored>(at, patch, this.#call()));
        return;
      } catch (error) {
        if (!isConflict(error) || tries === TRIES) throw error;
        this.#known.delete(service);
      }
    }
  }

  async records(service: string, after: Seq, limit: number): Promise<readonly JournalRecord[]> {
    const known = this.#known.get(service) ?? (await this.#fresh(service));
    const later = (known ? recordsOf(known.log) : []).filter(({ seq }) => seq > after);
    const last = later[limit - 1]?.seq;
    return last === undefined ? later : later.filter(({ seq }) => seq <= last);
  }

  async remove(service: string): Promise<void> {
    this.#listed.delete(service);
    this.#known.delete(service);
    const at = { resource: RESOURCES.rollouts, ...placeOf(service), subresource: "status" as const };
    try {
      await this.#options.client.merge(at, { status: { seq: null, state: null, log: null } }, this.#call());
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  #call(): Call {
    if (this.#isClosed) {
      throw new SerinError({
        code: "SERIN_JOURNAL_CLOSED",
        what: "the journal is closed",
        now: "traffic stays as it is",
      });
    }
    return { signal: AbortSignal.timeout(CALL_MS) };
  }

  #read(service: string): Promise<Stored | undefined> {
    return this.#options.client.get<Stored>(RESOURCES.rollouts, placeOf(service), this.#call());
  }

  /**
   * The newest version that holds the entry that is known: a changed spec or annotation is one too. Whoever is wrong in this
   * is refused by the API server.
   */
  #current(service: string): Known | undefined {
    const known = this.#known.get(service);
    const heard = this.#options.heard?.(service);
    const { resourceVersion } = heard?.metadata ?? {};
    if (resourceVersion === undefined) return known;
    const seq = heard?.status?.seq ?? 0;
    // Without an entry there is no log either.
    if (!known) return seq === 0 ? { resourceVersion, seq, log: "" } : undefined;
    return known.seq === seq && BigInt(resourceVersion) > BigInt(known.resourceVersion)
      ? { ...known, resourceVersion }
      : known;
  }

  async #fresh(service: string): Promise<Known | undefined> {
    const object = await this.#read(service);
    if (object) this.#take(service, object);
    return this.#known.get(service);
  }

  #take(service: string, { metadata, status }: Stored): void {
    const { seq = 0, log = "" } = status ?? {};
    this.#known.set(service, { resourceVersion: metadata.resourceVersion ?? "", seq, log });
  }
}

/** The last records, those of one append never torn apart. */
function added(log: string, seq: Seq, records: readonly unknown[]): string {
  const all = [...recordsOf(log), ...records.map((record, index) => ({ seq, index, record }))];
  const first = all.at(-RECORDS)?.seq ?? 0;
  const isTorn = all.length > RECORDS && all[all.length - RECORDS - 1]?.seq === first && first !== seq;
  return packed(
    all.length <= RECORDS ? all : all.filter((record) => (isTorn ? record.seq > first : record.seq >= first)),
  );
}

function gone(service: string): SerinError {
  return new SerinError({
    code: "SERIN_KUBE_NO_ROLLOUT",
    what: `the Rollout of ${service} is not there any more`,
    now: "traffic stays at the last split",
  });
}

function tooBig(service: string, size: number): SerinError {
  return new SerinError({
    code: "SERIN_KUBE_TOO_BIG",
    what: `the state of ${service} has ${size} bytes, and an object of the cluster has room for ${MOST_BYTES}`,
    now: "traffic stays at the last split",
    next: "keep fewer revisions: spec.revisionHistory",
  });
}
