// How does Istio share out requests?
import type { IstioSpec } from "../../../../core/spec/cluster-traffic.ts";
import { SerinError } from "../../../../core/issues.ts";
import { all, type Role, type Route } from "../../../../core/split.ts";
import { ABSENT, seen, unreadable, type Call, type Observed } from "../../../../ports/observed.ts";
import type { Carried } from "../../../../ports/router.ts";
import { clusterRouter } from "../../abilities.ts";
import { RESOURCES, type KubeObject } from "../../client/objects.ts";
import type { Informer } from "../../client/informer.ts";
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
import { notesOf, NOTE } from "../note.ts";
import { isMade, isOurs, LEFT, ownerOfMade, RoleServices, takenBySomebody } from "../role-services.ts";
import { believed, busyOf, isSame } from "../seen.ts";
import { Passage, rolesOf, type Roles, type Slots } from "../slots.ts";
import { isHostOf, type Called } from "../target.ts";
import type { Wish } from "../weave.ts";
import { wishOf } from "../wish.ts";
import type { DestinationRule, VirtualService } from "./objects.ts";
import { namedRoles, type Aim } from "./routes.ts";
import { Subsets } from "./rules.ts";
import { isLedTo, madeLists, ownersLists, patchOf, readSplit, writtenLists, type Written } from "./virtual-service.ts";

const RESOURCE = RESOURCES.virtualServices;
const REMEDY = "install Istio 1.22 or newer, or choose another router below spec.traffic";

/**
 * Istio tells its Envoys of changes once there were none for a moment, and after ten seconds at the latest. Changes that are
 * told together are taken in order, what is new before the routes that name it; but what has gone goes before them, too.
 */
const LAG = { settleMs: 1_000, goingMs: 10_000 };

interface Parts {
  readonly services: Informer<VirtualService>;
  readonly rules: Informer<DestinationRule> | undefined;
  readonly slots: Slots;
}

interface At {
  readonly services: Informer<VirtualService>;
  readonly virtualService: VirtualService;
}

/**
 * A VirtualService shares out by subsets or Services of the roles. One that somebody else has made stays theirs: what is
 * changed in it is taken back when the Rollout goes, and until then, also between rollouts, it leads to the stable version.
 */
export class IstioRouter implements ClusterRouter {
  readonly kind = "istio";
  readonly can;
  readonly #options: RouterOptions;
  readonly #spec: IstioSpec;
  readonly #aim: Aim;
  readonly #narrowing: Narrowing;
  readonly #passage: Passage;
  #route: Route | undefined;

  constructor(options: RouterOptions, spec: IstioSpec) {
    this.#options = options;
    this.#spec = spec;
    const can = clusterRouter({ istio: spec });
    if (!can) throw new Error("Istio can route");
    this.can = can;
    this.#aim = { called: { namespace: options.adopted.by.namespace, name: spec.service.name }, by: spec.by };
    this.#narrowing = new Narrowing(options.adopted, spec.service.name);
    this.#passage = new Passage(options.adopted.cluster.clock, LAG);
  }

  async apply(route: Route, call: Call): Promise<void> {
    const { adopted } = this.#options;
    const { wish, wanted } = wishOf(route, adopted);
    await this.#write(wish, wanted, call);
    // Callers outside the mesh know the Service only.
    if (this.#spec.by === "services") {
      const hash = adopted.hasOthers(route.pools.stable?.pool) ? wanted.stable : undefined;
      await this.#narrowing.to(hash, call);
    }
    this.#route = route;
  }

