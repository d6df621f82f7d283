// What do the Envoys that come to one address carry, and how are they told?
import { wrongInRoute } from "../../core/route.ts";
import type { Counters } from "../../core/evidence.ts";
import { messageOf } from "../../core/issues.ts";
import type { XdsChannel } from "../../core/spec/envoy.ts";
import type { Route } from "../../core/split.ts";
import type { Ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import { ABSENT, seen, unreadable, type Call, type Observed } from "../../ports/observed.ts";
import type { Carried } from "../../ports/router.ts";
import { readSecrets, Watched } from "./certificates.ts";
import { Bell } from "./bell.ts";
import { countersOf } from "./counters.ts";
import { clustersOf, Fleet, type Needed } from "./fleet.ts";
import { Kept, replicasOf } from "./kept.ts";
import { nextOf, type Next } from "./next.ts";
import { hasNames } from "./resources/cluster.ts";
import { listenerName, poolOf, RUNTIME_LAYER } from "./resources/names.ts";
import type { Served } from "./resources/types.ts";
import { nameOf, Roll } from "./roll.ts";
import { conflictOf } from "./shared.ts";
import { Statistics } from "./statistics.ts";
import { Tally, type Logged } from "./tally.ts";
import { Versions, type Marked } from "./taken.ts";
import { notShared, notTaken, refusedBy, tooFew, wrongRoute } from "./troubles.ts";
import { Turns } from "./turns.ts";
import type { ServedStore, Written } from "./store.ts";
import type { EnvoyMetric } from "./xds/metrics-stream.ts";
import type { Discovery } from "./xds/discovery.ts";
import type { EnvoyNode } from "./xds/node.ts";

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
  readonly turns: Turns;
}

/** So long are Envoys left as they are, when it is not known what they carry of a service. */
const UNREAD_MS = 30_000;

/** All services of one channel. */
export class Plane {
  readonly #options: PlaneOptions;
  readonly #teams = new Map<string, Team>();
  readonly #services = new Map<string, Kept>();
  readonly #watched = new Map<string, Watched>();
  readonly #bell = new Bell();
  readonly #turnsOf = new Map<string, Turns>();
  readonly #statistics: Statistics;
  readonly #roll: Roll;
  readonly #sinceMs: Ms;
  /** Services whose files tell nothing. Until they are asked for again, Envoys would be told less than they know. */
  readonly #unread: Set<string>;

  /** Begins with what an earlier controller has written down: Envoys that come find what they already have. */
  constructor(options: PlaneOptions) {
    this.#options = options;
    const { discovery, store, channel, clock } = options;
    this.#sinceMs = clock.now();
    this.#statistics = new Statistics(this.#epoch);
    this.#roll = new Roll(discovery, clock, () => this.#bell.ring());
    const { written, unread } = store.load();
    this.#unread = new Set(unread);
    const own = written.filter(({ served }) => addressOf(served.spec.xds) === addressOf(channel));
    for (const [fleet, all] of Map.groupBy(own, ({ served }) => served.spec.fleet)) this.#resume(fleet, all);
    this.#open();
  }

