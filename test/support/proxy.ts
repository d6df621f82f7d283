// How do tests put a data plane between a raw client and a raw replica?
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Backend, Route } from "../../src/core/split.ts";
import { weight } from "../../src/core/units.ts";
import { PROXY_DEFAULTS, type ProxyConfig } from "../../src/proxy/config.ts";
import type { DataPlane, TlsPair } from "../../src/proxy/data-plane.ts";
import { createDataPlane } from "../../src/proxy/plane.ts";

/** What a replica does with each piece of bytes that arrives. */
type Behaviour = (socket: Socket, bytes: string, replica: RawReplica) => void;

/** A replica that records every byte and answers as it is told. */
export interface RawReplica {
  readonly port: number;
  readonly backend: Backend;
  /** All bytes received, of all connections. */
  seen: string;
  /** Connections made so far, and those that have ended. */
  opened: number;
  closed: number;
  readonly sockets: Set<Socket>;
  behave: Behaviour;
  /** Forgets what was seen and closes all connections. */
  clear(): void;
  close(): Promise<void>;
}

/** A whole answer with a body. */
export const answer = (body: string, head = "HTTP/1.1 200 OK"): string =>
  `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** Answers each head with its path: enough for requests without a body. */
export const echoPath: Behaviour = (socket, bytes) => {
  for (const [, path] of bytes.matchAll(/^[A-Z]+ (\S+) HTTP\/1\.1\r\n/gm)) socket.write(answer(path ?? ""));
};

const listen = (server: Server): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
  });

export async function replica(name: string, behave: Behaviour = echoPath): Promise<RawReplica> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    self.opened += 1;
    socket.on("error", () => undefined);
    socket.on("close", () => {
      sockets.delete(socket);
      self.closed += 1;
    });
    socket.on("data", (data: Buffer) => {
      const bytes = data.toString("latin1");
      self.seen += bytes;
      self.behave(socket, bytes, self);
    });
  });
  const port = await listen(server);
  const self: RawReplica = {
    port,
    backend: { replica: name, host: "127.0.0.1", port },
    seen: "",
    opened: 0,
    closed: 0,
    sockets,
    behave,
    clear() {
      self.seen = "";
      for (const socket of sockets) socket.destroy();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
  return self;
}

/** Settings as tests write them: only what matters, one level deep. */
export interface Settings {
  readonly timeouts?: Readonly<Record<string, number>>;
  readonly limits?: Partial<ProxyConfig["limits"]>;
  readonly circuit?: Readonly<Record<string, number>>;
  readonly rest?: Partial<ProxyConfig>;
  readonly tls?: TlsPair;
}

export function configOf(settings: Settings = {}): ProxyConfig {
  const { timeouts, limits, circuit } = PROXY_DEFAULTS;
  return {
    ...PROXY_DEFAULTS,
    host: "127.0.0.1",
    port: 0,
    ...settings.rest,
    timeouts: { ...timeouts, ...settings.timeouts },
    limits: { ...limits, ...settings.limits },
    circuit: { ...circuit, ...settings.circuit },
  };
}

/** A route with `canaryPercent` of the traffic for the second list of replicas. */
export function route(stable: readonly Backend[], canary: readonly Backend[] = [], canaryPercent = 0): Route {
  const share = weight(canaryPercent * 10_000);
  return {
    split: { weights: { stable: weight(1_000_000 - share), canary: share } },
    pools: { stable: { pool: "v1", backends: stable }, canary: { pool: "v2", backends: canary } },
  };
}

export interface Started {
  readonly plane: DataPlane;
  readonly port: number;
  /** Of the second address. */
  readonly preview?: number | undefined;
}

/** A listening data plane under this route. */
export async function started(initial: Route, settings: Settings = {}): Promise<Started> {
  const plane = createDataPlane(configOf(settings), settings.tls);
  plane.setRoute(initial);
  const { port, preview } = await plane.listen(false);
  return { plane, port, preview };
}

/** A client's connection that collects what it gets. */
export class RawClient {
  text = "";
  ended = false;
  reset = false;
  closed = false;
  readonly socket: Socket;

  constructor(port: number) {
    this.socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    this.socket.on("data", (data: Buffer) => (this.text += data.toString("latin1")));
    this.socket.on("end", () => {
      this.ended = true;
      this.socket.end();
    });
    this.socket.on("error", () => (this.reset = true));
    this.socket.on("close", () => (this.closed = true));
  }

  send(bytes: string): this {
    this.socket.write(bytes, "latin1");
    return this;
  }

  /** Resolves once the text holds this. */
  async got(part: string | RegExp): Promise<string> {
    await until(
      () => (typeof part === "string" ? this.text.includes(part) : part.test(this.text)),
      () => this.text,
    );
    return this.text;
  }

  /** Resolves once the connection has ended. */
  async over(): Promise<string> {
    await until(
      () => this.closed,
      () => `still open: ${this.text}`,
    );
    return this.text;
  }

  get statuses(): string[] {
    return [...this.text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map((match) => match[1] ?? "");
  }
}

/** Waits for something that other parts bring about. */
export async function until(condition: () => boolean, story: () => string = () => ""): Promise<void> {
  const end = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`did not happen: ${String(condition)} ${story()}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export const get = (path = "/a", fields = ""): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n${fields}\r\n`;
