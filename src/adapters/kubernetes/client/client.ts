// How is an API server asked?
import type { IncomingMessage } from "node:http";
import { text as textOf } from "node:stream/consumers";
import type { Call } from "../../../ports/observed.ts";
import type { Connection } from "./connection.ts";
import { isMissing, KubeError } from "./errors.ts";
import { apiVersionOf, RESOURCES, type KubeObject, type Resource } from "./objects.ts";

/** Which object. Without a namespace it is one of the whole cluster. */
export interface Ref {
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** An object, or a part of it that is written by itself. */
export interface Place extends Ref {
  readonly resource: Resource;
  readonly subresource?: "status" | undefined;
}

/** One page of objects, and the place in the watch's history at which it was true. */
export interface Listed<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
}

/** What a watch tells. */
export interface WatchEvent<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  readonly object: T;
}

/** Where a watch looks. */
export interface Where {
  readonly namespace?: string | undefined;
  /** As of `kubectl -l`. */
  readonly labels?: string | undefined;
  /** One object alone; only of a watch. */
  readonly name?: string | undefined;
}

/** Which part of a pod's log. */
export interface LogPart {
  readonly container: string;
  readonly lines: number;
  readonly bytes: number;
}

const MERGE = "application/merge-patch+json";
const APPLY = "application/apply-patch+yaml";
/** So many objects to a page. */
const PAGE = 500;
/** The API server ends a watch after so long, and it is begun again. */
const WATCH_SECONDS = 300;

/** Who writes: the name that `managedFields` has. */
const MANAGER = "serin";

/** Who writes what a person has asked for with `serin apply`. */
const PERSON = "serin-apply";

function pathOf(resource: Resource, namespace: string | undefined, name?: string): string {
  const root = resource.group === "" ? `/api/${resource.version}` : `/apis/${apiVersionOf(resource)}`;
  const inside = namespace === undefined ? "" : `/namespaces/${encodeURIComponent(namespace)}`;
  const one = name === undefined ? "" : `/${encodeURIComponent(name)}`;
  return `${root}${inside}/${resource.plural}${one}`;
}

/** Reads and writes objects. Every method rejects with a KubeError when the API server does not do it. */
export class KubeClient {
  readonly connection: Connection;
  #mayWrite: () => boolean = () => true;

  constructor(connection: Connection) {
    this.connection = connection;
  }

  /** Asks before each write: one that stood still for a while must not go on where another one has taken over. */
  onlyWhile(mayWrite: () => boolean): void {
    this.#mayWrite = mayWrite;
  }

