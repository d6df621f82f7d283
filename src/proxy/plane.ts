// How do listener, traffic and connections make one data plane?
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from "node:tls";
import type { Route } from "../core/split.ts";
import type { Ms } from "../core/units.ts";
import { Client, type ClientContext } from "./client.ts";
import { Clock } from "./clock.ts";
import type { ProxyConfig } from "./config.ts";
import type { DataPlane, TlsPair } from "./data-plane.ts";
import { plainAddress } from "./forwarded.ts";
import { AnswerHead } from "./h1/answer.ts";
import { refusal } from "./h1/refusal.ts";
import { RequestHead } from "./h1/request.ts";
import { Mirroring } from "./mirror/mirroring.ts";
import type { Mirrored } from "./mirror/messages.ts";
import { Traffic } from "./traffic.ts";

/** Serves the TLS connections whose client chose a protocol other than HTTP/1.1 (`h2`). */
export interface Front {
  /** Protocols that it takes, by ALPN name, in order of preference: `["h2"]`. */
  readonly protocols: readonly string[];
  accept(socket: TLSSocket): void;
  /** Requests under way may end, no new ones: GOAWAY. Resolves once every connection has ended. */
  drain(): Promise<void>;
  /** The time is up: end every connection. */
  close(): void;
}

const BACKLOG = 4_096;
/** How long a listener that is to be closed goes on, until so many short turns in a row bring it no connection. */
const QUEUE_MS = 250;
const QUIET_TURNS = 3;
const SHORT_TURN_MS = 0.2;

class Plane implements DataPlane {
  readonly #config: ProxyConfig;
  readonly #context: ClientContext;
  readonly #server: Server | TlsServer;
  readonly #front: Front | undefined;
  readonly #mirroring: Mirroring;
  #emptied: (() => void) | undefined;
  /** Connections so far. */
  #accepted = 0;

  constructor(config: ProxyConfig, tls?: TlsPair, makeFront?: (traffic: Traffic) => Front) {
    this.#config = config;
    const clock = new Clock(Math.min(...Object.values(config.timeouts)));
    const traffic = new Traffic(config, clock, Math.random());
    const requests = new RequestHead(config.limits, config.trustForwarded);
    const answers = new AnswerHead(config.limits);
    const clients = new Set<Client>();
    this.#mirroring = new Mirroring({ timeoutMs: config.timeouts.responseMs, start: Math.random() });
    this.#context = { config, clock, traffic, requests, answers, clients, draining: false };
    this.#front = tls && makeFront?.(traffic);
    // A client may close its half of a tunnel and still read.
    const options = { noDelay: true, allowHalfOpen: true };
    if (!tls) this.#server = createServer(options, (socket) => this.#accept(socket, "http"));
    else {
      const ALPNProtocols = [...(this.#front?.protocols ?? []), "http/1.1"];
      const secure = { ...options, ...tls, ALPNProtocols, handshakeTimeout: config.timeouts.headMs };
      this.#server = createTlsServer(secure, (socket) => this.#acceptSecure(socket));
      this.#server.on("tlsClientError", (_, socket) => socket.destroy());
    }
    this.#server.on("connection", () => (this.#accepted += 1));
  }

  listen(shared: boolean): Promise<number> {
    const { host, port } = this.#config;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host, port, backlog: BACKLOG, reusePort: shared, exclusive: true }, () => {
        this.#server.off("error", reject);
        this.#server.on("error", () => undefined);
        const address = this.#server.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
    });
  }

  setRoute(route: Route): void {
    const { traffic, requests } = this.#context;
    traffic.setRoute(route);
    this.#mirroring.follow(route);
    traffic.mirror = route.split.mirror && this.#mirroring;
    const key = traffic.cohorts?.key;
    requests.watch(key?.kind === "header" ? key.name : undefined, key?.kind === "cookie");
  }

  setTls(pair: TlsPair): void {
    if ("setSecureContext" in this.#server) this.#server.setSecureContext({ cert: pair.cert, key: pair.key });
  }

  counters(): ReturnType<DataPlane["counters"]> {
    return this.#context.traffic.counters();
  }

  busy(): readonly string[] {
    return [...new Set([...this.#context.traffic.busy(), ...this.#mirroring.busy()])];
  }

  mirrored(): readonly Mirrored[] {
    return this.#mirroring.news();
  }

  async drain(timeoutMs: Ms): Promise<void> {
    const { clients, clock, traffic } = this.#context;
    // Clients are sent away only then: some would come back to this listener.
    await this.#acceptQueued();
    this.#server.close();
    this.#context.draining = true;
    for (const client of clients) client.drain();
    const over = Promise.withResolvers<void>();
    const limit = setTimeout(() => over.resolve(), timeoutMs);
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
      if (clients.size === 0) resolve();
    });
    await Promise.race([over.promise, Promise.all([emptied, this.#front?.drain()])]);
    clearTimeout(limit);
    for (const client of clients) client.socket.destroy();
    this.#front?.close();
    traffic.closeIdle();
    await this.#mirroring.terminate();
    clock.stop();
  }

  /**
   * Connections that the kernel has taken already would be reset with the listener. It is only closed after a turn of
   * the loop in which none was waiting; a short turn, because more may have come since its beginning.
   */
  async #acceptQueued(): Promise<void> {
    const deadline = performance.now() + QUEUE_MS;
    let now = performance.now();
    for (let quiet = 0; quiet < QUIET_TURNS && now < deadline;) {
      const begun = now;
      const before = this.#accepted;
      // One turn accepts one connection.
      await new Promise((resolve) => setImmediate(resolve));
      now = performance.now();
      const isQuiet = this.#accepted === before && now - begun < SHORT_TURN_MS;
      quiet = isQuiet ? quiet + 1 : 0;
    }
  }

  #acceptSecure(socket: TLSSocket): void {
    const { alpnProtocol } = socket;
    const front = this.#front;
    if (front && typeof alpnProtocol === "string" && front.protocols.includes(alpnProtocol)) front.accept(socket);
    else this.#accept(socket, "https");
  }

  #accept(socket: Socket, scheme: "http" | "https"): void {
    const { clients } = this.#context;
    if (clients.size >= this.#config.limits.connections) {
      socket.on("error", () => undefined);
      socket.end(refusal(503, { close: true, toHead: false }), () => socket.destroySoon());
      return;
    }
    const client = new Client(socket, { address: plainAddress(socket.remoteAddress), scheme }, this.#context);
    socket.once("close", () => this.#gone(client));
  }

  #gone(client: Client): void {
    const { clients } = this.#context;
    clients.delete(client);
    if (clients.size === 0) this.#emptied?.();
  }
}

/** `front`, when given, is made once, on the same traffic (route, shares, replicas, counters) as HTTP/1.1. */
export function createDataPlane(config: ProxyConfig, tls?: TlsPair, front?: (traffic: Traffic) => Front): DataPlane {
  return new Plane(config, tls, front);
}
