// Where does the API server keep objects of a kind?
import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "./api.ts";

/** Kinds that tests name without their group. */
const GROUPS: Readonly<Record<string, string>> = {
  ConfigMap: "v1",
  Event: "v1",
  Namespace: "v1",
  Node: "v1",
  Pod: "v1",
  Secret: "v1",
  Service: "v1",
  ServiceAccount: "v1",
  Deployment: "apps/v1",
  DaemonSet: "apps/v1",
  ReplicaSet: "apps/v1",
  StatefulSet: "apps/v1",
  CronJob: "batch/v1",
  Job: "batch/v1",
  HorizontalPodAutoscaler: "autoscaling/v2",
  PodDisruptionBudget: "policy/v1",
  EndpointSlice: "discovery.k8s.io/v1",
  Lease: "coordination.k8s.io/v1",
  Role: "rbac.authorization.k8s.io/v1",
  RoleBinding: "rbac.authorization.k8s.io/v1",
  ClusterRole: "rbac.authorization.k8s.io/v1",
  ClusterRoleBinding: "rbac.authorization.k8s.io/v1",
  CustomResourceDefinition: "apiextensions.k8s.io/v1",
};

interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

interface Resource {
  readonly name: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** A kind may have been defined a moment ago. */
const DEFINED_MS = 60_000;
const LOOK_MS = 50;

/** `Deployment`, or with its group and version: `serin.dev/v1/Rollout`. */
export function kindOf(text: string): Kind {
  const parts = text.split("/");
  const kind = parts.pop() ?? "";
  const apiVersion = parts.length > 0 ? parts.join("/") : GROUPS[kind];
  if (apiVersion === undefined) throw new Error(`${text}: say its group and version too, as in apps/v1/Deployment`);
  return { apiVersion, kind };
}

/** `Deployment/shop`, `serin.dev/v1/Rollout/shop`. */
export function referenceOf(text: string): Kind & { readonly name: string } {
  const at = text.lastIndexOf("/");
  return { ...kindOf(text.slice(0, at)), name: text.slice(at + 1) };
}

export class Resources {
  readonly #api: Api;
  readonly #known = new Map<string, readonly Resource[]>();

  constructor(api: Api) {
    this.#api = api;
  }

  /** The path of a kind's objects in a namespace; of all of them without one. */
  async pathOf({ apiVersion, kind }: Kind, namespace?: string): Promise<string> {
    const deadline = Date.now() + DEFINED_MS;
    const base = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
    for (;;) {
      const found = this.#known.get(apiVersion)?.find((one) => one.kind === kind && !one.name.includes("/"));
      if (found) {
        const within = found.namespaced && namespace !== undefined ? `/namespaces/${namespace}` : "";
        return `${base}${within}/${found.name}`;
      }
      if (Date.now() > deadline) throw new Error(`the API server knows no ${kind} of ${apiVersion}`);
      if (this.#known.has(apiVersion)) await sleep(LOOK_MS);
      const { resources } = await this.#api
        .call<{ resources: readonly Resource[] }>("GET", base)
        .catch(() => ({ resources: [] }));
      this.#known.set(apiVersion, resources);
    }
  }
}
