// What do the Envoys that come to one address carry, and how are they told?
import { wrongInRoute } from "../../core/route.ts";
import type { Counters } from "../../core/evidence.ts";
import { messageOf } from "../../core/issues.ts";
import type { XdsChannel } from "../../core/spec/envoy.ts";
import type { Route } from "../../core/split.ts";
import { ms, type Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import { ABSENT, seen, unreadable, type Call, type Observed } from "../../ports/observed.ts";
import type { Carried } from "../../ports/router.ts";
import { readPem, Watched } from "./certificates.ts";
import { clustersOf, Fleet, type Needed } from "./fleet.ts";
import { Kept } from "./kept.ts";
import { nextOf, type Next } from "./next.ts";
import { hasNames } from "./resources/cluster.ts";
import { listenerName, poolOf, RUNTIME_LAYER } from "./resources/names.ts";
import type { Served } from "./resources/types.ts";
import { conflictOf } from "./shared.ts";
import { Statistics } from "./statistics.ts";
import { Tally, type Logged } from "./tally.ts";
import { Versions, type Marked } from "./taken.ts";
import { notShared, notTaken, refusedBy, tooFew, wrongRoute } from "./troubles.ts";
import type { ServedStore } from "./store.ts";
import type { EnvoyMetric } from "./xds/metrics-stream.ts";
import type { ConnectedEnvoy } from "./xds/node.ts";
import type { Discovery } from "./xds/discovery.ts";

/** A service, as its file asks for it. */
export type Subject = Pick<Served, "service" | "front" | "section" | "spec">;

export interface PlaneOptions {
  readonly channel: XdsChannel;
  readonly discovery: Discovery;
  readonly store: ServedStore;
  readonly clock: Clock;
}

interface Team {
  readonly fleet: Fleet;
  readonly versions: Versions;
  /** Changes of routes go one after another, so that a refusal is of one service. */
  queue: Promise<unknown>;
}

/** An Envoy that went away and has not come back carries nothing any more. */
const GONE_MS = 60_000;

/** All services of one channel. */
export class Plane {
  readonly #options: PlaneOptions;
  readonly #teams = new Map<string, Team>();
  readonly #services = new Map<string, Kept>();
  readonly #watched = new Map<string, Watched>();
  /** Envoys that were here, by fleet and name, and since when they are not. */
  readonly #lost = new Map<string, Ms>();
  readonly #waiting = new Set<() => void>();
  readonly #statistics = new Statistics();
  readonly #epoch: string;

  /** Begins with what an earlier controller has written down: Envoys that come find what they already have. */
  constructor(options: PlaneOptions) {
    this.#options = options;
    this.#epoch = String(options.clock.now());
    const { discovery, store, channel } = options;
    const wake = (): void => this.#wake();
    discovery.listen({
      connected: (envoy) => {
        this.#lost.delete(nameOf(envoy));
        wake();
      },
      disconnected: (envoy) => {
        this.#lost.set(nameOf(envoy), options.clock.now());
        wake();
      },
      acknowledged: wake,
      rejected: wake,
    });
    const own = store.load().filter(({ spec }) => addressOf(spec.xds) === addressOf(channel));
    for (const [fleet, services] of Map.groupBy(own, ({ spec }) => spec.fleet)) {
      const team = this.#team(fleet);
      for (const served of services) this.#services.set(served.service, new Kept(served, new Tally(this.#epoch)));
      team.fleet.place(services);
      for (const served of services) team.fleet.share(served);
      discovery.open(fleet);
    }
  }

  /** Refuses a service that could never have its way here. */
  check(subject: Subject): void {
    const team = this.#teams.get(subject.spec.fleet);
    if (!team) return;
    const found = conflictOf(subject, team.fleet.neighbours(subject));
    if (found) throw notShared(subject.service, found.other, found.found);
  }

  /** Resolves when all connected Envoys have taken it, and those are enough. */
  async apply(subject: Subject, route: Route, call: Call): Promise<void> {
    const wrong = wrongInRoute(route);
    if (wrong.length > 0) throw wrongRoute(subject.service, wrong);
    this.check(subject);
    const { fleet: name } = subject.spec;
    const kept = this.#services.get(subject.service);
    if (kept && kept.served.spec.fleet !== name) this.#take(kept.served);
    const next = nextOf(this.#services.get(subject.service)?.served, { ...subject, route });
    const team = this.#team(name);
    if (next.change !== "routes") return this.#turn(team, next, call);
    const turn = team.queue.then(() => this.#turn(team, next, call));
    team.queue = turn.catch(() => undefined);
    return turn;
  }

  observe({ service, spec }: Subject, nowMs: Ms): Observed<Carried> {
    const kept = this.#services.get(service);
    const team = this.#teams.get(spec.fleet);
    if (!kept || !team) return ABSENT;
    this.#renew(kept, team, nowMs);
    const few = this.#tooFew(kept.served);
    if (few !== undefined) return unreadable(few);
    this.#settle(kept, team, nowMs);
    const marked = team.versions.mark(team.fleet.neededBy(kept.served));
    for (const envoy of this.#envoys(spec.fleet)) {
      if (kept.behind.has(nameOf(envoy)) || team.versions.holds(envoy, marked)) continue;
      return unreadable(`Envoy ${envoy.node.id} has not taken the route of ${service} yet`);
    }
    const [older] = kept.behind.values();
    const { listen, preview, tls } = kept.served.spec;
    const url = (at: typeof listen): string => `${tls ? "https" : "http"}://${listenerName(at)}`;
    return seen({
      split: (older ?? kept.served.route).split,
      busy: kept.busy(nowMs),
      address: url(listen),
      ...(preview && { preview: url(preview) }),
    });
  }

  /** What was counted of a service. Copies stand in no access log: they are read from statistics always. */
  async counters({ service, spec }: Subject, nowMs: Ms): Promise<Observed<Counters>> {
    const kept = this.#services.get(service);
    if (!kept) return ABSENT;
    const few = this.#tooFew({ service, spec });
    if (few !== undefined) return unreadable(few);
    const isLogged = kept.served.spec.evidence === "access-log";
    const clusters = clustersOf(kept.served).filter(({ copies }) => copies || !isLogged);
    const logged = isLogged ? kept.tally.read() : [];
    const names = clusters.map(({ name }) => name);
    try {
      const read = names.length === 0 ? [] : await this.#statistics.read(this.#envoys(spec.fleet), names, nowMs);
      for (const { id, counts } of read) {
        for (const { name, pool, copies } of clusters) {
          const counted = counts.get(name);
          if (counted) kept.ledger.take(pool.pool, `${id}${copies ? " copies" : ""}`, counted);
        }
      }
      return seen({ at: nowMs, series: [...logged, ...kept.ledger.read()] });
    } catch (error) {
      return unreadable(messageOf(error));
    }
  }

  /** Statistics that an Envoy streams. */
  count(node: string, metrics: readonly EnvoyMetric[]): void {
    this.#statistics.take(node, metrics);
  }

  remove({ service }: Subject): void {
    const kept = this.#services.get(service);
    this.#options.store.forget(service);
    if (kept) this.#take(kept.served);
  }

  /** The service is somebody else's from now on, who has written down what is to be known of it. */
  leave({ service }: Subject): void {
    const kept = this.#services.get(service);
    if (kept) this.#take(kept.served);
  }

  /** A request that an access log tells of. */
  log(cluster: string, logged: Omit<Logged, "pool">): void {
    const [service = "", pool = ""] = poolOf(cluster) ?? [];
    this.#services.get(service)?.tally.add({ ...logged, pool });
  }

  #take(served: Served): void {
    this.#services.delete(served.service);
    this.#watched.delete(served.service);
    this.#teams.get(served.spec.fleet)?.fleet.drop(served.service);
  }

  #team(name: string): Team {
    const known = this.#teams.get(name);
    if (known) return known;
    const snapshot = this.#options.discovery.fleet(name);
    const versions = new Versions(snapshot);
    const team = { fleet: new Fleet(snapshot, readPem), versions, queue: Promise.resolve() };
    this.#teams.set(name, team);
    return team;
  }

  /** Written down first: a controller that starts again must not tell Envoys less than this one. */
  async #turn(team: Team, { served, change }: Next, call: Call): Promise<void> {
    const { service, spec } = served;
    const before = this.#services.get(service);
    const old = before?.served;
    this.#options.store.save(served);
    const kept = before ?? new Kept(served, new Tally(this.#epoch));
    this.#services.set(service, kept);
    if (change !== "nothing") kept.turn(served, before ? this.#known(spec.fleet) : []);
    if (change === "routes") team.fleet.place([served]);
    if (change === "replicas" || change === "shares") team.fleet.populate(served);
    if (change === "shares") team.fleet.share(served);
    this.#options.discovery.open(spec.fleet);
    const marked = team.versions.mark(change === "routes" ? team.fleet.neededBy(served) : smallOf(served));
    const few = this.#tooFew(served);
    if (few !== undefined) throw tooFew(service, few);
    const refusal = await this.#taken(team, marked, { service, fleet: spec.fleet, call });
    if (refusal) {
      this.#back(team, { kept, old, refused: served });
      throw refusal;
    }
    this.#settle(kept, team, this.#options.clock.now());
    // Nobody looks at the runtime keys of the routes before any more.
    if (change === "routes") team.fleet.share(served);
    if (old) kept.left(old.route, ms(this.#options.clock.now() + spec.drainMs));
  }

  /** What was refused is forgotten everywhere: an Envoy that comes gets what the others have. */
  #back(team: Team, { kept, old, refused }: { kept: Kept; old: Served | undefined; refused: Served }): void {
    if (!old || old.spec.fleet !== refused.spec.fleet) {
      this.#options.store.forget(refused.service);
      return this.#take(refused);
    }
    this.#options.store.save(old);
    kept.turn(old, []);
    kept.behind.clear();
    team.fleet.place([old]);
    team.fleet.share(old);
  }

  /** Waits for the connected Envoys. A refusal is answered; silence until the call ends is thrown. */
  async #taken(team: Team, marked: readonly Marked[], asked: { service: string; fleet: string; call: Call }) {
    const { service, fleet, call } = asked;
    for (;;) {
      const open = this.#envoys(fleet).filter((envoy) => !team.versions.holds(envoy, marked));
      for (const envoy of open) {
        const why = team.versions.refusal(envoy, marked);
        if (why !== undefined) return refusedBy(service, envoy.node.id, why);
      }
      if (open.length === 0) return undefined;
      if (!(await this.#next(call.signal)))
        throw notTaken(
          service,
          open.map(({ node }) => node.id),
        );
    }
  }

  /** Resolves with true when an Envoy has said anything, with false when the call is called off. */
  #next(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const done = (heard: boolean) => (): void => {
        this.#waiting.delete(heard_);
        signal.removeEventListener("abort", aborted);
        resolve(heard);
      };
      const heard_ = done(true);
      const aborted = done(false);
      this.#waiting.add(heard_);
      signal.addEventListener("abort", aborted, { once: true });
    });
  }

  #wake(): void {
    for (const heard of this.#waiting) heard();
  }

  /** Envoys that hold the route asked for are behind no more; those that are gone for good neither. */
  #settle(kept: Kept, team: Team, nowMs: Ms): void {
    if (kept.behind.size === 0) return;
    const marked = team.versions.mark(team.fleet.neededBy(kept.served));
    for (const envoy of this.#envoys(kept.served.spec.fleet)) {
      if (team.versions.holds(envoy, marked)) kept.behind.delete(nameOf(envoy));
    }
    for (const name of kept.behind.keys()) {
      const lostMs = this.#lost.get(name);
      if (lostMs !== undefined && nowMs - lostMs > GONE_MS) kept.behind.delete(name);
    }
  }

  #renew(kept: Kept, team: Team, nowMs: Ms): void {
    const { service, spec } = kept.served;
    let watched = this.#watched.get(service);
    if (!watched) this.#watched.set(service, (watched = new Watched()));
    if (watched.changed(spec, nowMs)) team.fleet.renew(kept.served);
  }

  #envoys(fleet: string): readonly ConnectedEnvoy[] {
    return this.#options.discovery.envoys(fleet);
  }

  /** Envoys that may carry something: those that are connected, and those that were a moment ago. */
  #known(fleet: string): readonly string[] {
    const nowMs = this.#options.clock.now();
    for (const [name, lostMs] of this.#lost) if (nowMs - lostMs > GONE_MS) this.#lost.delete(name);
    const lost = [...this.#lost.keys()].filter((name) => name.startsWith(`${fleet} `));
    return [...new Set([...this.#envoys(fleet).map(nameOf), ...lost])];
  }

  #tooFew({ spec }: Pick<Served, "service" | "spec">): string | undefined {
    const there = this.#envoys(spec.fleet).length;
    if (there >= spec.envoys) return undefined;
    const { host, port } = this.#options.channel;
    const found = there === 0 ? "no Envoy" : `${there} of ${spec.envoys} Envoys`;
    return `${found} of the fleet ${spec.fleet} is connected to ${host}:${port}`;
  }
}

/** What a change of shares or replicas sends. */
function smallOf(served: Served): readonly Needed[] {
  const endpoints = clustersOf(served).flatMap(({ name, pool }): Needed[] =>
    hasNames(pool) ? [] : [{ type: "endpoints", name }],
  );
  return [...endpoints, { type: "runtime", name: RUNTIME_LAYER }];
}

const nameOf = ({ node }: ConnectedEnvoy): string => `${node.fleet} ${node.id}`;

export function addressOf({ host, port }: XdsChannel): string {
  return `${host}:${port}`;
}
