// Which adapter does a rollout file name?
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Abilities, WorkloadAbilities } from "../core/abilities.ts";
import type { NamedRevision } from "../core/engine/input.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import type { EnvoySpec } from "../core/spec/envoy.ts";
import type { ProxySpec } from "../core/spec/traffic.ts";
import { adoptedIn, type WorkloadSpec } from "../core/spec/workload.ts";
import type { Section } from "../core/split.ts";
import { isEndpoints } from "../core/endpoints-template.ts";
import type { Revision } from "../core/world.ts";
import type { AlertSource } from "../ports/alerts.ts";
import type { Clock } from "../ports/clock.ts";
import type { Call } from "../ports/observed.ts";
import type { Router } from "../ports/router.ts";
import type { Messenger } from "../ports/messenger.ts";
import type { TestEvents } from "../ports/tests.ts";
import type { Asked, Factory, OwnedWorkload } from "../runtime/parts.ts";
import type { Sources } from "./sources.ts";
import { ENDPOINTS_ABILITIES } from "./endpoints/abilities.ts";
import { ENVOY_ABILITIES } from "./envoy/abilities.ts";
import type { lookAtPage as LookAtPage } from "./exposition/look.ts";
import { clusterParts, clusterRouting, clusterWorkload, jobsOf } from "./deployments.ts";
import { askedPage, following, sourcesOf } from "./following.ts";
import {
  clusterRouter,
  DAEMON_SET_ABILITIES,
  DEPLOYMENT_ABILITIES,
  STATEFUL_SET_ABILITIES,
} from "./kubernetes/abilities.ts";
import type { ClusterParts } from "./kubernetes/adopt.ts";
import type { Cluster } from "./kubernetes/cluster.ts";
import { createMessenger } from "./messenger/messenger.ts";
import { PROCESS_ABILITIES } from "./process/abilities.ts";
import { PROXY_ABILITIES } from "./proxy/abilities.ts";

/** Where services keep their records, and by which clock they live. */
export interface Home {
  /** Absolute folder of the controller's state. */
  readonly dir: string;
  readonly clock: Clock;
  /** The cluster whose Deployments are looked after, for a controller that is in one. */
  readonly cluster?: Cluster | undefined;
}

/** What the parts that a file names can do together; nothing is loaded for it. */
export function abilitiesOf(rollout: Pick<Rollout, "spec">): Abilities {
  const { workload, traffic } = rollout.spec;
  return {
    router: clusterRouter(traffic) ?? (traffic.envoy ? ENVOY_ABILITIES : PROXY_ABILITIES),
    workload: workloadAbilities(workload),
  };
}

function workloadAbilities({ deployment, statefulSet, daemonSet, endpoints }: WorkloadSpec): WorkloadAbilities {
  if (deployment) return DEPLOYMENT_ABILITIES;
  if (statefulSet) return STATEFUL_SET_ABILITIES;
  if (daemonSet) return DAEMON_SET_ABILITIES;
  return endpoints ? ENDPOINTS_ABILITIES : PROCESS_ABILITIES;
}

/** Names the revision that a file asks for, by content. `origin` is the folder that its paths start from. */
export async function revisionOf({ spec }: Pick<Rollout, "spec">, origin: string): Promise<Revision> {
  const { process, endpoints } = spec.workload;
  if (endpoints) {
    const { endpointsRevision } = await import("./endpoints/revision.ts");
    return endpointsRevision(endpoints);
  }
  if (!process) throw new Error("the file names nothing that runs");
  const { captureRevision } = await import("./process/revision.ts");
  const { command, env, files, cwd, ready, readyTimeoutMs, drainMs, graceMs } = process;
  return captureRevision({
    command,
    env,
    files,
    cwd: resolve(origin, cwd),
    ready,
    readyTimeoutMs,
    drainMs,
    graceMs,
    host: "127.0.0.1",
  });
}

/** The further candidates of an experiment: the file's workload, each with its own command or environment. */
export async function rivalsOf(rollout: Rollout, origin: string): Promise<readonly NamedRevision[]> {
  const { strategy, workload } = rollout.spec;
  if (strategy.kind !== "experiment") return [];
  const own = workload.process;
  if (!own) throw new Error("an experiment of addresses");
  const named = strategy.rivals.map(async ({ name, command = own.command, env }) => {
    const process = { ...own, command: [...command], env: { ...own.env, ...env } };
    const spec = { ...rollout.spec, workload: { ...workload, process } };
    return { name, revision: await revisionOf({ ...rollout, spec }, origin) };
  });
  return Promise.all(named);
}

