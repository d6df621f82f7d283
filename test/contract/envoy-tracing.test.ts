// Do spans of Envoys say who answered, and in which role?
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Edge, shared, whole } from "../envoy/edge.ts";
import { NO_ENVOY, until } from "../envoy/place.ts";

let edge: Edge;
let collector: Server;
let bodies: { path: string; type: string; body: Buffer }[] = [];

beforeEach(async () => {
  edge = await Edge.open();
  bodies = [];
  collector = createServer((asked, answer) => {
    const parts: Buffer[] = [];
    asked.on("data", (part: Buffer) => parts.push(part));
    asked.on("end", () => {
      bodies.push({ path: asked.url ?? "", type: asked.headers["content-type"] ?? "", body: Buffer.concat(parts) });
      answer.end();
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, "127.0.0.1", resolve));
});

afterEach(async () => {
  collector.close();
  collector.closeAllConnections();
  await edge.close();
});

const at = (path: string): string => `http://127.0.0.1:${(collector.address() as AddressInfo).port}${path}`;

/** All that was sent so far; a request's span comes within seconds. */
const told = (): string => bodies.map(({ body }) => body.toString("latin1")).join("\n");

/** What the next span says that has not been told before. */
async function next(ask: () => Promise<unknown>, words: readonly string[]): Promise<void> {
  bodies = [];
  await ask();
  await until(() => words.every((word) => told().includes(word)), `a span with ${words.join(", ")}`);
}

describe.skipIf(NO_ENVOY)("spans", () => {
  test.each(["otlp", "zipkin"])(
    "by %s tell role, pool and replica, and the role changes with a promotion",
    async (kind) => {
      const path = kind === "otlp" ? "/v1/traces" : "/api/v2/spans";
      const service = await edge.service("shop", { tracing: { [kind]: at(path), service: "front" } });
      await edge.envoy();
      const stable = await edge.backends.pool("old", 1);
      const canary = await edge.backends.pool("new", 1);
      await service.apply(whole(stable));
      await next(
        () => service.get("/a"),
        ["serin.role", "stable", "serin.pool", "old", "serin.replica", "old-0", "front"],
      );
      expect(new Set(bodies.map((one) => one.path))).toEqual(new Set([path]));
      expect(bodies[0]?.type).toBe(kind === "otlp" ? "application/x-protobuf" : "application/json");
      await service.apply(shared({ stable, canary }, 1));
      await next(() => service.get("/b"), ["serin.role", "canary", "new-0"]);
      // The candidate is what is stable from now on: the same replica has another role.
      await service.apply(whole(canary));
      await next(() => service.get("/c"), ["serin.role", "stable", "new-0"]);
    },
  );

  test("are made of the share that is asked, and of requests that somebody upstream has decided on", async () => {
    const service = await edge.service("shop", { tracing: { zipkin: at("/api/v2/spans"), sample: "0%" } });
    await edge.envoy();
    await service.apply(whole(await edge.backends.pool("old", 1)));
    for (let sent = 0; sent < 20; sent += 1) await service.get("/none");
    const trace = "463ac35c9f6413ad48485a3953bb6124";
    const decided = { "x-b3-traceid": trace, "x-b3-spanid": "0020000000000001", "x-b3-sampled": "1" };
    await next(() => service.get("/some", decided), [trace, "/some"]);
    expect(told()).not.toContain("/none");
  });
});
