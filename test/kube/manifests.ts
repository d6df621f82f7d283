// How does a test make, read and change objects, and wait for what becomes of them?
import { setTimeout as sleep } from "node:timers/promises";
import { parseAllDocuments, stringify } from "yaml";
import { isStatus, type Api, type Listed } from "./api.ts";
import type { KubeObject } from "./objects.ts";
import { kindOf, referenceOf, type Resources } from "./resources.ts";

const LOOK_MS = 50;
/** For what never happens: a busy machine takes several times as long for what does. */
const WITHIN_MS = 120_000;
const OWNER = "tests";

type Given = string | object | readonly object[];

function objectsOf(given: Given): readonly KubeObject[] {
  if (typeof given !== "string") return (Array.isArray(given) ? given : [given]) as readonly KubeObject[];
  const objects = parseAllDocuments(given).map((document) => {
    const [error] = document.errors;
    if (error) throw error;
    return document.toJS() as KubeObject | null;
  });
  return objects.filter((object) => object !== null);
}

/** What a person reads of an object that is not as it should be. */
function described(object: KubeObject | undefined): string {
  if (!object) return "there is none";
  const { managedFields: _, ...metadata } = object.metadata;
  return stringify({ ...object, metadata });
}

/** The objects of one namespace, or those that are in none. */
export class Manifests {
  readonly namespace: string | undefined;
  protected readonly api: Api;
  protected readonly resources: Resources;

  constructor(api: Api, resources: Resources, namespace?: string) {
    this.api = api;
    this.resources = resources;
    this.namespace = namespace;
  }

  /** Applies YAML or objects, on the server's side, in the name of the tests. Unknown fields are refused. */
  async apply(given: Given): Promise<readonly KubeObject[]> {
    const applied: KubeObject[] = [];
    for (const object of objectsOf(given)) {
      const { apiVersion = "", kind = "", metadata } = object;
      const path = await this.resources.pathOf({ apiVersion, kind }, metadata.namespace ?? this.namespace);
      const query = `fieldManager=${OWNER}&force=true&fieldValidation=Strict`;
      const body = { data: object, type: "apply-patch+yaml" };
      applied.push(await this.api.call("PATCH", `${path}/${metadata.name}?${query}`, body));
    }
    return applied;
  }

  /** `get("Deployment/shop")`, `get("serin.dev/v1/Rollout/shop")`. Throws when it is not there. */
  async get<T extends KubeObject>(reference: string): Promise<T> {
    return this.api.call<T>("GET", await this.path(reference));
  }

  async find<T extends KubeObject>(reference: string): Promise<T | undefined> {
    try {
      return await this.get<T>(reference);
    } catch (error) {
      if (isStatus(error, 404)) return undefined;
      throw error;
    }
  }

  /** Merges what is given into an object: `null` takes a field away. */
  async patch<T extends KubeObject>(reference: string, data: object, part = ""): Promise<T> {
    const query = `fieldManager=${OWNER}&fieldValidation=Strict`;
    const path = `${await this.path(reference)}${part && `/${part}`}?${query}`;
    return this.api.call<T>("PATCH", path, { data, type: "merge-patch+json" });
  }

  /** Takes it away, and with it what it owns. */
  async delete(reference: string): Promise<void> {
    await this.api.call("DELETE", await this.path(reference), { data: { propagationPolicy: "Background" } });
  }

  /** All of a kind, or those that a label selector names. */
  async list<T extends KubeObject>(kind: string, selector = ""): Promise<readonly T[]> {
    const path = await this.resources.pathOf(kindOf(kind), this.namespace);
    const query = selector && `?labelSelector=${encodeURIComponent(selector)}`;
    return (await this.api.call<Listed<T>>("GET", `${path}${query}`)).items;
  }

  /** Waits until an object is there and as wanted; throws with how it was last seen. An API server that is away is awaited. */
  async until<T extends KubeObject>(
    reference: string,
    holds: (object: T) => boolean | Promise<boolean>,
    withinMs = WITHIN_MS,
  ): Promise<T> {
    const deadline = Date.now() + withinMs;
    let last: T | undefined;
    for (;;) {
      try {
        last = await this.find<T>(reference);
        if (last && (await holds(last))) return last;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      if (Date.now() > deadline) {
        throw new Error(`waited ${withinMs} ms for ${reference}: ${holds.toString()}\nlast seen:\n${described(last)}`);
      }
      await sleep(LOOK_MS);
    }
  }

  /** Waits until those that are there are as wanted. */
  async untilAll<T extends KubeObject>(
    kind: string,
    holds: (objects: readonly T[]) => boolean,
    { selector = "", withinMs = WITHIN_MS }: { selector?: string; withinMs?: number } = {},
  ): Promise<readonly T[]> {
    const deadline = Date.now() + withinMs;
    let last: readonly T[] = [];
    for (;;) {
      try {
        last = await this.list<T>(kind, selector);
        if (holds(last)) return last;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
      if (Date.now() > deadline) {
        const seen = last.map(described).join("---\n");
        throw new Error(`waited ${withinMs} ms for ${kind}: ${holds.toString()}\nlast seen:\n${seen || "none"}`);
      }
      await sleep(LOOK_MS);
    }
  }

  protected async path(reference: string): Promise<string> {
    const { name, ...kind } = referenceOf(reference);
    return `${await this.resources.pathOf(kind, this.namespace)}/${name}`;
  }
}
