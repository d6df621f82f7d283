// Who stands before those that keep figures, and misbehaves when told?
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Fault } from "../../../src/ports/figures.contract.ts";

/** One request, whole. */
export interface Got {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** As it came: path and query. */
  readonly url: string;
  readonly bytes: Buffer;
}

export interface Reply {
  readonly status?: number;
  readonly type?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type Answer = (got: Got) => Reply | Promise<Reply>;

const MIB = 1_048_576;

/** A real HTTP server. */
export class Front {
  readonly got: Got[] = [];
  readonly #answer: Answer;
  #fault: Fault | undefined;
  #server: Server | undefined;
  #port = 0;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        const { method = "", url = "", headers } = request;
        const { pathname: path, searchParams: query } = new URL(url, "http://front");
        const bytes = Buffer.concat(parts);
        const got = { method, path, query, headers, body: bytes.toString("utf8"), url, bytes };
        this.got.push(got);
        void this.#respond(got, response);
      });
    });
    this.#server.listen(this.#port, "127.0.0.1");
    await once(this.#server, "listening");
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }

  async misbehave(fault: Fault | undefined): Promise<void> {
    if (fault === "gone") await this.stop();
    else if (!this.#server) await this.start();
    this.#fault = fault;
  }

  async #respond(got: Got, response: ServerResponse): Promise<void> {
    const fault = this.#fault;
    // Shown what it was given, as some do.
    const echo = JSON.stringify({ message: `no: ${JSON.stringify(got.headers)}` });
    if (fault === "slow") return;
    if (fault === "busy") {
      this.#fault = undefined;
      response.writeHead(429, { "retry-after": "0" }).end("slower");
    } else if (fault === "refused" || fault === "forbidden") {
      response.writeHead(fault === "refused" ? 401 : 403, { "content-type": "application/json" }).end(echo);
    } else if (fault === "broken") response.writeHead(500, { "content-type": "text/plain" }).end("it broke");
    else if (fault === "garbage") response.writeHead(200).end("<html>a page of somebody else</html>");
    else if (fault === "huge") {
      response.writeHead(200).on("error", () => undefined);
      for (let sent = 0; sent < 9 && !response.destroyed; sent++) response.write(Buffer.alloc(MIB, " "));
      response.end();
    } else if (fault === "cut") {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write('{"data": {', () => response.destroy());
    } else await this.#pass(got, response);
  }

  async #pass(got: Got, response: ServerResponse): Promise<void> {
    try {
      const { status = 200, type = "application/json", headers = {}, body } = await this.#answer(got);
      response.writeHead(status, { "content-type": type, ...headers }).end(body);
    } catch (error) {
      response.writeHead(502).end(String(error));
    }
  }
}

/** Hands requests on to a real server. */
export function passOn(to: () => string): Answer {
  return async ({ method, url, headers, bytes }) => {
    const { host: _, connection: __, "content-length": ___, "transfer-encoding": ____, ...rest } = headers;
    const answer = await fetch(`${to()}${url}`, {
      method,
      headers: rest as Record<string, string>,
      body: method === "GET" ? null : bytes.toString("latin1") === "" ? null : new Uint8Array(bytes),
    });
    const type = answer.headers.get("content-type") ?? "text/plain";
    return { status: answer.status, type, body: new Uint8Array(await answer.arrayBuffer()) };
  };
}

/** A request that the vendor would not know. */
export class NotSo extends Error {
  override readonly name = "NotSo";
}

/** Whether a request is as the vendor's documentation has it; if not, its test fails with what differs. */
export function must(what: string, found: unknown, expected: unknown): void {
  if (JSON.stringify(found) !== JSON.stringify(expected))
    throw new NotSo(`${what}: ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
}