  async observe(_call: Call): Promise<Observed<Carried>> {
    const { adopted } = this.#options;
    const { services, rules, slots } = await this.#parts();
    const why = adopted.cluster.blind() ?? oldOf(services, ...(rules ? [rules] : []));
    if (why !== undefined) return unreadable(why);
    const [service, virtualService] = [calledService(adopted, this.#called.name), this.#find(services)];
    if (!service) return unreadable(`there is no Service ${this.#called.name} in ${this.#called.namespace}`);
    if (!virtualService || !notesOf(virtualService).isThere) return ABSENT;
    const split = readSplit(virtualService, this.#aim, this.#names);
    if (typeof split === "string") return unreadable(split);
    const live = slots.read();
    const pools = this.#route ? poolsOf(this.#route) : this.#options.roles();
    return seen({
      split: believed(split, live, hashesOf(adopted, pools)),
      busy: busyOf(adopted, live),
      address: addressOf(service),
    });
  }

  async isolate(call: Call): Promise<void> {
    const { adopted } = this.#options;
    const { stable } = hashesOf(adopted, this.#options.roles());
    // Before there is a stable version, nobody is kept from it.
    if (stable === undefined) return;
    if (this.#spec.by === "services") {
      return this.#narrowing.isolate(stable, call);
    }
    // The Service goes on selecting all pods, for subsets choose among them: so every route has to name one first.
    const virtualService = this.#find((await this.#parts()).services);
    const isShared = virtualService !== undefined && notesOf(virtualService).isThere;
    if (isShared && typeof readSplit(virtualService, this.#aim, this.#names) !== "string") return;
    await this.#write({ weights: all("stable") }, { stable }, call);
    await this.#passage.settle(call);
  }

  settle(call: Call): Promise<void> {
    return this.#narrowing.settle(call);
  }

  async remove(call: Call): Promise<void> {
    const { services, slots } = await this.#parts();
    const virtualService = this.#find(services);
    if (virtualService && notesOf(virtualService).isThere) {
      await this.#leave({ services, virtualService }, call);
      await this.#passage.passed(call);
    }
    if (Object.keys(slots.read()).length > 0) await slots.write({}, call);
    await this.settle(call);
    this.#route = undefined;
  }

  /** Callers in the mesh need no VirtualService to find the Service; requests that come in through a Gateway do. */
  async #leave(at: At, call: Call): Promise<void> {
    const { virtualService } = at;
    const { by, cluster } = this.#options.adopted;
    const { namespace, name, uid } = virtualService.metadata;
    const isOwn = isMade(by, virtualService);
    if (isOwn && (virtualService.spec.gateways ?? ["mesh"]).every((gateway) => gateway === "mesh")) {
      return cluster.client.delete(RESOURCE, { namespace, name, uid }, call);
    }
    const lists = ownersLists(virtualService, this.#aim);
    await this.#patch(at, patchOf(virtualService, { lists }, isOwn ? LEFT : {}), call);
  }

  get #called(): Called {
    return this.#aim.called;
  }

  get #names(): readonly string[] | undefined {
    return this.#spec.virtualService?.routes;
  }

  async #parts(): Promise<Parts> {
    const { adopted } = this.#options;
    const services = await objectsOf<VirtualService>(adopted.cluster, RESOURCE, REMEDY);
    if (this.#spec.by === "services") {
      return { services, rules: undefined, slots: new RoleServices(adopted, this.#called.name) };
    }
    const rules = await objectsOf<DestinationRule>(adopted.cluster, RESOURCES.destinationRules, REMEDY);
    return { services, rules, slots: new Subsets(adopted, this.#called, rules) };
  }

  #find(services: Pick<Informer<VirtualService>, "get">): VirtualService | undefined {
    const name = this.#spec.virtualService?.name ?? this.#called.name;
    return services.get(this.#called.namespace, name);
  }

  async #write(wish: Wish, wanted: Hashes, call: Call): Promise<void> {
    const { services, slots } = await this.#parts();
    const found = this.#find(services);
    const written = this.#spec.virtualService ? this.#intoTheirs(found, wish) : this.#intoOwn(services, wish);
    const named: Roles = found ? namedRoles(found.spec, this.#aim) : new Set<Role>();
    await this.#passage.go({ live: slots.read(), wanted, named, next: rolesOf(wish) }, slots, {
      call,
      route: () =>
        this.#spec.virtualService && found
          ? this.#patch({ services, virtualService: found }, patchOf(found, written), call)
          : this.#bring(services, written, call),
    });
  }

  #intoTheirs(virtualService: VirtualService | undefined, wish: Wish): Written {
    if (!virtualService) throw this.#noVirtualService();
    const owners = ownersLists(virtualService, this.#aim);
    if (!isLedTo(owners, this.#aim, this.#names)) throw this.#noRoute(virtualService);
    return writtenLists(owners, this.#aim, { names: this.#names, wish });
  }

  #intoOwn(services: Informer<VirtualService>, wish: Wish): Written {
    const other = [...services.values()].find((one) => this.#competes(one));
    if (other) throw this.#competing(other);
    const lists = madeLists(theService(this.#options.adopted, this.#called.name));
    return writtenLists(lists, this.#aim, { names: undefined, wish });
  }

  async #patch(at: At, patch: object | undefined, call: Call): Promise<void> {
    if (!patch) return;
    const { namespace, name } = at.virtualService.metadata;
    const { client } = this.#options.adopted.cluster;
    at.services.wrote(await client.merge({ resource: RESOURCE, namespace, name }, patch, call));
  }

  async #bring(services: Informer<VirtualService>, written: Written, call: Call): Promise<void> {
    const { by, cluster } = this.#options.adopted;
    const made = madeVirtualService(this.#spec, this.#called, written);
    const { metadata } = made;
    const wanted = {
      ...made,
      metadata: { ...metadata, labels: { [ROLLOUT]: by.name }, ownerReferences: [ownerOfMade(by)] },
    };
    const found = this.#find(services);
    if (found && !isOurs(by, found)) throw takenBySomebody("VirtualService", found);
    if (found && isSame(found, wanted)) return;
    services.wrote(await cluster.client.apply(RESOURCE, wanted, call));
  }

  /** Whether somebody else's is for the same callers of the Service: Istio would follow the older one. */
  #competes({ metadata, spec }: VirtualService): boolean {
    const { by } = this.#options.adopted;
    if (metadata.namespace !== by.namespace || metadata.name === this.#called.name) return false;
    const [own, theirs] = [this.#spec.gateways ?? ["mesh"], spec.gateways ?? ["mesh"]];
    if (!own.some((gateway) => theirs.includes(gateway))) return false;
    const hosts = this.#spec.hosts ?? [this.#called.name];
    const isSameHost = (host: string): boolean => hosts.includes(host) || isHostOf(this.#called, host);
    return (spec.hosts ?? []).some(isSameHost);
  }

  #competing({ metadata: { name } }: KubeObject): SerinError {
    return new SerinError({
      code: "SERIN_ISTIO_SEVERAL_SERVICES",
      what: `VirtualService ${name} is for the same hosts already`,
      now: "requests go where they went before",
      next: `name it: virtualService: { name: ${name} } below spec.traffic.istio`,
      hopeless: true,
    });
  }

  #noVirtualService(): SerinError {
    const name = this.#spec.virtualService?.name ?? "";
    return new SerinError({
      code: "SERIN_ISTIO_NO_SERVICE",
      what: `there is no VirtualService ${name} in ${this.#called.namespace}`,
      now: "requests go where they went before",
      next: "create it, or leave out virtualService below spec.traffic.istio",
      hopeless: true,
    });
  }

  #noRoute({ metadata, spec }: VirtualService): SerinError {
    const named = (spec.http ?? []).flatMap(({ name }) => name ?? []);
    return new SerinError({
      code: "SERIN_ISTIO_NO_ROUTE",
      what: `no route of VirtualService ${metadata.name}${this.#names ? ` named ${this.#names.join(" or ")}` : ""} leads to the Service ${this.#called.name}`,
      found: named.length > 0 ? `routes ${named.join(", ")}` : "no route with a name",
      now: "requests go where they went before",
      next: "name one that does below spec.traffic.istio.virtualService.routes",
      hopeless: true,
    });
  }
}

/** A VirtualService that Serin makes. */
function madeVirtualService(spec: IstioSpec, { namespace, name }: Called, { lists, note }: Written): VirtualService {
  return {
    metadata: { namespace, name, ...(note !== undefined && { annotations: { [NOTE]: note } }) },
    spec: { hosts: spec.hosts ?? [name], ...(spec.gateways && { gateways: spec.gateways }), ...lists },
  };
}
