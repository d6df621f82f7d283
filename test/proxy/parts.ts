// What does a test of the proxy need around it?
import { Agent, createServer, request, type IncomingHttpHeaders, type RequestOptions, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import type { RoutePool } from "../../src/core/split.ts";

/**
 * A port of the loopback interface that nobody listens on at this moment: below those that systems hand out, and those that
 * Serin gives to replicas, so that nobody else comes by it in the meantime.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 10_000);
    const server = createTcpServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false));
      server.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Services of a few lines: each answers with the name of its replica. */
export class Backends {
  /** How long an answer takes from now on. */
  delayMs = 0;
  /** Requests that wait for their answer. */
  open = 0;
  readonly #servers: Server[] = [];

  async pool(pool: string, size: number): Promise<RoutePool> {
    const replicas = Array.from({ length: size }, (_, at) => `${pool}-${at}`);
    const ports = await Promise.all(replicas.map((replica) => this.#serve(replica)));
    const backends = replicas.map((replica, at) => ({ replica, host: "127.0.0.1", port: ports[at] ?? 0 }));
    return { pool, backends };
  }

  close(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  async #serve(replica: string): Promise<number> {
    const server = createServer((asked, answer) => {
      asked.resume();
      answer.setHeader("content-type", "text/plain");
      this.open += 1;
      answer.once("close", () => (this.open -= 1));
      if (this.delayMs === 0) answer.end(replica);
      else setTimeout(() => answer.end(replica), this.delayMs);
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  }
}

export interface Got {
  readonly status: number;
  readonly text: string;
  readonly headers: IncomingHttpHeaders;
}

/** A client with one connection, which it keeps. */
export class Client {
  readonly #port: number;
  readonly #agent: Agent;

  constructor(port: number, agent = new Agent({ keepAlive: true, maxSockets: 1 })) {
    this.#port = port;
    this.#agent = agent;
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
    return this.send({ method: "GET", path, headers });
  }

  post(path: string, body: string): Promise<Got> {
    return this.send({ method: "POST", path, headers: {} }, body);
  }

  send(wanted: Pick<RequestOptions, "method" | "path" | "headers">, body?: string): Promise<Got> {
    const { promise, resolve, reject } = Promise.withResolvers<Got>();
    const asked = request({ host: "127.0.0.1", port: this.#port, ...wanted, agent: this.#agent }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (part: string) => (text += part));
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text, headers: answer.headers }));
      answer.on("error", reject);
    });
    asked.on("error", reject);
    asked.end(body);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** Requests one after another from each of a few clients, until it is stopped. */
export class Load {
  ok = 0;
  /** Answers with another status than 200. */
  readonly bad: number[] = [];
  /** Requests that were sent and got no answer. */
  readonly lost: string[] = [];
  /** Connections that were not accepted. */
  refused = 0;
  readonly replicas = new Map<string, number>();
  #running = true;
  readonly #clients: readonly Client[];
  readonly #done: Promise<unknown>;

  /** `fresh`: each request on a connection of its own. */
  constructor(port: number, connections: number, fresh = false) {
    const agent = (): Agent => new Agent({ keepAlive: !fresh, maxSockets: 1 });
    this.#clients = Array.from({ length: connections }, () => new Client(port, agent()));
    this.#done = Promise.all(this.#clients.map((client) => this.#run(client)));
  }

  /** Lets the last answers come. */
  async stop(): Promise<this> {
    this.#running = false;
    await this.#done;
    for (const client of this.#clients) client.close();
    return this;
  }

  async #run(client: Client): Promise<void> {
    while (this.#running) {
      try {
        const { status, text } = await client.get("/");
        if (status === 200) this.ok += 1;
        else this.bad.push(status);
        this.replicas.set(text, (this.replicas.get(text) ?? 0) + 1);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ECONNREFUSED") this.refused += 1;
        else this.lost.push(String(error));
        // A refused client tries again, but not as a busy loop.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
}
