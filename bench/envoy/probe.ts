// When does the answer change? A service's two sides and one client that asks all the time, in a process of their own.
//
// Tells the ports of both sides; then, once it knows where to ask, every change of the answer with the moment, in
// nanoseconds of the clock that all processes share.
import { Agent, createServer, get, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as after } from "node:timers/promises";

export interface Asked {
  readonly front: number;
  readonly host: string;
}

export type Told =
  | { readonly stable: number; readonly canary: number }
  | { readonly answer: string; readonly at: string };

const tell = (told: Told): void => void process.send?.(told);

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)));

const agent = new Agent({ keepAlive: true, maxSockets: 1 });

function ask({ front, host }: Asked): Promise<string> {
  return new Promise((resolve) => {
    const request = get({ host: "127.0.0.1", port: front, agent, headers: { host } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => (body += text));
      response.on("end", () => resolve(response.statusCode === 200 ? body : ""));
    });
    request.on("error", () => resolve(""));
  });
}

async function watch(asked: Asked): Promise<void> {
  let last = "";
  while (process.connected) {
    const answer = await ask(asked);
    if (answer !== "" && answer !== last) tell({ answer, at: String(process.hrtime.bigint()) });
    if (answer !== "") last = answer;
    await after(1);
  }
  process.exit(0);
}

const sides = ["stable", "canary"].map((name) => createServer((_request, answer) => answer.end(name)));
process.once("message", (asked: Asked) => void watch(asked));
const [stable = 0, canary = 0] = await Promise.all(sides.map(listen));
tell({ stable, canary });
