// Does every request end, whatever replicas and clients do?
import { describe, expect, it } from "vitest";
import {
  answer,
  echoPath,
  get,
  RawClient,
  replica,
  route,
  started,
  until,
  type RawReplica,
} from "../../test/support/proxy.ts";

const post = "POST /p HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc";
const dies: RawReplica["behave"] = (socket) => socket.destroy();
const broken: RawReplica["behave"] = (socket) => socket.write(answer("x", "HTTP/1.1 500 Oops"));
const silent: RawReplica["behave"] = () => undefined;

describe("after any mix of faults", () => {
  it("no request is left behind", async () => {
    let n = 0;
    const gone = await replica("d");
    const moods: readonly RawReplica["behave"][] = [
      echoPath,
      dies,
      silent,
      broken,
      (socket) => socket.write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
      (socket) => socket.end("HTTP/1.1 200 OK\r\n\r\nwhole"),
      (socket) => socket.write("HTTP/1.1 2"),
      (socket) => socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
    ];
    const moody: RawReplica["behave"] = (socket, bytes, self) => {
      n += 1;
      moods[(n * 7) % moods.length]?.(socket, bytes, self);
    };
    const ups = await Promise.all(["a", "b", "c"].map((name) => replica(name, moody)));
    const all = [...ups.map((one) => one.backend), gone.backend];
    await gone.close();
    const { plane, port } = await started(route(all.slice(0, 2), all.slice(2), 40), {
      timeouts: { responseMs: 80, idleMs: 80, headMs: 80, keepAliveMs: 200 },
      circuit: { connections: 3, pending: 5, consecutiveFailures: 3, ejectionMs: 50 },
    });
    const asks = [
      get("/1"),
      post,
      get("/2") + get("/3"),
      post.slice(0, -1),
      "GET /4 HTTP/1.1\r\nHo",
      get("/5", "Connection: Upgrade\r\nUpgrade: websocket\r\n"),
    ];
    const clients = Array.from({ length: 300 }, async (_, i) => {
      await new Promise((resolve) => setTimeout(resolve, i % 60));
      const client = new RawClient(port).send(asks[i % asks.length] ?? "");
      await new Promise((resolve) => setTimeout(resolve, (i * 13) % 40));
      if (i % 3 === 0) client.socket.destroy();
      else await client.over();
    });
    await Promise.all(clients);
    plane.setRoute(route([]));
    await until(() => plane.busy().length === 0);
    await until(() => ups.every((one) => one.sockets.size === 0));
    for (const { requests, failed } of plane.counters()) expect(requests).toBeGreaterThanOrEqual(failed);
    await plane.drain(0 as never);
    await Promise.all(ups.map((one) => one.close()));
  });
});
