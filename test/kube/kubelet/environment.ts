// Which environment does a container have?
import { isStatus, type Api } from "../api.ts";
import type { ContainerSpec, KubeObject, Pod, Variable } from "../objects.ts";

/** What only the machine knows of a pod. */
export interface Placement {
  readonly podIP: string;
  readonly hostIP: string;
}

/** A ConfigMap, Secret or key of it is absent: the container waits. */
export class ConfigError extends Error {}

interface Filled extends KubeObject {
  readonly data?: Readonly<Record<string, string>>;
}

function field(pod: Pod, { podIP, hostIP }: Placement, path: string): string {
  const [, map, key = ""] = /^metadata\.(labels|annotations)\['(.+)'\]$/u.exec(path) ?? [];
  if (map === "labels" || map === "annotations") return pod.metadata[map]?.[key] ?? "";
  const known: Readonly<Record<string, string | undefined>> = {
    "metadata.name": pod.metadata.name,
    "metadata.namespace": pod.metadata.namespace,
    "metadata.uid": pod.metadata.uid,
    "spec.nodeName": pod.spec.nodeName,
    "spec.serviceAccountName": pod.spec.serviceAccountName,
    "status.podIP": podIP,
    "status.hostIP": hostIP,
  };
  const value = known[path];
  if (value === undefined) throw new ConfigError(`there is no field ${path}`);
  return value;
}

export class Environments {
  readonly #api: Api;
  /** For every pod. */
  readonly #common: Readonly<Record<string, string>>;

  constructor(api: Api, common: Readonly<Record<string, string>>) {
    this.#api = api;
    this.#common = common;
  }

  /** Throws a `ConfigError` when something that it names is not there. */
  async of(pod: Pod, placement: Placement, spec: ContainerSpec): Promise<Record<string, string>> {
    const env: Record<string, string> = {
      ...this.#common,
      IMAGE: spec.image,
      POD_NAME: pod.metadata.name,
      POD_NAMESPACE: pod.metadata.namespace ?? "",
      POD_IP: placement.podIP,
    };
    const namespace = pod.metadata.namespace ?? "";
    for (const { prefix = "", configMapRef, secretRef } of spec.envFrom ?? []) {
      const ref = configMapRef ?? secretRef;
      if (!ref) continue;
      const data = await this.#data(namespace, configMapRef ? "configmaps" : "secrets", ref);
      for (const [name, value] of Object.entries(data)) env[`${prefix}${name}`] = value;
    }
    for (const variable of spec.env ?? []) {
      const value = await this.#value(pod, placement, variable);
      if (value === undefined) continue;
      env[variable.name] = value.replaceAll(/\$\(([\w-]+)\)/gu, (whole, name: string) => env[name] ?? whole);
    }
    return env;
  }

  async #value(pod: Pod, placement: Placement, { value = "", valueFrom }: Variable): Promise<string | undefined> {
    if (!valueFrom) return value;
    if (valueFrom.fieldRef) return field(pod, placement, valueFrom.fieldRef.fieldPath);
    const ref = valueFrom.configMapKeyRef ?? valueFrom.secretKeyRef;
    if (!ref) throw new ConfigError("a variable comes from neither a field nor a key");
    const resource = valueFrom.configMapKeyRef ? "configmaps" : "secrets";
    const data = await this.#data(pod.metadata.namespace ?? "", resource, ref);
    const found = data[ref.key];
    if (found === undefined && !ref.optional) throw new ConfigError(`${resource} "${ref.name}" has no key ${ref.key}`);
    return found;
  }

  async #data(
    namespace: string,
    resource: "configmaps" | "secrets",
    { name, optional = false }: { name: string; optional?: boolean },
  ): Promise<Readonly<Record<string, string>>> {
    try {
      const { data = {} } = await this.#api.call<Filled>("GET", `/api/v1/namespaces/${namespace}/${resource}/${name}`);
      if (resource === "configmaps") return data;
      const plain = (text: string): string => Buffer.from(text, "base64").toString();
      return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, plain(value)]));
    } catch (error) {
      if (!isStatus(error, 404)) throw error;
      if (optional) return {};
      throw new ConfigError(`${resource} "${name}" not found`, { cause: error });
    }
  }
}
