// How does a router stand on a real API server, with pods in two versions?
import { setTimeout as sleep } from "node:timers/promises";
import type { TestContext } from "vitest";
import { Adopted } from "../../src/adapters/kubernetes/adopted.ts";
import { Cluster as Known } from "../../src/adapters/kubernetes/cluster.ts";
import { isConflict } from "../../src/adapters/kubernetes/client/errors.ts";
import { revisionOfTemplate } from "../../src/adapters/kubernetes/revision.ts";
import type { ClusterRouter } from "../../src/adapters/kubernetes/routers/cluster-router.ts";
import { clusterRouterOf } from "../../src/adapters/kubernetes/routers/index.ts";
import { DeploymentWorkload } from "../../src/adapters/kubernetes/workload.ts";
import type { PodTemplate } from "../../src/adapters/kubernetes/client/objects.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { parseRollout } from "../../src/core/spec/parse.ts";
import type { TrafficSpec } from "../../src/core/spec/traffic.ts";
import type { Role, Route, Split } from "../../src/core/split.ts";
import type { WantedPool } from "../../src/core/world.ts";
import { until } from "../e2e/harness.ts";
import type { Cluster, Namespace } from "./cluster.ts";
import { demoDeployment, demoService } from "./demo.ts";
import { sharedCluster } from "./kube-test.ts";
import { installKinds, rolloutOf } from "./serin.ts";
import type { KubeObject } from "./objects.ts";

const call = () => ({ signal: AbortSignal.timeout(20_000) });

/** By this name the API server's log knows what the router asks for. */
export const USER_AGENT = "serin-routing";

