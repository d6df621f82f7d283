// How does a Gateway share out requests?
import type { GatewaySpec } from "../../../../core/spec/cluster-traffic.ts";
import { SerinError } from "../../../../core/issues.ts";
import type { Route } from "../../../../core/split.ts";
import { ms } from "../../../../core/units.ts";
import { ABSENT, seen, unreadable, type Call, type Observed } from "../../../../ports/observed.ts";
import type { Carried } from "../../../../ports/router.ts";
import { clusterRouter } from "../../abilities.ts";
import type { Informer } from "../../client/informer.ts";
import { RESOURCES, type Resource, type Service } from "../../client/objects.ts";
import { ROLLOUT } from "../../names.ts";
import {
  addressOf,
  hashesOf,
  poolsOf,
  type ClusterRouter,
  type Hashes,
  type RouterOptions,
} from "../cluster-router.ts";
import { objectsOf, oldOf } from "../kinds.ts";
import { calledService, Narrowing, theService } from "../narrow.ts";
import { notesOf } from "../note.ts";
import { isMade, isOurs, LEFT, ownerOfMade, RoleServices, takenBySomebody } from "../role-services.ts";
import { believed, busyOf, isSame } from "../seen.ts";
import { Passage, rolesOf } from "../slots.ts";
import { serviceOf, type Called } from "../target.ts";
import type { Names, Wish } from "../weave.ts";
import { wishOf, withNothing } from "../wish.ts";
import type { GatewayRoute } from "./objects.ts";
import { isLedTo, madeRoute, madeRules, ownersRules, patchOf, readSplit, writtenRules, type Written } from "./route.ts";
import { listing, rolesIn, servicesIn } from "./routes.ts";
import { takenOf } from "./status.ts";

const REMEDY = "install the Gateway API and a controller for it, or choose another router below spec.traffic";

/** The endpoints of a new Service are known, and an Envoy does what its controller has taken, a moment later. */
const LAG = { settleMs: 1_000, goingMs: 3_000 };
/** So long is waited for a controller to say that it has taken a route, before the next look does. */
const TAKEN_MS = 2_000;
const LOOK_MS = 50;

/**
 * An HTTPRoute or GRPCRoute shares out among Services of the roles. One that somebody else has made stays theirs: what is
 * changed in it is taken back when the Rollout goes, and until then, also between rollouts, it leads to the stable version.
 * The Service that clients call is narrowed to the stable version while another runs, for callers that pass no Gateway.
 */
export class GatewayRouter implements ClusterRouter {
  readonly kind = "gateway";
  readonly can;
  readonly #options: RouterOptions;
  readonly #spec: GatewaySpec;
  readonly #called: Called;
  readonly #names: Names;
  readonly #resource: Resource;
  readonly #slots: RoleServices;
  readonly #narrowing: Narrowing;
  readonly #passage: Passage;
  #route: Route | undefined;

  constructor(options: RouterOptions, spec: GatewaySpec) {
    this.#options = options;
    this.#spec = spec;
    const can = clusterRouter({ gateway: spec });
    if (!can) throw new Error("a Gateway can route");
    this.can = can;
    const { adopted } = options;
    this.#called = { namespace: adopted.by.namespace, name: spec.service.name };
    this.#names = spec.route?.rules;
    this.#resource = spec.route?.kind === "GRPCRoute" ? RESOURCES.grpcRoutes : RESOURCES.httpRoutes;
    this.#slots = new RoleServices(adopted, spec.service.name);
    this.#narrowing = new Narrowing(options.adopted, spec.service.name);
    this.#passage = new Passage(adopted.cluster.clock, LAG);
  }

  async apply(route: Route, call: Call): Promise<void> {
    const { adopted } = this.#options;
    const { wish, wanted } = wishOf(route, adopted);
    await this.#write(wish, wanted, call);
    const hash = adopted.hasOthers(route.pools.stable?.pool) ? wanted.stable : undefined;
    await this.#narrowing.to(hash, call);
    this.#route = route;
  }

