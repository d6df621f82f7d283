// What do the clients of the demo's shop do, and what do they see?
import { Agent, request } from "node:http";

/** What clients saw of one version. */
export interface Seen {
  requests: number;
  /** Answered with 5xx by the version itself. */
  errors: number;
}

/** Requests on their way to an address, at a steady rate, until stopped. */
export class Load {
  /** By version, as the answers name it. */
  readonly seen = new Map<string, Seen>();
  /** Requests that no version answered: refused, reset, timed out, or answered by the proxy in its own name. */
  lost = 0;
  private readonly agent = new Agent({ keepAlive: true, maxSockets: 256 });
  private readonly timer: NodeJS.Timeout;
  private open = 0;
  private due = 0;
  private last = performance.now();

  /** Begins at once. `rate` is in requests a second; more than `most` are never open at once. */
  constructor(address: string, { rate, most }: { rate: number; most: number }) {
    this.timer = setInterval(() => {
      const now = performance.now();
      this.due = Math.min(this.due + ((now - this.last) / 1_000) * rate, most);
      this.last = now;
      for (; this.due >= 1 && this.open < most; this.due -= 1) this.send(`${address}/buy`);
    }, 5);
  }

  /** Sends no more and waits for the answers that are still open, at most five seconds. */
  async stop(): Promise<void> {
    clearInterval(this.timer);
    const until = performance.now() + 5_000;
    while (this.open > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 20));
    this.agent.destroy();
  }

  private send(url: string): void {
    this.open += 1;
    const outgoing = request(url, { agent: this.agent, timeout: 10_000 }, (answer) => {
      const version = answer.headers["x-shop-version"];
      answer.resume();
      answer.on("end", () => this.count(typeof version === "string" ? version : undefined, answer.statusCode ?? 0));
      answer.on("error", () => this.count(undefined, 0));
    });
    outgoing.on("timeout", () => outgoing.destroy());
    outgoing.on("error", () => this.count(undefined, 0));
    outgoing.end();
  }

  private count(version: string | undefined, status: number): void {
    this.open -= 1;
    if (version === undefined) {
      this.lost += 1;
      return;
    }
    const seen = this.seen.get(version) ?? { requests: 0, errors: 0 };
    seen.requests += 1;
    if (status >= 500) seen.errors += 1;
    this.seen.set(version, seen);
  }
}
