// Who is called in the tests of messages?
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request, whole. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real HTTP server that keeps what it gets. */
export class Receiver {
  readonly got: Received[] = [];
  /** Requests that are open. */
  open = 0;
  answer: (response: ServerResponse, request: Received) => void = (response) => response.end("thanks");
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      this.open += 1;
      response.once("close", () => (this.open -= 1));
      let body = "";
      request.setEncoding("utf8").on("data", (part: string) => (body += part));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        const received = { method, path, headers, body };
        this.got.push(received);
        this.answer(response, received);
      });
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}