/** The folder in which one service's processes and proxy leave their records and logs. */
function serviceDir(home: Home, service: string): string {
  return join(home.dir, "services", service);
}

/** The adapters, and what all services share. */
export interface Adapters extends Factory {
  readonly messenger: Messenger;
  /** What is told of the users of A/B tests. */
  events(): Promise<TestEvents>;
  /** Lets go of what services share, after the last of them. */
  close(): Promise<void>;
}

/** Reads a metrics page once, as the replicas' are read. Rejects with what was found instead. */
export async function lookAtPage(...asked: Parameters<typeof LookAtPage>): ReturnType<typeof LookAtPage> {
  const { lookAtPage: look } = await import("./exposition/look.ts");
  return look(...asked);
}

/** Makes the adapters of a service. Each is loaded when the first service asks for it. */
export function adapters(home: Home): Adapters {
  const events = once(async () => {
    const { openEventStore } = await import("./events/store.ts");
    return openEventStore(join(home.dir, "events.db"));
  });
  const envoys = once(async () => {
    const { createEnvoyHub } = await import("./envoy/hub.ts");
    return createEnvoyHub({ dir: join(home.dir, "services"), clock: home.clock });
  });
  /** Services of the cluster: who carries their requests must know who runs their pods. */
  const adopted = new Map<string, ClusterParts>();
  const sources = once(async () => {
    const { Sources } = await import("./sources.ts");
    return new Sources(home.clock);
  });
  return {
    messenger: createMessenger({ clock: home.clock, jobs: jobsOf(home.cluster) }),
    events: events.get,
    close: async () => {
      (await events.made()?.catch(() => undefined))?.close();
      await (await envoys.made()?.catch(() => undefined))?.close();
    },
    tests: async (state) => {
      const { createTestSource } = await import("./events/source.ts");
      const { createExpositionSource } = await import("./exposition/source.ts");
      // Of its own: a source that is asked for other names by turns would fetch the pages anew each time.
      const pages = following(askedPage, (page) => createExpositionSource({ clock: home.clock, ...page }));
      const options = { clock: home.clock, store: await events.get(), signals: () => pages.of(state()) };
      return { source: createTestSource(options), close: pages.close };
    },
    check: async (asked) => {
      const { traffic } = asked.spec.spec;
      const { envoy } = traffic;
      // What a cluster's router lacks is seen, and may come, while it is followed.
      if (clusterRouter(traffic)) return;
      if (envoy) return (await envoys.get()).check(envoyOf(asked, envoy));
      const { checkProxy } = await import("./proxy/index.ts");
      await checkProxy(proxyOf(home, asked));
    },
    workload: async (state) => {
      if (!adoptedIn(state().spec.spec.workload)) return workloadOf(home, state().service, await sources.get());
      const parts = await clusterParts(home.cluster, state);
      adopted.set(state().service, parts);
      return clusterWorkload(home.clock, {
        parts,
        shared: await sources.get(),
        forget: () => adopted.delete(state().service),
      });
    },
    alerts: (state) => alertsOf(home, state),
    router: async (state) => {
      const { envoy } = state.spec.spec.traffic;
      const inside = await clusterRouting(home.clock, adopted.get(state.service));
      if (inside) return inside;
      if (envoy) {
        const { router, ...rest } = await (await envoys.get()).router(envoyOf(state, envoy));
        return { ...rest, router: afterwards(router, (call) => leaveProxy(home, state, call)) };
      }
      const { createProxyAdapter } = await import("./proxy/index.ts");
      const proxy = createProxyAdapter({ ...proxyOf(home, state), clock: home.clock });
      const leave = async (call: Call): Promise<void> => {
        // Envoys are told only where some were told before.
        const isTold = existsSync(join(serviceDir(home, state.service), "envoy.json"));
        if (isTold) await (await envoys.get()).leave(state.service, call);
      };
      return { router: afterwards(proxy, leave), metrics: proxy, close: () => Promise.resolve() };
    },
  };
}

