// Which port does a replica listen on?
import { randomInt } from "node:crypto";
import { connect, createServer } from "node:net";
import { SerinError } from "../../core/issues.ts";

/** Below the ports that systems give to outgoing connections, so that none of those takes one away. */
const FIRST = 20_000;
const COUNT = 10_000;

/** Hands out ports. One for all services of a controller; two controllers begin at random places. */
export class Ports {
  readonly #taken = new Set<number>();
  #next = randomInt(COUNT);

  /**
   * A port on which nobody listens and that no replica of this controller has. They are handed out in turn, so that one
   * comes again as late as possible: a router that has not heard yet must not reach another revision there.
   */
  async take(host: string): Promise<number> {
    for (let tries = 0; tries < COUNT; tries += 1) {
      const port = FIRST + this.#next;
      this.#next = (this.#next + 1) % COUNT;
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await isFree(host, port)) return port;
      this.#taken.delete(port);
    }
    throw new SerinError({
      code: "SERIN_NO_PORT",
      what: `No port is free on ${host} for another replica.`,
      found: `all of ${FIRST} to ${FIRST + COUNT - 1} are in use, or nothing can listen on ${host}`,
      now: "No replica was started; the running ones go on as before.",
      next: "End what uses these ports, or correct the host.",
    });
  }

  /** Keeps a port that a replica has already. */
  keep(port: number): void {
    this.#taken.add(port);
  }

  /** Gives back the port of a replica that is gone. */
  giveBack(port: number): void {
    this.#taken.delete(port);
  }
}

/** The ports of this controller, shared by all of its services. */
export const PORTS = new Ports();

/** Whether a process could listen there now. */
export async function isFree(host: string, port: number): Promise<boolean> {
  if (!(await canListen(host, port))) return false;
  // Elsewhere than on Linux one may listen on an address although someone listens on the port of all addresses.
  return process.platform === "linux" || !(await answers(host, port));
}

function canListen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.setTimeout(500, () => end(false));
  });
}
