// Which replicas does a test of Envoys need that are not all well?
import { createServer, type RequestListener } from "node:http";
import { createSecureServer, createServer as createHttp2Server, type Http2ServerRequest } from "node:http2";
import { readFileSync } from "node:fs";
import type { AddressInfo, Server as NetServer } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Backend, RoutePool } from "../../src/core/split.ts";
import type { Pair } from "./certificates.ts";

/** A replica that a test tells what to do. */
export class Replica {
  readonly name: string;
  readonly server: NetServer;
  status = 200;
  healthStatus = 200;
  delayMs = 0;
  /** Does not answer at all. */
  silent = false;
  /** Closes the connection without an answer. */
  cut = false;
  requests = 0;
  open = 0;
  mostOpen = 0;
  /** What the last requests were like: path, host, version of HTTP, name in the client's certificate. */
  readonly seen: { path: string; host: string; http: string; client: string | undefined }[] = [];
  readonly #sockets = new Set<{ destroy(): unknown }>();
  #port = 0;

  constructor(name: string, make: (listener: RequestListener) => NetServer = (listener) => createServer(listener)) {
    this.name = name;
    this.server = make((asked, answer) => this.#answer(asked, answer));
    this.server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(this.#port, "127.0.0.1", resolve));
    this.#port = (this.server.address() as AddressInfo).port;
    return this;
  }

  get backend(): Backend {
    return { replica: this.name, host: "127.0.0.1", port: this.#port };
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#sockets.size;
  }

  close(): void {
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #answer(asked: Parameters<RequestListener>[0], answer: Parameters<RequestListener>[1]): void {
    const path = asked.url ?? "";
    const { authority } = asked as unknown as Http2ServerRequest;
    const socket = asked.socket as TLSSocket;
    const subject = typeof socket.getPeerCertificate === "function" ? socket.getPeerCertificate().subject : undefined;
    const client = typeof subject?.CN === "string" ? subject.CN : undefined;
    if (path === "/healthz") {
      this.seen.push({ path, host: asked.headers.host ?? authority, http: asked.httpVersion, client });
      answer.statusCode = this.healthStatus;
      return void answer.end();
    }
    this.seen.push({ path, host: asked.headers.host ?? authority, http: asked.httpVersion, client });
    asked.resume();
    this.requests += 1;
    this.mostOpen = Math.max(this.mostOpen, ++this.open);
    answer.once("close", () => (this.open -= 1));
    if (this.silent) return;
    if (this.cut) return void asked.socket.destroy();
    const end = (): void => {
      answer.statusCode = this.status;
      answer.end(this.name);
    };
    if (this.delayMs > 0) setTimeout(end, this.delayMs);
    else end();
  }
}

/** Replicas by what they speak. */
export const speaking = {
  http2: (listener: RequestListener): NetServer => createHttp2Server(listener as never),
  tls:
    (pair: Pair, ca: string) =>
    (listener: RequestListener): NetServer =>
      createSecureServer(
        {
          cert: readFileSync(pair.cert),
          key: readFileSync(pair.key),
          ca: readFileSync(ca),
          requestCert: true,
          rejectUnauthorized: false,
          allowHTTP1: true,
        },
        listener as never,
      ),
};

export const poolOf = (pool: string, ...replicas: readonly Replica[]): RoutePool => ({
  pool,
  backends: replicas.map(({ backend }) => backend),
});