  async observe(_call: Call): Promise<Observed<Carried>> {
    const { adopted } = this.#options;
    const routes = await this.#routes();
    const why = adopted.cluster.blind() ?? oldOf(routes);
    if (why !== undefined) return unreadable(why);
    const [service, route] = [calledService(adopted, this.#called.name), this.#find(routes)];
    if (!service) return unreadable(`there is no Service ${this.#called.name} in ${this.#called.namespace}`);
    if (!route || !notesOf(route).isThere) return ABSENT;
    const split = readSplit(route, this.#called, this.#names);
    if (typeof split === "string") return unreadable(split);
    const taken = takenOf(route);
    if (taken.kind !== "taken") return unreadable(taken.why);
    const live = this.#slots.read();
    const pools = this.#route ? poolsOf(this.#route) : this.#options.roles();
    const [host] = route.spec.hostnames ?? [];
    return seen({
      split: believed(split, live, hashesOf(adopted, pools)),
      busy: busyOf(adopted, live),
      address: host === undefined || host.startsWith("*") ? addressOf(service) : `http://${host}`,
    });
  }

  async isolate(call: Call): Promise<void> {
    const { adopted } = this.#options;
    const { stable } = hashesOf(adopted, this.#options.roles());
    theService(adopted, this.#called.name);
    await this.#narrowing.isolate(stable, call);
  }

  settle(call: Call): Promise<void> {
    return this.#narrowing.settle(call);
  }

  async remove(call: Call): Promise<void> {
    const routes = await this.#routes();
    const route = this.#find(routes);
    if (route && notesOf(route).isThere) {
      await this.#list(routes, [this.#called.name], call);
      const now = () => this.#find(routes) ?? route;
      const rules = ownersRules(now(), this.#called);
      await this.#keeping(routes, rules, {
        call,
        write: async (kept) => {
          await this.#patch({ routes, route: now() }, { rules: kept, note: notesOf(now()).text }, call);
          await this.#untilTaken(routes, call);
        },
      });
      // Requests from outside come in through it, whoever has made it.
      const left = isMade(this.#options.adopted.by, now()) ? LEFT : {};
      await this.#patch({ routes, route: now(), left }, { rules }, call);
      await this.#untilTaken(routes, call);
      await this.#passage.settle(call);
    }
    if (Object.keys(this.#slots.read()).length > 0) await this.#slots.write({}, call);
    await this.settle(call);
    this.#route = undefined;
  }

  #routes(): Promise<Informer<GatewayRoute>> {
    return objectsOf<GatewayRoute>(this.#options.adopted.cluster, this.#resource, REMEDY);
  }

  #find(routes: Pick<Informer<GatewayRoute>, "get">): GatewayRoute | undefined {
    return routes.get(this.#called.namespace, this.#spec.route?.name ?? this.#called.name);
  }

  async #write(wish: Wish, wanted: Hashes, call: Call): Promise<void> {
    const routes = await this.#routes();
    const found = this.#find(routes);
    // Controllers tell an Envoy only of what a route names: one that gets nothing yet is known by the time that it does.
    const whole: Wish = { ...wish, weights: withNothing(wish.weights, Object.keys(wanted)) };
    const written = (route: GatewayRoute | undefined): Written =>
      this.#spec.route ? this.#intoTheirs(route, whole) : this.#intoOwn(whole);
    // What cannot be written is refused before anything is.
    written(found);
    const roles = rolesIn(found?.spec.rules ?? [], this.#called);
    await this.#passage.go({ live: this.#slots.read(), wanted, ...roles, next: rolesOf(wish) }, this.#slots, {
      call,
      route: async () => {
        const services = Array.from(rolesOf(wish), (role) => serviceOf(this.#called, role));
        await this.#list(routes, services, call);
        const { rules, note } = written(this.#find(routes));
        const write = async (some: Written["rules"]): Promise<void> => {
          const now = this.#find(routes);
          const isWritten =
            this.#spec.route && now
              ? await this.#patch({ routes, route: now }, { rules: some, note }, call)
              : await this.#bring(routes, { rules: some, note }, call);
          if (isWritten) await this.#accepted(routes, found, call);
        };
        await this.#keeping(routes, rules, { call, write });
        await write(rules);
      },
    });
  }

  /**
   * Before rules name a Service no more that requests go to now, it is named and gets nothing: a controller may take what is
   * named no more from an Envoy before the Envoy has the rules.
   */
  async #keeping(
    routes: Informer<GatewayRoute>,
    rules: Written["rules"],
    { call, write }: { readonly call: Call; readonly write: (rules: Written["rules"]) => Promise<void> },
  ): Promise<void> {
    const kept = listing(rules, this.#called, servicesIn(this.#find(routes)?.spec.rules ?? [], this.#called));
    if (!kept) return;
    await write(kept);
    await this.#passage.settle(call);
  }

  /** Has Services named before anything is sent to them: a controller tells its Envoys of those that a route names. */
  async #list(routes: Informer<GatewayRoute>, services: readonly string[], call: Call): Promise<void> {
    const route = this.#find(routes);
    const rules = route && listing(route.spec.rules ?? [], this.#called, services);
    if (!rules) return;
    const { namespace, name, resourceVersion } = route.metadata;
    const { client } = this.#options.adopted.cluster;
    const patch = { metadata: { resourceVersion }, spec: { rules } };
    routes.wrote(await client.merge<GatewayRoute>({ resource: this.#resource, namespace, name }, patch, call));
    await this.#untilTaken(routes, call);
    await this.#passage.settle(call);
  }

  #intoTheirs(route: GatewayRoute | undefined, wish: Wish): Written {
    if (!route) throw this.#noRoute(`there is no ${this.#resource.kind} ${this.#spec.route?.name ?? ""}`);
    const owners = ownersRules(route, this.#called);
    if (!isLedTo(owners, this.#called, this.#names)) {
      const which = this.#names ? ` named ${this.#names.join(" or ")}` : "";
      throw this.#noRoute(`no rule${which} of ${this.#resource.kind} ${route.metadata.name} leads to the Service`);
    }
    return writtenRules(owners, this.#called, { names: this.#names, wish });
  }

  #intoOwn(wish: Wish): Written {
    const service = theService(this.#options.adopted, this.#called.name);
    const owners = madeRules(this.#called, portOf(service, this.#spec.service.port));
    return writtenRules(owners, this.#called, { names: undefined, wish });
  }

  async #patch({ routes, route, left = {} }: At, written: Written, call: Call): Promise<boolean> {
    const patch = patchOf(route, written, left);
    if (!patch) return false;
    const { namespace, name } = route.metadata;
    const { client } = this.#options.adopted.cluster;
    const answer = await client.merge<GatewayRoute>({ resource: this.#resource, namespace, name }, patch, call);
    routes.wrote(answer);
    await this.#whole(answer, written, () => this.#putBack(routes, route, call));
    return true;
  }

  async #bring(routes: Informer<GatewayRoute>, written: Written, call: Call): Promise<boolean> {
    const { by, cluster } = this.#options.adopted;
    const meta = { namespace: by.namespace, labels: { [ROLLOUT]: by.name }, ownerReferences: [ownerOfMade(by)] };
    const wanted = madeRoute(this.#spec, meta, written);
    const found = this.#find(routes);
    if (found && !isOurs(by, found)) throw takenBySomebody(this.#resource.kind, found);
    if (found && isSame(found, wanted)) return false;
    const answer = await cluster.client.apply<GatewayRoute>(this.#resource, wanted, call);
    routes.wrote(answer);
    await this.#whole(answer, written, async () => found && this.#putBack(routes, found, call));
    return true;
  }

  /** What an older definition does not know is left out without a word: then nothing of it may stay. */
  async #whole({ spec }: GatewayRoute, written: Written, putBack: () => Promise<unknown>): Promise<void> {
    const lost = lostOf(written.rules, spec.rules ?? []);
    if (lost === undefined) return;
    await putBack();
    throw new SerinError({
      code: "SERIN_GATEWAY_OLD",
      what: `the cluster's ${this.#resource.kind} knows no ${lost}`,
      now: "the last route stays in force",
      next: "install the Gateway API 1.4 or newer",
      hopeless: true,
    });
  }

  /** The rules that a route had before. */
  async #putBack(routes: Informer<GatewayRoute>, { metadata, spec }: GatewayRoute, call: Call): Promise<void> {
    const now = this.#find(routes);
    if (!now) return;
    const note = notesOf({ metadata }).text;
    await this.#options.adopted.cluster.client
      .merge<GatewayRoute>(
        { resource: this.#resource, namespace: metadata.namespace, name: metadata.name },
        patchOf(now, { rules: spec.rules ?? [], note }) ?? {},
        call,
      )
      .then((answer) => routes.wrote(answer));
  }

  /** Waits until a route is taken. One that is dropped would answer nobody: then the one before it is put back. */
  async #accepted(routes: Informer<GatewayRoute>, before: GatewayRoute | undefined, call: Call): Promise<void> {
    const taken = await this.#untilTaken(routes, call);
    if (taken?.kind !== "refused") return;
    if (taken.isDropped && before) await this.#putBack(routes, before, call);
    throw new SerinError({
      code: "SERIN_GATEWAY_REFUSED",
      what: `a Gateway does not take ${this.#resource.kind} ${this.#spec.route?.name ?? this.#called.name}`,
      found: taken.why,
      now:
        taken.isDropped && before ? "the route before it was put back" : "what becomes of requests is the controller's",
      next: `kubectl -n ${this.#called.namespace} get ${this.#resource.plural} -o yaml`,
    });
  }

  async #untilTaken(routes: Informer<GatewayRoute>, { signal }: Call): Promise<ReturnType<typeof takenOf> | undefined> {
    const { clock } = this.#options.adopted.cluster;
    const untilMs = clock.now() + TAKEN_MS;
    for (;;) {
      const route = this.#find(routes);
      const taken = route && takenOf(route);
      const isSettled = taken?.kind === "taken" || (taken?.kind === "refused" && taken.isDropped);
      if (isSettled || clock.now() >= untilMs) return taken;
      signal.throwIfAborted();
      await clock.sleep(ms(LOOK_MS), signal);
    }
  }

  #noRoute(what: string): SerinError {
    return new SerinError({
      code: "SERIN_GATEWAY_NO_ROUTE",
      what,
      now: "requests go where they went before",
      next: "create it, or name another one below spec.traffic.gateway.route",
      hopeless: true,
    });
  }
}

/** A route, and where routes are kept. */
interface At {
  readonly routes: Informer<GatewayRoute>;
  readonly route: GatewayRoute;
  /** More of its metadata. */
  readonly left?: object;
}

/** The number of the port that is shared out. */
function portOf({ metadata, spec }: Service, named: number | string | undefined): number {
  const ports = spec.ports ?? [];
  const found =
    named === undefined ? ports : ports.filter(({ name, port }) => name === named || port === Number(named));
  const [first] = found;
  if (first && found.length === 1) return first.port;
  throw new SerinError({
    code: "SERIN_KUBE_NO_PORT",
    what: `it is not clear which port of Service ${metadata.name} is meant`,
    found: ports.map(({ name, port }) => (name === undefined ? String(port) : `${name} (${port})`)).join(", "),
    now: "requests go where they went before",
    next: "name one of them: service.port below spec.traffic.gateway",
    hopeless: true,
  });
}

/** What was left out of rules when they were written. */
function lostOf(wanted: Written["rules"], found: Written["rules"]): string | undefined {
  for (const [at, rule] of wanted.entries()) {
    if (rule.name !== found[at]?.name) return "names of rules";
    const shares = (one: typeof rule | undefined) =>
      JSON.stringify(
        one?.filters?.map(({ requestMirror: to }) => to?.percent ?? to?.fraction?.numerator ?? null) ?? [],
      );
    if (shares(rule) !== shares(found[at])) return "share of the requests that are copied";
  }
  return undefined;
}