/** Who runs a service: processes and addresses, and what is told of them. */
async function workloadOf(home: Home, service: string, shared: Sources): Promise<OwnedWorkload> {
  const { createProcessWorkload } = await import("./process/workload.ts");
  const { createUsageSource } = await import("./process/usage.ts");
  const { createExpositionSource } = await import("./exposition/source.ts");
  const { createEndpointsWorkload } = await import("./endpoints/workload.ts");
  const { createCompositeWorkload } = await import("./composite/workload.ts");
  const { probe } = await import("./process/probe.ts");
  const { clock } = home;
  const processes = createProcessWorkload({ service, dir: join(serviceDir(home, service), "process"), clock });
  const endpoints = createEndpointsWorkload({ dir: join(serviceDir(home, service), "endpoints"), clock, probe });
  // A service may go from addresses of somebody else to processes and back: each pool has who runs it.
  const workload = createCompositeWorkload([
    { workload: endpoints, runs: isEndpoints },
    { workload: processes, runs: (template) => !isEndpoints(template) },
  ]);
  const usage = createUsageSource({ clock, workload: processes });
  const pages = following(askedPage, (page) => createExpositionSource({ clock: home.clock, ...page }));
  const others = following(sourcesOf, (asked) => shared.of(asked));
  return {
    workload,
    signals: (asked) => [usage, ...pages.of(asked), ...others.of(asked).flatMap(({ signals }) => signals)],
    close: async () => {
      pages.close();
      others.close();
      await processes.close();
    },
    remove: async () => {
      endpoints.forget();
      await processes.removeAll({ signal: AbortSignal.timeout(60_000) });
    },
  };
}

/** Where alerts are read that the file names, each address once. */
async function alertsOf({ clock }: Home, { spec, origin }: Asked): Promise<readonly AlertSource[]> {
  const { createAlertSource } = await import("./alerts/source.ts");
  const { webOf } = await import("./sources.ts");
  const asked = spec.spec.analysis?.alerts ?? [];
  const first = asked.filter(({ url }, index) => asked.findIndex((other) => other.url === url) === index);
  return first.map((alert) => {
    const { url, api } = alert;
    return createAlertSource({ url, api, clock, web: webOf(alert, origin) });
  });
}

/** Makes something when it is first asked for; again only after a failure. */
function once<T>(make: () => Promise<T>) {
  let made: Promise<T> | undefined;
  const get = (): Promise<T> => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
  return { get, made: (): Promise<T> | undefined => made };
}

/** A router, and what is left behind for it once it has taken a first route: who carried the requests before. */
function afterwards(router: Router, leave: (call: Call) => Promise<void>): Router {
  let isDone = false;
  const apply: Router["apply"] = async (route, call) => {
    await router.apply(route, call);
    if (isDone) return;
    await leave(call);
    isDone = true;
  };
  return { ...router, apply };
}

/** Ends the proxy that a service had before it came to its Envoys. A façade's is its front's to end. */
async function leaveProxy(home: Home, { service, spec }: Asked, call: Call): Promise<void> {
  const dir = join(serviceDir(home, service), "proxy");
  if (spec.spec.traffic.section || !existsSync(dir)) return;
  const { leaveProxy: leave } = await import("./proxy/leave.ts");
  await leave({ name: service, dir, clock: home.clock }, call);
}

/** The proxy of a service: its own, or its section of another's, which is one process with one name for all of them. */
function proxyOf(home: Home, asked: Asked) {
  const { section } = asked.spec.spec.traffic;
  const name = section?.of ?? asked.service;
  const dir = join(serviceDir(home, name), "proxy");
  return { name, dir, config: proxyConfig(asked), ...(section && { section: partOf(section) }) };
}

function partOf({ name, order, when }: Section): Section {
  return { name, order, when };
}

/** What one service asks of its Envoys. Paths in the file start from its folder. */
function envoyOf({ service, spec, origin }: Asked, envoy: EnvoySpec) {
  const { section } = spec.spec.traffic;
  return { service, front: section?.of ?? service, spec: envoy, origin, ...(section && { section: partOf(section) }) };
}

function proxyConfig({ spec, origin }: Asked): ProxySpec {
  const { proxy } = spec.spec.traffic;
  if (!proxy) throw new Error("the file names nothing that carries traffic");
  const { tls, ...config } = proxy;
  // Paths in the file start from its folder, wherever the controller was started.
  return tls ? { ...config, tls: { cert: resolve(origin, tls.cert), key: resolve(origin, tls.key) } } : config;
}
