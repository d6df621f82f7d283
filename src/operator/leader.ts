// Which of several controllers decides?
import type { KubeClient } from "../adapters/kubernetes/client/client.ts";
import { isConflict } from "../adapters/kubernetes/client/errors.ts";
import { RESOURCES, type KubeObject } from "../adapters/kubernetes/client/objects.ts";
import { messageOf } from "../core/issues.ts";
import { ms } from "../core/units.ts";
import type { Clock } from "../ports/clock.ts";

interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string | null;
    readonly leaseDurationSeconds?: number;
    readonly renewTime?: string;
    readonly acquireTime?: string;
    readonly leaseTransitions?: number;
  };
}

/** How leadership is kept, in milliseconds. Whoever holds the lease lets go of it before anybody else may take it. */
export interface LeaderOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly namespace: string;
  readonly name: string;
  /** Who we are: the pod's name. */
  readonly identity: string;
  readonly say: (text: string) => void;
  readonly leaseMs?: number | undefined;
}

const LEASE_MS = 15_000;

/** Holds a Lease, or waits for it. */
export class Leader {
  readonly #options: LeaderOptions;
  readonly #leaseMs: number;
  /** When another's renewal was first seen here: clocks of two machines are not compared. */
  #seen = { renewTime: "", atMs: 0 };
  #renewedMs = 0;
  #other: string | undefined;

  constructor(options: LeaderOptions) {
    this.#options = options;
    this.#leaseMs = options.leaseMs ?? LEASE_MS;
  }

  /** Who held the lease instead when it was last asked for; nothing when nobody is known to. */
  get other(): string | undefined {
    return this.#other;
  }

  /** Resolves when the lease is ours. Rejects when the signal aborts first. */
  async won(signal: AbortSignal): Promise<void> {
    const { clock, say } = this.#options;
    let said = "";
    while (!signal.aborted) {
      let now: string;
      try {
        const holder = await this.#try();
        this.#other = holder;
        if (holder === undefined) return;
        now = `waits: ${holder} leads`;
      } catch (error) {
        now = `the lease cannot be had: ${messageOf(error)}`;
      }
      if (now !== said) say(now);
      said = now;
      await clock.sleep(ms(Math.round(this.#leaseMs / 7)), signal);
    }
    throw signal.reason;
  }

  /** Renews it until the signal aborts; resolves with why it was lost, or with nothing when it was let go. */
  async kept(signal: AbortSignal): Promise<string | undefined> {
    const { clock } = this.#options;
    let why = "";
    while (!signal.aborted) {
      await clock.sleep(ms(Math.round(this.#leaseMs / 5)), signal);
      if (signal.aborted) break;
      // What is known here may be of before another one's time, even if that one has gone again.
      if (!this.holds()) return `this program stood still, or could not renew the lease in time${why && `: ${why}`}`;
      try {
        const holder = await this.#try();
        this.#other = holder;
        if (holder !== undefined) return `${holder} has taken the lease`;
      } catch (error) {
        why = messageOf(error);
      }
      if (!this.holds()) return `the lease could not be renewed: ${why}`;
    }
    return undefined;
  }

  /** Whether the lease is ours beyond doubt: nobody can have taken it yet, even if this program stood still until now. */
  holds(): boolean {
    return this.#options.clock.now() - this.#renewedMs <= (this.#leaseMs * 2) / 3;
  }

  /** Lets go, so that the next one need not wait. */
  async release(): Promise<void> {
    const { client, namespace, name, identity } = this.#options;
    const call = { signal: AbortSignal.timeout(3_000) };
    const lease = await client.get<Lease>(RESOURCES.leases, { namespace, name }, call);
    if (lease?.spec?.holderIdentity !== identity) return;
    await client.replace(RESOURCES.leases, { ...lease, spec: { ...lease.spec, holderIdentity: null } }, call);
  }

  /** Takes or renews the lease; who else holds it. */
  async #try(): Promise<string | undefined> {
    const { client, clock, namespace, name, identity } = this.#options;
    const call = { signal: AbortSignal.timeout(Math.min(5_000, Math.ceil(this.#leaseMs / 3))) };
    const startedMs = clock.now();
    const lease = await client.get<Lease>(RESOURCES.leases, { namespace, name }, call);
    const { holderIdentity, renewTime = "", leaseTransitions = 0 } = lease?.spec ?? {};
    const isOther =
      holderIdentity !== undefined && holderIdentity !== null && holderIdentity !== "" && holderIdentity !== identity;
    if (isOther && !this.#isOver(renewTime)) return holderIdentity;
    const now = new Date(startedMs).toISOString().replace("Z", "000Z");
    const isNew = holderIdentity !== identity;
    const spec = {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.round(this.#leaseMs / 1_000)),
      renewTime: now,
      acquireTime: isNew ? now : (lease?.spec?.acquireTime ?? now),
      leaseTransitions: leaseTransitions + (isNew && lease ? 1 : 0),
    };
    try {
      if (lease) await client.replace(RESOURCES.leases, { ...lease, spec }, call);
      else await client.create(RESOURCES.leases, { metadata: { namespace, name }, spec }, call);
    } catch (error) {
      if (!isConflict(error)) throw error;
      return "another one, at this very moment";
    }
    this.#renewedMs = startedMs;
    return undefined;
  }

  /** Whether the holder has not renewed it for its whole time, by this clock alone. */
  #isOver(renewTime: string): boolean {
    const nowMs = this.#options.clock.now();
    if (this.#seen.renewTime !== renewTime) this.#seen = { renewTime, atMs: nowMs };
    return nowMs - this.#seen.atMs > this.#leaseMs;
  }
}