/** Below `traffic:` of a rollout file. */
export function trafficOf(namespace: string, traffic: string): TrafficSpec {
  const parsed = parseRollout(`apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: app, namespace: ${namespace} }
spec:
  workload: { deployment: { name: app } }
  traffic: ${traffic}
  strategy: { blueGreen: {} }
  analysis: { enabled: false }
`);
  if (!parsed.ok) throw new Error(parsed.issues.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  return parsed.rollout.spec.traffic;
}

/** A Deployment with a stable pool and, when asked, a canary's, and a router in front of them. */
export class RoutingPlace {
  readonly known: Known;
  readonly adopted: Adopted;
  readonly router: ClusterRouter;
  readonly #traffic: TrafficSpec;
  readonly #workload: DeploymentWorkload;
  readonly #image: string;
  #roles: Partial<Record<Role, string>> = {};
  #pools: readonly WantedPool[] = [];

  private constructor(known: Known, adopted: Adopted, made: { traffic: TrafficSpec; image: string }) {
    this.known = known;
    this.adopted = adopted;
    this.#traffic = made.traffic;
    this.#image = made.image;
    this.router = this.again();
    this.#workload = new DeploymentWorkload({
      adopted,
      port: () => "http",
      isolate: (asked) => this.router.isolate(asked),
    });
  }

  static async open(
    cluster: Cluster,
    shop: Namespace,
    { traffic, image = "inprocess" }: { traffic: string; image?: string },
  ): Promise<RoutingPlace> {
    await installKinds(cluster);
    // The routers are told what to do by the test; the Rollout owns what they make.
    const [rollout] = await shop.apply(rolloutOf({ blueGreen: {} }));
    await shop.apply(demoDeployment("v1", { image, replicas: 2 }));
    const { metadata } = await shop.rolledOut("app");
    const known = new Known({
      kubeconfig: cluster.kubeconfig,
      userAgent: USER_AGENT,
      clock: systemClock(),
      only: shop.name,
    });
    await known.start();
    const by = {
      namespace: shop.name,
      name: "app",
      uid: rollout?.metadata.uid ?? "",
      adoptee: metadata.name,
      adopteeUid: metadata.uid,
    };
    const place = new RoutingPlace(known, new Adopted(known, by), { traffic: trafficOf(shop.name, traffic), image });
    await place.run([{ pool: "v1", role: "stable", size: 2 }]);
    return place;
  }

  /** With a Service in front and a route of somebody's own, where there is one; a canary runs beside stable. Ends with the test. */
  static async ready(
    context: TestContext,
    shop: Namespace,
    { traffic, own }: { traffic: string; own: string | undefined },
  ): Promise<RoutingPlace> {
    await shop.apply(demoService());
    if (own !== undefined) await shop.apply(own);
    const place = await RoutingPlace.open(sharedCluster(), shop, { traffic, image: "demo" });
    context.onTestFinished(() => place.close());
    await place.run([
      { pool: "v1", role: "stable", size: 2 },
      { pool: "v2", role: "canary", size: 1 },
    ]);
    return place;
  }

  /** Another controller's view of the same. */
  again(): ClusterRouter {
    return clusterRouterOf({ adopted: this.adopted, roles: () => this.#roles }, this.#traffic);
  }

  /** Runs pools until all of their pods are ready, and no others run. */
  async run(pools: readonly (Pick<WantedPool, "pool" | "role"> & { readonly size: number })[]): Promise<void> {
    this.#pools = pools.map(({ pool, role, size }) => ({ pool, role, size, revision: this.#revision(pool) }));
    this.#roles = Object.fromEntries(pools.flatMap(({ role, pool }) => (role === undefined ? [] : [[role, pool]])));
    await until("all pods are ready, and no others run", async () => {
      await this.#workload.apply(this.#pools, [], call());
      const running = await this.#workload.observe(call());
      const others = running.kind === "value" ? running.value.filter((one) => !this.#isWanted(one.pool)) : [];
      return others.length === 0 && pools.every(({ pool, size }) => this.adopted.readyOf(pool).length === size);
    });
  }

  #isWanted(name: string): boolean {
    return this.#pools.some(({ pool }) => pool === name);
  }

  #revision(pool: string): WantedPool["revision"] {
    const { spec } = demoDeployment(pool, { image: this.#image }) as unknown as { spec: { template: PodTemplate } };
    const own = this.adopted.deployment?.spec.template ?? spec.template;
    if (pool === "v1") return revisionOfTemplate(own);
    const [first] = own.spec.containers;
    const container = Object.assign({}, first, { image: `${this.#image}:${pool}` });
    return revisionOfTemplate({ ...own, spec: { ...own.spec, containers: [container] } });
  }

  /** The route of a split to the pools that run. */
  route(split: Split): Route {
    const pools = Object.entries(this.#roles).map(([role, pool]) => {
      const backends = this.adopted.readyOf(pool).map((replica) => ({ replica, host: "10.0.0.1", port: 8080 }));
      return [role, { pool, backends }] as const;
    });
    return { split, pools: Object.fromEntries(pools) };
  }

  /** Applies a split and answers with what is read of it, once it can be told. */
  async follow(split: Split): Promise<Split> {
    // Whoever says that a route is taken may write at the same moment: then it is written again, as with the next look.
    const written = async (): Promise<boolean> => {
      try {
        await this.router.apply(this.route(split), call());
        return true;
      } catch (error) {
        if (isConflict(error)) return false;
        throw error;
      }
    };
    await until("the split is written", written);
    return until("the split is told", async () => {
      const observed = await this.router.observe(call());
      return observed.kind === "value" ? observed.value.split : undefined;
    });
  }

  async close(): Promise<void> {
    await this.known.stop();
  }
}

/** Says of every route of a namespace what a controller says that takes it, until it is stopped. */
export function acceptRoutes(shop: Namespace): () => Promise<void> {
  const off = new AbortController();
  const done = (async () => {
    while (!off.signal.aborted) {
      for (const kind of ["HTTPRoute", "GRPCRoute"]) await acceptAll(shop, `gateway.networking.k8s.io/v1/${kind}`);
      await sleep(30);
    }
  })();
  return async () => {
    off.abort();
    await done;
  };
}

type GatewayRoute = KubeObject & {
  readonly spec: { readonly parentRefs?: readonly object[] };
  readonly status?: {
    readonly parents?: readonly { readonly conditions: readonly { observedGeneration: number }[] }[];
  };
};

async function acceptAll(shop: Namespace, kind: string): Promise<void> {
  for (const { metadata, spec, status } of await shop.list<GatewayRoute>(kind)) {
    const { generation = 0, name } = metadata;
    if (status?.parents?.some(({ conditions }) => conditions[0]?.observedGeneration === generation)) continue;
    const said = { status: "True", reason: "Accepted", observedGeneration: generation };
    const stamped = { ...said, message: "", lastTransitionTime: new Date().toISOString() };
    const conditions = ["Accepted", "ResolvedRefs"].map((type) => Object.assign({ type }, stamped));
    const parents = (spec.parentRefs ?? []).map((parentRef) => ({
      parentRef,
      controllerName: "example.com/gateway",
      conditions,
    }));
    await shop.patch(`${kind}/${name}`, { status: { parents } }, "status");
  }
}
