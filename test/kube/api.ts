// How does the fixture ask an API server, without the client that is under test?
import { readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { Agent, request } from "node:https";
import type { KubeObject } from "./objects.ts";

export interface Access {
  readonly server: string;
  /** The file of the authority that signed the server's certificate. */
  readonly ca: string;
  readonly token: string;
}

/** What an API server refuses. */
export class ApiError extends Error {
  readonly status: number;

  constructor(asked: string, status: number, text: string) {
    super(`${asked}: ${status} ${text}`);
    this.name = "ApiError";
    this.status = status;
  }
}

/** Whether the answer was one of these statuses. */
export function isStatus(error: unknown, ...statuses: readonly number[]): boolean {
  return error instanceof ApiError && statuses.includes(error.status);
}

export interface Listed<T> {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly T[];
}

interface Body {
  readonly data: unknown;
  /** Of patches: `merge-patch+json`, `strategic-merge-patch+json`, `apply-patch+yaml`. */
  readonly type?: string;
}

type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

function textOf(answer: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    answer.setEncoding("utf8");
    answer.on("data", (part: string) => (text += part));
    answer.on("end", () => resolve(text));
    answer.on("error", reject);
  });
}

/** What a refusal says, which is not always one of Kubernetes' own. */
function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? text;
  } catch {
    return text;
  }
}

export class Api {
  readonly #access: Access;
  readonly #agent: Agent;
  readonly #userAgent: string;

  constructor(access: Access, userAgent: string) {
    this.#access = access;
    this.#userAgent = userAgent;
    this.#agent = new Agent({ ca: readFileSync(access.ca), keepAlive: true, maxSockets: 64 });
  }

  /** Asks once. Throws an `ApiError` when the answer is a refusal. */
  async call<T = KubeObject>(method: Method, path: string, body?: Body): Promise<T> {
    const answer = await this.open(path, { method, ...(body && { body }) });
    return JSON.parse((await textOf(answer)) || "{}") as T;
  }

  /** Opens an answer that the caller reads. */
  async open(
    path: string,
    { method = "GET", body, signal }: { method?: Method; body?: Body; signal?: AbortSignal } = {},
  ): Promise<IncomingMessage> {
    const sent = body && JSON.stringify(body.data);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const asked = request(new URL(path, this.#access.server), {
        method,
        agent: this.#agent,
        ...(signal && { signal }),
        headers: {
          accept: "application/json",
          authorization: `Bearer ${this.#access.token}`,
          "user-agent": this.#userAgent,
          ...(body && { "content-type": `application/${body.type ?? "json"}` }),
          // Node says no length of its own where a body is unusual, as with DELETE.
          ...(sent !== undefined && { "content-length": Buffer.byteLength(sent) }),
        },
      });
      asked.on("response", resolve);
      asked.on("error", reject);
      asked.end(sent);
    });
    const status = answer.statusCode ?? 0;
    if (status >= 300) throw new ApiError(`${method} ${path}`, status, messageOf(await textOf(answer)));
    return answer;
  }

  close(): void {
    this.#agent.destroy();
  }
}
