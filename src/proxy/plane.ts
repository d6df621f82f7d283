// How do listener, traffic and connections make one data plane?
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, Server as TlsServer, type TLSSocket } from "node:tls";
import type { Ms } from "../core/units.ts";
import { Client, type ClientContext } from "./client.ts";
import { Clock } from "./clock.ts";
import type { ProxyConfig } from "./config.ts";
import type { DataPlane, Ports, TlsPair } from "./data-plane.ts";
import { plainAddress, type Peer } from "./forwarded.ts";
import { AnswerHead } from "./h1/answer.ts";
import { refusal } from "./h1/refusal.ts";
import { RequestHead } from "./h1/request.ts";
import type { MirroredIn } from "./mirror/messages.ts";
import type { ServedRoute } from "./served.ts";
import { Traffic } from "./traffic.ts";

/** Serves the TLS connections whose client chose a protocol other than HTTP/1.1 (`h2`). */
export interface Front {
  /** Protocols that it takes, by ALPN name, in order of preference: `["h2"]`. */
  readonly protocols: readonly string[];
  /** `preview`: it came in at the second address. */
  accept(socket: TLSSocket, preview: boolean): void;
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
  /** Of the second address. */
  readonly #preview: Server | TlsServer | undefined;
  readonly #front: Front | undefined;
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
    this.#context = { config, clock, traffic, requests, answers, clients, draining: false };
    this.#front = tls && makeFront?.(traffic);
    this.#server = this.#open(tls, false);
    this.#preview = config.preview && this.#open(tls, true);
  }

  #open(tls: TlsPair | undefined, preview: boolean): Server | TlsServer {
    // A client may close its half of a tunnel and still read.
    const options = { noDelay: true, allowHalfOpen: true };
    let server: Server | TlsServer;
    if (!tls) server = createServer(options, (socket) => this.#accept(socket, { scheme: "http", preview }));
    else {
      const ALPNProtocols = [...(this.#front?.protocols ?? []), "http/1.1"];
      const secure = { ...options, ...tls, ALPNProtocols, handshakeTimeout: this.#config.timeouts.headMs };
      server = createTlsServer(secure, (socket) => this.#acceptSecure(socket, preview));
      server.on("tlsClientError", (_, socket) => socket.destroy());
    }
    return server.on("connection", () => (this.#accepted += 1));
  }

  async listen(shared: boolean): Promise<Ports> {
    const port = await listening(this.#server, this.#config, shared);
    if (!this.#preview || !this.#config.preview) return { port };
    try {
      return { port, preview: await listening(this.#preview, this.#config.preview, shared) };
    } catch (error) {
      this.#server.close();
      throw error;
    }
  }

  setRoute(route: ServedRoute): void {
    const { traffic, requests } = this.#context;
    traffic.setRoute(route);
    requests.watch(traffic.needs);
  }

  dropRoute(section: string): void {
    const { traffic, requests } = this.#context;
    traffic.dropRoute(section);
    requests.watch(traffic.needs);
  }

  setTls(pair: TlsPair): void {
    for (const server of [this.#server, this.#preview]) {
      if (server instanceof TlsServer) server.setSecureContext({ cert: pair.cert, key: pair.key });
    }
  }

  counters(): ReturnType<DataPlane["counters"]> {
    return this.#context.traffic.counters();
  }

  busy(): readonly string[] {
    return this.#context.traffic.busy();
  }

  mirrored(): readonly MirroredIn[] {
    return this.#context.traffic.mirrors.news();
  }

  async drain(timeoutMs: Ms): Promise<void> {
    const { clients, clock, traffic } = this.#context;
    // Clients are sent away only then: some would come back to this listener.
    await this.#acceptQueued();
    this.#server.close();
    this.#preview?.close();
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
    await traffic.mirrors.terminate();
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

  #acceptSecure(socket: TLSSocket, preview: boolean): void {
    const { alpnProtocol } = socket;
    const front = this.#front;
    if (front && typeof alpnProtocol === "string" && front.protocols.includes(alpnProtocol))
      front.accept(socket, preview);
    else this.#accept(socket, { scheme: "https", preview });
  }

  #accept(socket: Socket, by: Pick<Peer, "scheme" | "preview">): void {
    const { clients } = this.#context;
    if (clients.size >= this.#config.limits.connections) {
      socket.on("error", () => undefined);
      socket.end(refusal(503, { close: true, toHead: false }), () => socket.destroySoon());
      return;
    }
    const client = new Client(socket, { address: plainAddress(socket.remoteAddress), ...by }, this.#context);
    socket.once("close", () => this.#gone(client));
  }

  #gone(client: Client): void {
    const { clients } = this.#context;
    clients.delete(client);
    if (clients.size === 0) this.#emptied?.();
  }
}

/** Resolves with the port; rejects with the listen error. */
function listening(server: Server, { host, port }: { host: string; port: number }, shared: boolean): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: BACKLOG, reusePort: shared, exclusive: true }, () => {
      server.off("error", reject);
      server.on("error", () => undefined);
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}

/** `front`, when given, is made once, on the same traffic (route, shares, replicas, counters) as HTTP/1.1. */
export function createDataPlane(config: ProxyConfig, tls?: TlsPair, front?: (traffic: Traffic) => Front): DataPlane {
  return new Plane(config, tls, front);
}
