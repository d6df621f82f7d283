// How does a Service alone share out requests?
import { shareOfCounts } from "../../../core/plan/counts.ts";
import { wrongInRoute } from "../../../core/route.ts";
import type { ServiceSpec } from "../../../core/spec/cluster-traffic.ts";
import {
  all,
  ROLES,
  sameSplit,
  shareOf,
  type Role,
  type Route,
  type Split,
  type Weights,
} from "../../../core/split.ts";
import { WHOLE, weight } from "../../../core/units.ts";
import { ABSENT, seen, unreadable, type Call, type Observed } from "../../../ports/observed.ts";
import type { Carried } from "../../../ports/router.ts";
import { clusterRouter } from "../abilities.ts";
import type { Versions } from "../adopted.ts";
import type { Service } from "../client/objects.ts";
import {
  addressOf,
  hashesOf,
  poolsOf,
  refusedRoute,
  type ClusterRouter,
  type RouterOptions,
} from "./cluster-router.ts";
import { calledService, narrowedTo, Narrowing } from "./narrow.ts";

type Ready = Readonly<Partial<Record<Role, number>>>;

/**
 * A Service sends requests to every ready pod that it selects, to each as often as to any other. With its selector narrowed to
 * one version it sends them all there: that is how everything is switched at once, and how a version that starts gets
 * none. Without, the numbers of ready pods are the shares.
 */
export class ServiceRouter implements ClusterRouter {
  readonly kind = "service";
  readonly can;
  readonly #options: RouterOptions<Versions>;
  readonly #spec: ServiceSpec;
  readonly #narrowing: Narrowing;
  #route: Route | undefined;

  constructor(options: RouterOptions<Versions>, spec: ServiceSpec) {
    this.#options = options;
    this.#spec = spec;
    this.#narrowing = new Narrowing(options.adopted, spec.name);
    const can = clusterRouter({ service: spec });
    if (!can) throw new Error("a Service can route");
    this.can = can;
  }

  async apply(route: Route, call: Call): Promise<void> {
    const wrong = wrongInRoute(route);
    if (wrong.length > 0) throw refusedRoute(wrong);
    const pools = poolsOf(route);
    const one = ROLES.find((role) => shareOf(route.split.weights, role) === WHOLE);
    const isAlone = !this.#options.adopted.hasOthers(one && pools[one]);
    const hash = one && !isAlone ? hashesOf(this.#options.adopted, pools)[one] : undefined;
    if (one && !isAlone && hash === undefined) throw refusedRoute([`pools.${one}: its pods are not known yet`]);
    await this.#narrowing.to(hash, call);
    this.#route = route;
  }

  observe(_call: Call): Promise<Observed<Carried>> {
    return Promise.resolve(this.#observed());
  }

  async isolate(call: Call): Promise<void> {
    const { stable } = hashesOf(this.#options.adopted, this.#options.roles());
    await this.#narrowing.isolate(stable, call);
  }

  settle(call: Call): Promise<void> {
    return this.#narrowing.settle(call);
  }

  async remove(call: Call): Promise<void> {
    await this.settle(call);
    this.#route = undefined;
  }

  #service(): Service | undefined {
    return calledService(this.#options.adopted, this.#spec.name);
  }

  #observed(): Observed<Carried> {
    const { adopted } = this.#options;
    const why = adopted.cluster.blind();
    if (why !== undefined) return unreadable(why);
    const service = this.#service();
    if (!service) return unreadable(`there is no Service ${this.#spec.name} in ${adopted.by.namespace}`);
    const route = this.#route;
    if (!route) return this.#options.roles().stable === undefined ? ABSENT : unreadable("nothing was asked of it yet");
    return seen({ split: this.#split(service, route), busy: this.#busy(service, route), address: addressOf(service) });
  }

  #split(service: Service, route: Route): Split {
    const pinned = narrowedTo(service, this.#options.adopted);
    const pools = poolsOf(route);
    if (pinned !== undefined) {
      const role = Object.entries(hashesOf(this.#options.adopted, pools)).find(([, hash]) => hash === pinned)?.[0];
      // Narrowed to somebody that no role has: nobody who is asked for gets anything.
      return { weights: role === undefined ? {} : all(role as Role) };
    }
    const ready = Object.entries(pools).map(([role, pool]) => [role, this.#options.adopted.readyOf(pool).length]);
    return reportedSplit(route.split, Object.fromEntries(ready) as Ready);
  }

  /** Those that it selects, of those that are ready. */
  #busy(service: Service, route: Route): readonly string[] {
    const pinned = narrowedTo(service, this.#options.adopted);
    const hashes = hashesOf(this.#options.adopted, poolsOf(route));
    return Object.entries(poolsOf(route)).flatMap(([role, pool]) => {
      const isSelected = pinned === undefined || hashes[role as Role] === pinned;
      return isSelected ? this.#options.adopted.readyOf(pool) : [];
    });
  }
}

/**
 * The shares that the ready pods make. Where the counts are those that were asked for, it is the split that was asked for: a
 * share of counts is rounded to a millionth.
 */
function reportedSplit(asked: Split, ready: Ready): Split {
  const total = ROLES.reduce((sum, role) => sum + (ready[role] ?? 0), 0);
  if (total === 0) return { weights: {} };
  const others = ROLES.filter((role) => role !== "stable" && (ready[role] ?? 0) > 0);
  const shares = others.map((role): [Role, number] => [
    role,
    shareOfCounts(ready[role] ?? 0, total - (ready[role] ?? 0)),
  ]);
  const rest = WHOLE - shares.reduce((sum, [, share]) => sum + share, 0);
  const weights: Weights = {
    ...Object.fromEntries(shares.map(([role, share]) => [role, weight(share)])),
    ...(rest > 0 ? { stable: weight(rest) } : {}),
  };
  return sameSplit(asked, { weights }) ? asked : { weights };
}
