// Which replicas print metrics pages for the tests, and which misbehave?
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { RunningPool } from "../../../src/core/world.ts";

/** What one replica has counted so far. */
export interface Counted {
  startSeconds: number;
  orders: number;
  failures: number;
  held: number;
  slow: readonly [fast: number, middling: number, slow: number];
}

/** How a replica answers instead of with its page. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Some replicas of one pool, each a server on loopback. */
export class Pages {
  readonly counted: Counted[] = [];
  /** By replica number; a page where there is none. */
  readonly answers = new Map<number, Answer>();
  readonly asked: IncomingMessage["headers"][] = [];
  /** How often each replica was asked. */
  readonly scrapes: number[] = [];
  connections = 0;
  readonly #servers: Server[] = [];

  async start(size: number): Promise<void> {
    for (let number = 0; number < size; number += 1) {
      this.scrapes.push(0);
      this.counted.push({ startSeconds: 1_000 + number, orders: 0, failures: 0, held: 5, slow: [0, 0, 0] });
      const server = createServer((request, response) => {
        this.asked.push(request.headers);
        this.scrapes[number] = (this.scrapes[number] ?? 0) + 1;
        const answer = this.answers.get(number);
        if (answer) return answer(request, response);
        response.setHeader("content-type", "text/plain; version=0.0.4");
        response.end(this.page(number));
      });
      server.on("connection", () => (this.connections += 1));
      this.#servers.push(server);
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
    }
  }

  page(number: number): string {
    const { startSeconds, orders, failures, held, slow } = this.#of(number);
    const upTo = slow.map((_, index) => slow.slice(0, index + 1).reduce((sum, count) => sum + count, 0));
    return `# TYPE process_start_time_seconds gauge
process_start_time_seconds ${startSeconds}
# TYPE orders_total counter
orders_total{result="paid"} ${orders}
orders_total{result="failed"} ${failures}
# TYPE held gauge
held{what="cart"} ${held}
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} ${upTo[0]}
took_seconds_bucket{le="1"} ${upTo[1]}
took_seconds_bucket{le="+Inf"} ${upTo[2]}
took_seconds_sum 3.5
took_seconds_count ${upTo[2]}
`;
  }

  work(): void {
    for (const one of this.counted) {
      one.orders += 3;
      one.failures += 1;
      one.held += 1;
      one.slow = [one.slow[0] + 2, one.slow[1] + 1, one.slow[2] + 1];
    }
  }

  restart(number: number): void {
    Object.assign(this.#of(number), { orders: 0, failures: 0, held: 5, slow: [0, 0, 0] });
    this.#of(number).startSeconds += 100;
  }

  pools(): readonly RunningPool[] {
    const replicas = this.#servers.map((server, number) => {
      const { port } = server.address() as AddressInfo;
      return { id: `a-${number}`, host: "127.0.0.1", port, state: "ready" as const, restarts: 0 };
    });
    return [{ pool: "a", revision: "r", replicas }];
  }

  port(number: number): number {
    return this.pools()[0]?.replicas[number]?.port ?? 0;
  }

  async stop(): Promise<void> {
    for (const server of this.#servers) {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    }
  }

  #of(number: number): Counted {
    const counted = this.counted[number];
    if (!counted) throw new Error(`there is no replica ${number}`);
    return counted;
  }
}
