// What does a test of mirroring need: services that answer as told, a proxy's process, users?
import { mkdtempSync, rmSync } from "node:fs";
import { Agent, createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProxyAdapter } from "../../src/adapters/proxy/index.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import type { Comparison } from "../../src/core/comparison.ts";
import type { Mirror } from "../../src/core/mirror.ts";
import { all, type Role, type Route } from "../../src/core/split.ts";
import { ms, weightOf } from "../../src/core/units.ts";
import { PROXY_DEFAULTS, type ProxyConfig } from "../../src/proxy/config.ts";
import { readControl } from "../../src/proxy/store.ts";
import { freePort } from "../proxy/parts.ts";

/** What a service does with a request; `nth` counts them from 1. */
export type Handler = (asked: IncomingMessage, answer: ServerResponse, nth: number) => void;

/** One replica. */
export interface Service {
  handle: Handler;
  /** Requests so far, as `GET /path`, with the role that a copy names. */
  readonly seen: { readonly what: string; readonly mirror: string | undefined; readonly body: string }[];
  readonly server: Server;
}

export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly by: string | undefined;
  readonly tookMs: number;
}

export const call = () => ({ signal: AbortSignal.timeout(20_000) });

export const json =
  (body: (nth: number, asked: IncomingMessage) => unknown): Handler =>
  (asked, answer, nth) => {
    answer.setHeader("content-type", "application/json");
    answer.end(JSON.stringify(body(nth, asked)));
  };

/** A proxy's process with a service for each role, of one replica each. */
export class MirrorPlace {
  readonly services = new Map<Role, Service>();
  readonly #home = mkdtempSync(join(tmpdir(), "serin-mirror-"));
  readonly #config: Partial<ProxyConfig>;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 });
  port = 0;
  proxy!: ReturnType<typeof createProxyAdapter>;

  constructor(config: Partial<ProxyConfig> = {}) {
    this.#config = config;
  }

  async open(): Promise<this> {
    this.port = await freePort();
    const config = { ...PROXY_DEFAULTS, host: "127.0.0.1", port: this.port, drainMs: ms(1_000), ...this.#config };
    this.proxy = createProxyAdapter({ name: "shop", dir: join(this.#home, "proxy"), clock: systemClock(), config });
    for (const role of ["stable", "canary", "baseline"] as const) this.services.set(role, await service(role));
    return this;
  }

  of(role: Role): Service {
    const found = this.services.get(role);
    if (!found) throw new Error(`no service for ${role}`);
    return found;
  }

  route(mirror?: Partial<Mirror>): Route {
    const pool = (role: Role) => {
      const { port } = this.of(role).server.address() as AddressInfo;
      return { pool: role, backends: [{ replica: `${role}-0`, host: "127.0.0.1", port }] };
    };
    const wanted: Mirror = { to: ["canary"], share: weightOf(1), methods: "safe", ...mirror };
    return {
      split: { weights: all("stable"), ...(mirror && { mirror: wanted }) },
      pools: { stable: pool("stable"), canary: pool("canary"), baseline: pool("baseline") },
    };
  }

  apply(mirror?: Partial<Mirror>): Promise<void> {
    return this.proxy.apply(this.route(mirror), call());
  }

  ask(
    path: string,
    options: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ): Promise<Answered> {
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const { method = "GET", body, headers = {} } = options;
    const startedAt = performance.now();
    const asked = request(
      { port: this.port, host: "127.0.0.1", agent: this.#agent, path, method, headers },
      (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () => {
          const by = answer.headers["x-by"];
          const text = Buffer.concat(parts).toString();
          const tookMs = performance.now() - startedAt;
          resolve({ status: answer.statusCode ?? 0, text, by: typeof by === "string" ? by : undefined, tookMs });
        });
      },
    );
    asked.on("error", reject);
    asked.end(body);
    return promise;
  }

  /** Requests from two users at once, each one after another. */
  async many(count: number, path = (nth: number): string => `/${nth}`): Promise<readonly Answered[]> {
    const answers: Answered[] = [];
    let sent = 0;
    const user = async (): Promise<void> => {
      while (sent < count) answers.push(await this.ask(path(++sent)));
    };
    await Promise.all(Array.from({ length: 2 }, user));
    return answers;
  }

  /** Waits until all copies have come to something; answers with how many that were. */
  async settled(copies: number): Promise<Comparison> {
    for (;;) {
      const seen = await this.comparison();
      if (seen.candidate + seen.noise + seen.shed + seen.failed >= copies) return seen;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async comparison(): Promise<Comparison> {
    const read = await this.proxy.comparison?.(call());
    if (read?.kind !== "value") throw new Error(`expected a comparison, found ${JSON.stringify(read)}`);
    return read.value;
  }

  /** Requests, and failed ones, of a role's replica as the proxy counts them. */
  async counted(role: Role): Promise<readonly [requests: number, failed: number]> {
    const read = await this.proxy.read(call());
    const series = read.kind === "value" ? read.value.series.find(({ replica }) => replica === `${role}-0`) : undefined;
    return [series?.requests ?? 0, series?.failed ?? 0];
  }

  get pid(): number {
    return readControl(join(this.#home, "proxy"))?.pid ?? 0;
  }

  async metrics(): Promise<string> {
    const { url } = readControl(join(this.#home, "proxy")) ?? {};
    return (await fetch(`${url}/metrics`)).text();
  }

  async close(): Promise<void> {
    await this.proxy.remove(call());
    this.#agent.destroy();
    for (const { server } of this.services.values()) {
      server.close();
      server.closeAllConnections();
    }
    rmSync(this.#home, { recursive: true, force: true });
  }
}

async function service(role: Role): Promise<Service> {
  const server = createServer((asked, answer) => {
    const parts: Buffer[] = [];
    asked.on("data", (part: Buffer) => parts.push(part));
    asked.on("error", () => undefined);
    asked.on("end", () => {
      const mirror = asked.headers["x-serin-mirror"];
      const body = Buffer.concat(parts).toString();
      made.seen.push({
        what: `${asked.method} ${asked.url}`,
        mirror: typeof mirror === "string" ? mirror : undefined,
        body,
      });
      answer.setHeader("x-by", role);
      made.handle(asked, answer, made.seen.length);
    });
  });
  const made: Service = { handle: (_asked, answer) => void answer.end(role), seen: [], server };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return made;
}
