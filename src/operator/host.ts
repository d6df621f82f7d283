// How does a controller run in a cluster?
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { Cluster } from "../adapters/kubernetes/cluster.ts";
import { KubeClient, type Ref } from "../adapters/kubernetes/client/client.ts";
import { Connection, type ConnectionOptions } from "../adapters/kubernetes/client/connection.ts";
import { KubeJournal } from "../adapters/kubernetes/journal.ts";
import { digest } from "../adapters/kubernetes/revision.ts";
import { placeOf } from "../adapters/kubernetes/service-name.ts";
import { adapters } from "../adapters/registry.ts";
import { systemClock } from "../adapters/system/clock.ts";
import type { ServiceState } from "../core/engine/state.ts";
import { Controller } from "../runtime/controller.ts";
import type { Pace, Pass, Told } from "../runtime/parts.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { Leader } from "./leader.ts";
import { PodMark } from "./mark-pod.ts";
import { Operator, type OperatorOptions } from "./operator.ts";

export interface OperatorHost extends Omit<ConnectionOptions, "userAgent"> {
  /** Who this is among the controllers of the cluster: the pod's name. */
  readonly identity: string;
  /** Only Rollouts of these namespaces. */
  readonly only?: readonly string[] | undefined;
  /** Where the Lease is by which one of several controllers leads. */
  readonly leaseNamespace: string;
  /** How long a leader that says nothing is waited for, in milliseconds. */
  readonly leaseMs?: number | undefined;
  /** Folder for what some adapters keep on disk. */
  readonly dir: string;
  readonly version: string;
  readonly telemetry: Telemetry;
  readonly pace?: Partial<Pace> | undefined;
  readonly say: (text: string) => void;
  readonly tell?: ((event: Told) => void) | undefined;
  readonly passed?: ((pass: Pass) => void) | undefined;
  /** Told of what it looks after from now on, before anything is decided. */
  readonly begins?: ((seats: readonly Seat[]) => void) | undefined;
  /** How many people must approve a Rollout, whatever it says itself. */
  readonly approvalsFor?: OperatorOptions["approvalsFor"];
  /** The pod that this runs in, which is marked while it leads; nothing when nobody looks for that. */
  readonly pod?: Ref | undefined;
}

/** A part of a cluster, and who looks after it. */
interface Seat {
  /** Its namespace; all of them without it. */
  readonly only: string | undefined;
  readonly cluster: Cluster;
  readonly controller: Controller;
  readonly operator: Operator;
}

/**
 * A cluster tells what changes, so that nothing is looked at for its own sake; and every entry is a write to the API server,
 * so that evidence alone waits. A busy API server answers late, and a call that is given up costs it another one.
 */
const CLUSTER_PACE: Partial<Pace> = {
  idleMs: 30_000,
  soonMs: 250,
  callMs: 10_000,
  saveActiveMs: 60_000,
  showMs: 2_000,
  saveIdleMs: Number.POSITIVE_INFINITY,
};

const LEASE = "serin-controller";

/** What runs, and how it ends. */
export interface RunningOperator {
  /** Whether this controller leads now. */
  readonly leads: () => boolean;
  /** Who leads instead, as far as it is known. */
  readonly other: () => string | undefined;
  /** Resolves with why it has ended, or with nothing when it was asked to. */
  readonly ended: Promise<string | undefined>;
}