  /** The object, or nothing when it is not there. */
  async get<T extends KubeObject>(resource: Resource, { namespace, name }: Ref, call: Call): Promise<T | undefined> {
    try {
      return await this.#ask<T>("GET", pathOf(resource, namespace, name), { call });
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** The end of what a container of a pod wrote. */
  async log({ namespace, name }: Ref, { container, lines, bytes }: LogPart, call: Call): Promise<string> {
    const query = new URLSearchParams({ container, tailLines: String(lines), limitBytes: String(bytes) });
    const path = `${pathOf(RESOURCES.pods, namespace, name)}/log?${query.toString()}`;
    return textOf(await this.#answer("GET", path, { call }));
  }

  /** Rejects with 409 when it is there already. */
  create<T extends KubeObject>(resource: Resource, object: T, call: Call): Promise<T> {
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
    return this.#ask<T>("POST", `${pathOf(resource, object.metadata.namespace)}?fieldManager=${MANAGER}`, {
      call,
      body,
    });
  }

  /** Merges; with `metadata.resourceVersion` in the patch only onto that version, else 409. */
  merge<T extends KubeObject>(at: Place, patch: object, call: Call): Promise<T> {
    const below = at.subresource === undefined ? "" : `/${at.subresource}`;
    const path = `${pathOf(at.resource, at.namespace, at.name)}${below}?fieldManager=${MANAGER}`;
    return this.#ask<T>("PATCH", path, { call, body: patch, contentType: MERGE });
  }

  /** Replaces the version that `metadata.resourceVersion` names; 409 when it is not the newest. */
  replace<T extends KubeObject>(resource: Resource, object: T, call: Call): Promise<T> {
    const { namespace, name } = object.metadata;
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
    return this.#ask<T>("PUT", `${pathOf(resource, namespace, name)}?fieldManager=${MANAGER}`, { call, body });
  }

  /** Server-side apply: owns the fields that are named, and gives up those that were and are not any more. */
  apply<T extends KubeObject>(resource: Resource, object: T, call: Call): Promise<T> {
    const { namespace, name } = object.metadata;
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
    const path = `${pathOf(resource, namespace, name)}?fieldManager=${MANAGER}&force=true`;
    return this.#ask<T>("PATCH", path, { call, body, contentType: APPLY });
  }

  /** Nothing happens when it is not there. With `uid` only that very object. */
  async delete(
    resource: Resource,
    { namespace, name, uid }: Ref & { readonly uid?: string | undefined },
    call: Call,
  ): Promise<void> {
    const body = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      propagationPolicy: "Background",
      ...(uid === undefined ? {} : { preconditions: { uid } }),
    };
    try {
      await this.#ask("DELETE", pathOf(resource, namespace, name), { call, body });
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  /** The same in a person's name: 409 when somebody else manages a field and says something else there. */
  ask<T extends KubeObject>(resource: Resource, object: T, call: Call): Promise<T> {
    const { namespace, name } = object.metadata;
    const body = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...object };
    const path = `${pathOf(resource, namespace, name)}?fieldManager=${PERSON}&fieldValidation=Strict`;
    return this.#ask<T>("PATCH", path, { call, body, contentType: APPLY });
  }

  /** All objects, page by page, each handed over as it comes. */
  async list<T extends KubeObject>(resource: Resource, where: Where, call: Call): Promise<Listed<T>> {
    const items: T[] = [];
    let [resourceVersion, next] = ["", ""];
    do {
      const query = new URLSearchParams({ limit: String(PAGE) });
      if (next !== "") query.set("continue", next);
      if (where.labels !== undefined) query.set("labelSelector", where.labels);
      const path = `${pathOf(resource, where.namespace)}?${query.toString()}`;
      const page = await this.#ask<Page<T>>("GET", path, { call });
      items.push(...page.items);
      resourceVersion = page.metadata.resourceVersion;
      next = page.metadata.continue ?? "";
    } while (next !== "");
    return { items, resourceVersion };
  }

  /** What happens from a place in the history on, until the API server ends it. An ERROR event is thrown as a KubeError. */
  async *watch<T extends KubeObject>(
    resource: Resource,
    where: Where & { readonly from: string },
    { signal }: Call,
  ): AsyncIterable<WatchEvent<T>> {
    const query = new URLSearchParams({
      watch: "1",
      allowWatchBookmarks: "true",
      resourceVersion: where.from,
      timeoutSeconds: String(WATCH_SECONDS),
    });
    if (where.labels !== undefined) query.set("labelSelector", where.labels);
    if (where.name !== undefined) query.set("fieldSelector", `metadata.name=${where.name}`);
    const path = `${pathOf(resource, where.namespace)}?${query.toString()}`;
    const answer = await this.connection.open({ method: "GET", path, signal });
    if (answer.statusCode !== 200) throw await refused("GET", path, answer);
    // That it was taken up is news too.
    yield { type: "BOOKMARK", object: { metadata: { name: "", resourceVersion: where.from } } as T };
    answer.setEncoding("utf8");
    let rest = "";
    for await (const chunk of answer as AsyncIterable<string>) {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "") continue;
        const event = JSON.parse(line) as WatchEvent<T>;
        if (event.type === "ERROR") throw errorOf("GET", path, event.object as unknown as StatusAnswer);
        yield event;
      }
    }
  }

  async #ask<T>(method: string, path: string, asking: Asking): Promise<T> {
    return JSON.parse(await textOf(await this.#answer(method, path, asking))) as T;
  }

  async #answer(method: string, path: string, { call, body, contentType }: Asking): Promise<IncomingMessage> {
    if (method !== "GET" && !this.#mayWrite()) throw notLeading(method, path);
    const exchange = {
      method,
      path,
      signal: call.signal,
      ...(body === undefined ? {} : { body: JSON.stringify(body), contentType }),
    };
    let answer = await this.connection.open(exchange);
    if (answer.statusCode === 401) {
      // A token that was renewed meanwhile is in its file, or with the program that brings it.
      answer.resume();
      this.connection.forget();
      answer = await this.connection.open(exchange);
    }
    const status = answer.statusCode ?? 0;
    if (status < 200 || status > 299) throw await refused(method, path, answer);
    return answer;
  }
}

interface Asking {
  readonly call: Call;
  readonly body?: object | undefined;
  readonly contentType?: string | undefined;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly metadata: { readonly resourceVersion: string; readonly continue?: string | undefined };
}

interface StatusAnswer {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
}

async function refused(method: string, path: string, answer: IncomingMessage): Promise<KubeError> {
  const body = await textOf(answer);
  try {
    const status = JSON.parse(body) as StatusAnswer;
    return errorOf(method, path, { ...status, code: answer.statusCode ?? 0 });
  } catch {
    const message = `answered ${answer.statusCode ?? 0}: ${body.slice(0, 200)}`;
    return errorOf(method, path, { code: answer.statusCode ?? 0, reason: "Unknown", message });
  }
}

function notLeading(method: string, path: string): KubeError {
  const message = "this controller is not sure to lead any more, and writes nothing";
  return new KubeError(`${method} ${path.replace(/\?.*$/u, "")}`, { status: 0, reason: "NotLeading", message });
}

function errorOf(
  method: string,
  path: string,
  { code = 0, reason = "Unknown", message = "no reason given" }: StatusAnswer,
): KubeError {
  return new KubeError(`${method} ${path.replace(/\?.*$/u, "")}`, { status: code, reason, message });
}
