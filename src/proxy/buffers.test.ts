// Do connections that read into one buffer keep their bytes apart?
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import type { DataPlane } from "./data-plane.ts";
import { ms } from "../core/units.ts";
import { get, RawClient, replica, route, started, until, type RawReplica } from "../../test/support/proxy.ts";

/** More than the system keeps for a connection. */
const LARGE = 12_000_000;

interface Asked {
  readonly client: RawClient;
  readonly path: string;
  readonly size: number;
}

let origin: RawReplica | undefined;
let plane: DataPlane | undefined;
afterEach(async () => {
  await plane?.drain(ms(0));
  await origin?.close();
});

/** A body of its own for each path. */
const bodyOf = (path: string, size: number): string =>
  `${path};`.repeat(Math.ceil(size / (path.length + 1))).slice(0, size);

async function through(framing: "length" | "chunks"): Promise<number> {
  origin = await replica("a", (socket, bytes) => {
    const [, path = "", size = ""] = /^GET (\/(\d+)\/\d+) /.exec(bytes) ?? [];
    const body = bodyOf(path, Number(size));
    if (framing === "length") socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    else {
      const chunk = `${body.length.toString(16)}\r\n${body}\r\n`;
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`);
    }
  });
  const made = await started(route([origin.backend]));
  plane = made.plane;
  return made.port;
}

test.each(["length", "chunks"] as const)("many answers at once, of clients that read slowly (%s)", async (framing) => {
  const port = await through(framing);
  const ask = (size: number, i: number): Asked => {
    const path = `/${size}/${i}`;
    return { client: new RawClient(port).send(get(path)), path, size };
  };
  const large = [0, 1, 2].map((i) => ask(LARGE, i));
  for (const { client } of large) client.socket.pause();
  // Until the system takes no more for them: writes to these clients stay under way.
  await pause(300);
  const others = [10, 5_000, 20_000, 100_000].flatMap((size) => [0, 1, 2].map((i) => ask(size, i)));
  await until(() => others.every(({ client, size }) => client.text.length > size));
  for (const { client } of large) client.socket.resume();
  await until(() => large.every(({ client, size }) => client.text.length > size));
  const asked = [...large, ...others];
  for (const { client, path, size } of asked) {
    const [, body = ""] = client.text.split(/\r\n\r\n(?:[0-9a-f]+\r\n)?/);
    expect(body.slice(0, size) === bodyOf(path, size), path).toBe(true);
    client.socket.destroy();
  }
});