/** Waits for its turn, then looks after the cluster's Rollouts until the signal aborts or the lease is lost. */
export async function runOperator(host: OperatorHost, signal: AbortSignal): Promise<RunningOperator> {
  const { only, telemetry, say } = host;
  const clock = systemClock();
  for (const name of only ?? [""]) await mkdir(join(host.dir, name), { recursive: true, mode: 0o700 });
  const userAgent = `serin/${host.version}`;
  // Whoever may look at some namespaces may not look at all of them at once.
  const clusters = (only ?? [undefined]).map((name) => new Cluster({ ...host, clock, only: name, userAgent }));
  // Of its own: a lease is lost when its renewal waits behind the writes of thousands of Rollouts.
  const own = new Connection({ ...host, userAgent });
  const client = new KubeClient(own);
  const mark = new PodMark({ client, clock, pod: host.pod, say });
  const leader = new Leader({
    client,
    clock,
    namespace: host.leaseNamespace,
    name: leaseOf(only),
    identity: host.identity,
    say,
    leaseMs: host.leaseMs,
  });
  for (const cluster of clusters) cluster.client.onlyWhile(() => leader.holds());
  let isLeading = false;
  const run = async (): Promise<string | undefined> => {
    // The one before in this pod may have led.
    void mark.set(false);
    try {
      await leader.won(signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      throw error;
    }
    const off = new AbortController();
    // A large cluster takes longer to read than a lease lasts.
    const kept = leader.kept(AbortSignal.any([signal, off.signal]));
    const stop = await leadAll(host, clusters).catch(async (error: unknown) => {
      off.abort();
      await kept;
      throw error;
    });
    isLeading = true;
    await mark.set(true);
    const count = clusters.reduce((sum, { rollouts }) => sum + rollouts.size, 0);
    say(`leads as ${host.identity}: ${count} rollouts in ${only?.join(", ") ?? "all namespaces"} of ${own.server}`);
    const why = await kept;
    isLeading = false;
    await Promise.all([mark.set(false), stop()]);
    if (why === undefined)
      await leader.release().catch((error: unknown) => say(`the lease was not let go: ${String(error)}`));
    return why;
  };
  const ended = run().finally(() => {
    mark.close();
    own.close();
    return telemetry.close();
  });
  return { leads: () => isLeading, other: () => leader.other, ended };
}

/** One lease for each set of namespaces. */
function leaseOf(only: OperatorHost["only"]): string {
  if (only === undefined) return LEASE;
  const names = only.toSorted().join("-");
  return `${LEASE}-${names.length > 200 ? digest(names) : names}`;
}

interface Leading extends Seat {
  readonly begin: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** Looks after all of them; answers how to stop that. */
async function leadAll(host: OperatorHost, clusters: readonly Cluster[]): Promise<() => Promise<void>> {
  const { telemetry } = host;
  await Promise.all(clusters.map((cluster) => cluster.start()));
  const all = clusters.map((cluster) => lead(host, cluster));
  host.begins?.(all);
  await telemetry.serve(() => all.flatMap(({ controller }) => [...controller.each()]));
  await Promise.all(all.map(({ begin }) => begin()));
  return async () => {
    await Promise.all(all.map(({ stop }) => stop()));
  };
}

/** A cluster, or a namespace of it, and who looks after it. */
function lead(host: OperatorHost, cluster: Cluster): Leading {
  const { telemetry, say } = host;
  const { clock, client, only } = cluster;
  const dir = only === undefined ? host.dir : join(host.dir, only);
  const journal = new KubeJournal({
    client,
    only,
    heard: (service) => {
      const { namespace, name } = placeOf(service);
      return cluster.rollouts.get(namespace, name);
    },
    show: (service, state) => operator.show(service, state as ServiceState),
  });
  const factory = adapters({ dir, clock, cluster });
  const controller = new Controller({
    clock,
    journal: telemetry.journal(journal),
    factory: telemetry.factory(factory),
    messenger: telemetry.messenger(factory.messenger),
    pace: { ...CLUSTER_PACE, ...host.pace },
    tell: (event) => {
      telemetry.told(event);
      operator.told(event);
      host.tell?.(event);
    },
    passed: (pass) => {
      telemetry.passed(pass);
      operator.passed(pass.state);
      host.passed?.(pass);
    },
  });
  const operator = new Operator({ cluster, controller, journal, say, approvalsFor: host.approvalsFor });
  const begin = async (): Promise<void> => {
    await controller.start();
    telemetry.takeUp(controller.list());
    operator.start();
  };
  const stop = async (): Promise<void> => {
    await operator.stop();
    await controller.stop();
    await factory.close();
    await cluster.stop();
  };
  return { only, cluster, controller, operator, begin, stop };
}