  #resume(fleet: string, all: readonly Written[]): void {
    const team = this.#team(fleet);
    for (const { served, good } of all) {
      const told = Object.values(served.route.pools).map(({ pool }) => pool);
      const kept = new Kept(served, new Tally(this.#epoch), told);
      kept.good = good;
      this.#services.set(served.service, kept);
      this.#readFirst(team, served);
    }
    team.fleet.place(all.map(({ served }) => served));
    for (const { served } of all) {
      team.fleet.share(served);
      team.fleet.settle(served.service);
    }
    for (const { served } of all) {
      this.#services.get(served.service)?.mark(team.versions.mark(team.fleet.neededBy(served)), true);
    }
  }

  /** A certificate that cannot be read is one service's trouble. */
  #readFirst(team: Team, served: Served): void {
    const watched = this.#watch(served);
    try {
      team.fleet.renew(served);
    } catch (error) {
      watched.failed(messageOf(error), this.#sinceMs);
    }
  }

  /** Those that Envoys are told of here. */
  get services(): readonly string[] {
    return [...this.#services.keys()];
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
    // Of one service, one after another: what changes is measured by what was asked before.
    return this.#turns(subject.service).take(call, async () => {
      const next = nextOf(this.#services.get(subject.service)?.served, { ...subject, route });
      const team = this.#team(subject.spec.fleet);
      if (next.change !== "routes") return this.#turn(team, next, call);
      return team.turns.take(call, async () => {
        this.check(subject);
        await this.#prepare(team, next.served, call);
        await this.#turn(team, next, call);
      });
    });
  }

  observe({ service }: Subject, nowMs: Ms): Observed<Carried> {
    const kept = this.#services.get(service);
    if (!kept) return ABSENT;
    const { spec, route } = kept.served;
    const team = this.#team(spec.fleet);
    const stale = this.#certificates(kept, team, nowMs);
    const trouble =
      this.#tooFew(spec) ?? this.#roll.twins(spec.fleet) ?? stale ?? this.#roll.unread("discovery", spec.fleet);
    if (trouble !== undefined) return unreadable(trouble);
    this.#settle(kept, team, nowMs);
    const refusable = team.versions.mark(team.fleet.neededBy(kept.served));
    let carriers = 0;
    for (const envoy of this.#roll.envoys(spec.fleet)) {
      // One that does not listen yet, or waits for the routes to do so, carries nothing.
      const name = listenerName(spec.listen);
      if (envoy.held("listener", name) === undefined || envoy.held("routes", name) === undefined) continue;
      carriers += 1;
      const why = team.versions.refusal(envoy, refusable);
      if (why !== undefined) return unreadable(`Envoy ${envoy.node.id} refuses what ${service} needs: ${why}`);
      if (kept.behind.has(nameOf(envoy)) || team.versions.holds(envoy, kept.marked)) continue;
      return unreadable(`Envoy ${envoy.node.id} has not taken the route of ${service} yet`);
    }
    if (carriers < spec.envoys) return unreadable(`${carriers} of ${spec.envoys} Envoys listen for ${service}`);
    const [older] = kept.behind.values();
    const url = (at: typeof spec.listen): string => `${spec.tls ? "https" : "http"}://${listenerName(at)}`;
    return seen({
      split: (older?.route ?? route).split,
      busy: kept.busy(nowMs),
      address: url(spec.listen),
      ...(spec.preview && { preview: url(spec.preview) }),
    });
  }

  /** What was counted of a service. */
  async counters({ service }: Subject, nowMs: Ms): Promise<Observed<Counters>> {
    const kept = this.#services.get(service);
    if (!kept) return ABSENT;
    const { spec } = kept.served;
    const kind = spec.evidence === "access-log" ? "log" : spec.evidence === "admin" ? "discovery" : "metrics";
    const trouble = this.#tooFew(spec) ?? this.#roll.twins(spec.fleet) ?? this.#roll.unread(kind, spec.fleet);
    if (trouble !== undefined) return unreadable(trouble);
    const envoys = this.#roll.envoys(spec.fleet);
    try {
      const series = await countersOf(kept, { statistics: this.#statistics, envoys, nowMs });
      return seen({ at: nowMs, series });
    } catch (error) {
      return unreadable(messageOf(error));
    }
  }

  /** Statistics that an Envoy streams. */
  count({ fleet, id }: EnvoyNode, metrics: readonly EnvoyMetric[]): void {
    this.#statistics.take(`${fleet} ${id}`, metrics);
  }

  /** After what is under way, which would write it down again. */
  async remove({ service }: Subject, call: Call): Promise<void> {
    await this.#turns(service).take(call, () => {
      this.#options.store.forget(service);
      this.leave({ service });
      return Promise.resolve();
    });
  }

  /** The service is somebody else's from now on, who has written down what is to be known of it. */
  leave({ service }: Pick<Subject, "service">): void {
    this.#take(service);
    this.#begin(service);
  }

  /** A request that an access log tells of. */
  log(cluster: string, logged: Omit<Logged, "pool">): void {
    const [service = "", pool = ""] = poolOf(cluster) ?? [];
    this.#services.get(service)?.tally.add({ ...logged, pool });
  }

  #take(service: string): void {
    this.#services.delete(service);
    this.#watched.delete(service);
    for (const { fleet } of this.#teams.values()) fleet.drop(service);
  }

  #team(name: string): Team {
    const known = this.#teams.get(name);
    if (known) return known;
    const snapshot = this.#options.discovery.fleet(name);
    const team = { fleet: new Fleet(snapshot, readSecrets), versions: new Versions(snapshot), turns: new Turns() };
    this.#teams.set(name, team);
    return team;
  }

  /** Routes to what an Envoy does not have, or refuses, would lose requests: they are sent when it has said that it has it. */
  async #prepare(team: Team, served: Served, call: Call): Promise<void> {
    const { service, spec } = served;
    const watched = new Watched(spec, this.#options.clock.now());
    // Files that cannot be read change nothing.
    team.fleet.renew(served);
    this.#watched.set(service, watched);
    team.fleet.prepare(served);
    this.#begin(service);
    const marked = team.versions.mark(team.fleet.namedBy(served));
    const refusal = await this.#taken(team, marked, { service, fleet: spec.fleet, call });
    if (!refusal) return;
    const kept = this.#services.get(service);
    if (kept) this.#back(kept, served);
    else this.#take(service);
    throw refusal;
  }

  /** Written down first: a controller that starts again must not tell Envoys less than this one. */
  async #turn(team: Team, { served, change }: Next, call: Call): Promise<void> {
    const { service, spec } = served;
    const before = this.#services.get(service);
    const isSmall = change !== "routes" && before?.isSettled === true;
    this.#options.store.save({ served, good: isSmall ? undefined : before?.good });
    const kept = before ?? new Kept(served, new Tally(this.#epoch));
    this.#services.set(service, kept);
    if (change !== "nothing") kept.turn(served, before ? this.#roll.known(before.served.spec.fleet) : []);
    if (change === "routes") team.fleet.place([served]);
    if (change === "replicas" || change === "shares") team.fleet.populate(served);
    if (change !== "nothing") team.fleet.share(served);
    this.#begin(service);
    const small = isSmall ? (change === "nothing" ? [] : smallOf(served)) : undefined;
    const marked = team.versions.mark(small ?? team.fleet.neededBy(served));
    kept.mark(marked, small === undefined);
    const few = this.#tooFew(spec);
    if (few !== undefined) throw tooFew(service, few);
    const refusal = await this.#taken(team, kept.marked, { service, fleet: spec.fleet, call });
    if (refusal) {
      this.#back(kept, served);
      throw refusal;
    }
    if (this.#services.get(service) !== kept) return;
    const nowMs = this.#options.clock.now();
    for (const envoy of this.#roll.envoys(spec.fleet)) kept.caughtUp(nameOf(envoy), nowMs);
    if (isSmall) [kept.good, kept.isSettled] = [served, true];
    else this.#conclude(kept);
  }

  /** All Envoys follow it: nothing of what was before is needed any more. */
  #conclude(kept: Kept): void {
    const { served } = kept;
    kept.good = served;
    kept.isSettled = true;
    const nowMs = this.#options.clock.now();
    const own = `${served.spec.fleet} `;
    for (const name of kept.behind.keys()) if (!name.startsWith(own)) kept.caughtUp(name, nowMs);
    for (const [fleet, team] of this.#teams) {
      if (fleet === served.spec.fleet) team.fleet.settle(served.service);
      else team.fleet.drop(served.service);
    }
    this.#options.store.save({ served });
  }

  /** What was refused is forgotten everywhere: an Envoy that comes gets what the others have. */
  #back(kept: Kept, refused: Served): void {
    const { good } = kept;
    if (this.#services.get(refused.service) !== kept) return;
    if (!good) {
      this.#options.store.forget(refused.service);
      return this.#take(refused.service);
    }
    this.#options.store.save({ served: good });
    const nowMs = this.#options.clock.now();
    kept.turn(good, []);
    for (const envoy of kept.behind.keys()) kept.caughtUp(envoy, nowMs);
    kept.left(replicasOf(refused.route), nowMs);
    if (good.spec.fleet !== refused.spec.fleet) this.#team(refused.spec.fleet).fleet.drop(refused.service);
    const { fleet, versions } = this.#team(good.spec.fleet);
    fleet.place([good]);
    fleet.share(good);
    fleet.settle(good.service);
    kept.mark(versions.mark(fleet.neededBy(good)), true);
    kept.isSettled = true;
  }

  /** Waits for the connected Envoys. A refusal is answered; silence until the call ends is thrown. */
  async #taken(team: Team, marked: readonly Marked[], asked: { service: string; fleet: string; call: Call }) {
    const { service, fleet, call } = asked;
    for (;;) {
      const open = this.#roll.envoys(fleet).filter((envoy) => !team.versions.holds(envoy, marked));
      for (const envoy of open) {
        const why = team.versions.refusal(envoy, marked);
        if (why !== undefined) return refusedBy(service, envoy.node.id, why);
      }
      if (open.length === 0) return undefined;
      if (!(await this.#bell.heard(call.signal)))
        throw notTaken(
          service,
          open.map(({ node }) => node.id),
        );
    }
  }

  /** Envoys that hold the route asked for are behind no more; those that are gone for good neither. */
  #settle(kept: Kept, team: Team, nowMs: Ms): void {
    if (kept.behind.size === 0 && kept.isSettled) return;
    const envoys = this.#roll.envoys(kept.served.spec.fleet);
    const holding = envoys.filter((envoy) => team.versions.holds(envoy, kept.marked));
    for (const envoy of holding) kept.caughtUp(nameOf(envoy), nowMs);
    for (const name of kept.behind.keys()) if (this.#roll.isGone(name)) kept.caughtUp(name, nowMs);
    if (!kept.isSettled && holding.length === envoys.length && holding.length > 0) this.#conclude(kept);
  }

  #watch({ service, spec }: Served): Watched {
    const watched = new Watched(spec, this.#options.clock.now());
    this.#watched.set(service, watched);
    return watched;
  }

  /** Asked for with every look, and no more than looked at then. */
  #certificates({ served }: Kept, { fleet }: Team, nowMs: Ms): string | undefined {
    return this.#watched.get(served.service)?.look(nowMs, () => fleet.renew(served));
  }

  /** A service is known, or nobody's any more. */
  #begin(service: string): void {
    this.#unread.delete(service);
    this.#open();
  }

  #open(): void {
    if (this.#unread.size > 0 && this.#options.clock.now() - this.#sinceMs < UNREAD_MS) return;
    for (const fleet of this.#teams.keys()) this.#options.discovery.open(fleet);
  }

  #tooFew(spec: Served["spec"]): string | undefined {
    return this.#roll.few(spec, this.#options.channel);
  }

  #turns(service: string): Turns {
    let turns = this.#turnsOf.get(service);
    if (!turns) this.#turnsOf.set(service, (turns = new Turns(() => this.#turnsOf.delete(service))));
    return turns;
  }

  get #epoch(): string {
    return String(this.#sinceMs);
  }
}

/** What a change of shares or replicas sends. */
function smallOf(served: Served): readonly Needed[] {
  const endpoints = clustersOf(served).flatMap(({ name, pool }): Needed[] =>
    hasNames(pool) ? [] : [{ type: "endpoints", name }],
  );
  return [...endpoints, { type: "runtime", name: RUNTIME_LAYER }];
}

export function addressOf({ host, port }: XdsChannel): string {
  return `${host}:${port}`;
}
