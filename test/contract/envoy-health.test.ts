// Do Envoys leave replicas alone that are not well, and try again where that helps?
import { Agent } from "node:http";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { call, Edge, shared, statOf, whole, type Service, type WrittenSpec } from "../envoy/edge.ts";
import { NO_ENVOY, until, type RunningEnvoy } from "../envoy/place.ts";
import { poolOf, Replica } from "../envoy/replicas.ts";
import { Client, Load } from "../proxy/parts.ts";

let edge: Edge;
let envoy: RunningEnvoy;
let replicas: Replica[] = [];

beforeEach(async () => {
  edge = await Edge.open();
});

afterEach(async () => {
  for (const replica of replicas) replica.close();
  replicas = [];
  await edge.close();
});

async function start(name: string): Promise<Replica> {
  const one = await new Replica(name).listen();
  replicas.push(one);
  return one;
}

/** A service with so many replicas, which an Envoy carries. */
async function serve(written: WrittenSpec, size: number): Promise<{ service: Service; own: readonly Replica[] }> {
  const service = await edge.service("shop", written);
  envoy = await edge.envoy();
  const own = await Promise.all(Array.from({ length: size }, (_, at) => start(`one-${at}`)));
  await service.apply(whole(poolOf("one", ...own)));
  return { service, own };
}

function first([one]: readonly Replica[]): Replica {
  if (!one) throw new Error("there is no replica");
  return one;
}

async function statuses(service: Service, count: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let sent = 0; sent < count; sent += 1) found.push((await service.get()).status);
  return found;
}

const answers = async (service: Service, count: number): Promise<ReadonlySet<string>> => {
  const found = new Set<string>();
  for (let sent = 0; sent < count; sent += 1) found.add((await service.get()).text);
  return found;
};

/** Requests at once, each on a connection of its own. */
async function atOnce(port: number, count: number): Promise<readonly number[]> {
  const clients = Array.from({ length: count }, () => new Client(port, new Agent({ keepAlive: false })));
  const got = await Promise.all(clients.map((client) => client.get("/")));
  for (const client of clients) client.close();
  return got.map(({ status }) => status);
}

describe.skipIf(NO_ENVOY)("health checks", () => {
  const healthCheck = { path: "/healthz", every: "50ms", timeout: "5s", unhealthy: 2, healthy: 2 };

  test("take a replica out that says it is not well, and bring it back", async () => {
    const { service, own } = await serve({ healthCheck, hosts: ["shop.example.org", "*"] }, 3);
    await until(() => first(own).seen.length > 0, "a look");
    expect(first(own).seen[0]).toMatchObject({ path: "/healthz", host: "shop.example.org" });
    const healthy = () => statOf(envoy, "cluster.shop/one.membership_healthy");
    await until(() => own.every(({ seen }) => seen.length > 2), "looks at all");
    await until(async () => (await healthy()) === 3, "three are healthy");
    first(own).healthStatus = 503;
    await until(async () => (await healthy()) === 2, "two are healthy");
    // Its workers learn of it a moment later.
    await until(async () => (await answers(service, 20)).size === 2, "two answer");
    expect(await answers(service, 40)).toEqual(new Set(["one-1", "one-2"]));
    first(own).healthStatus = 200;
    await until(async () => (await answers(service, 20)).size === 3, "three answer");
  });

  test.each([
    ["with", { healthCheck }],
    ["without", {}],
  ])("a new pool %s them costs no request", async (_how, written) => {
    const { service, own } = await serve(written, 2);
    const load = new Load(service.port, 2);
    for (let round = 0; round < 15; round += 1) {
      const canary = await start(`two-${round}`);
      const pools = { stable: poolOf("one", ...own), canary: poolOf(`two${round}`, canary) };
      await service.apply(shared(pools, 0.5));
      await until(() => canary.requests > 20, "the canary has requests");
      await service.apply(whole(pools.stable));
    }
    const { bad, lost, ok } = await load.stop();
    expect(ok).toBeGreaterThan(100);
    expect(bad).toEqual([]);
    expect(lost).toEqual([]);
  });
});

describe.skipIf(NO_ENVOY)("the circuit", () => {
  test("leaves a replica alone after failures in a row, and asks it again later", async () => {
    const { service, own } = await serve({ circuit: { consecutiveFailures: 3, ejection: "300ms" } }, 2);
    first(own).status = 500;
    await until(async () => (await answers(service, 10)).size > 0 && first(own).requests >= 3, "three failures");
    await until(async () => {
      const before = first(own).requests;
      const found = await statuses(service, 20);
      return first(own).requests === before && found.every((status) => status === 200);
    }, "the replica gets no requests");
    expect(await statOf(envoy, "cluster.shop/one.outlier_detection.ejections_enforced_total")).toBeGreaterThan(0);
    first(own).status = 200;
    await until(async () => (await answers(service, 20)).size === 2, "it gets requests again");
  });

  test("answers 503 when too many wait, and keeps connections per replica", async () => {
    const circuit = { connections: 2, pending: 4, consecutiveFailures: 1000 };
    const { service, own } = await serve({ circuit, retries: { tries: 0 } }, 1);
    first(own).delayMs = 300;
    const found = await atOnce(service.port, 12);
    expect(first(own).mostOpen).toBeLessThanOrEqual(2);
    // Two are under way and four wait, also those for whom a connection is being made.
    expect(found.filter((status) => status === 503).length).toBeGreaterThanOrEqual(12 - 2 - 4);
    expect(found.filter((status) => status === 200).length).toBeGreaterThanOrEqual(4);
  });
});

describe.skipIf(NO_ENVOY)("retries", () => {
  test("find another replica when one does not take connections", async () => {
    const { service, own } = await serve({ retries: { tries: 1 }, circuit: { consecutiveFailures: 1000 } }, 2);
    first(own).close();
    expect(await statuses(service, 40)).toEqual(Array.from({ length: 40 }, () => 200));
  });

  test("are made after 5xx only where that is asked", async () => {
    const circuit = { consecutiveFailures: 1000 };
    const { service, own } = await serve({ retries: { tries: 1 }, circuit }, 2);
    first(own).status = 500;
    expect(await statuses(service, 30)).toContain(500);
    const asked = await edge.service("asked", { retries: { tries: 2, on: ["5xx"] }, circuit });
    await asked.apply(whole(poolOf("one", ...own)));
    expect(await statuses(asked, 40)).toEqual(Array.from({ length: 40 }, () => 200));
  });

  test("are made after the statuses that are named, and as often as is said", async () => {
    const retries = { tries: 3, on: ["retriable-status-codes"], statuses: [418] };
    const { service, own } = await serve({ retries, circuit: { consecutiveFailures: 1000 } }, 1);
    first(own).status = 418;
    expect((await service.get()).status).toBe(418);
    expect(first(own).requests).toBe(4);
  });
});

describe.skipIf(NO_ENVOY)("times", () => {
  test("an answer that takes too long is given up", async () => {
    const { service, own } = await serve({ timeouts: { response: "200ms" }, retries: { tries: 0 } }, 1);
    first(own).silent = true;
    const before = performance.now();
    expect((await service.get()).status).toBe(504);
    expect(performance.now() - before).toBeGreaterThanOrEqual(190);
  });

  test("a try that takes too long is made again at another replica", async () => {
    const timeouts = { response: "5s", try: "500ms" };
    const retries = { tries: 2, on: ["5xx"] };
    const { service, own } = await serve({ timeouts, retries, circuit: { consecutiveFailures: 1000 } }, 2);
    first(own).silent = true;
    expect(await statuses(service, 10)).toEqual(Array.from({ length: 10 }, () => 200));
  });

  test("a message without a byte is given up after idle, and a connection without a request is closed", async () => {
    const timeouts = { response: "10s", idle: "200ms", keepAlive: "200ms" };
    const { service, own } = await serve({ timeouts, retries: { tries: 0 } }, 1);
    first(own).silent = true;
    expect((await service.get()).status).toBeGreaterThanOrEqual(408);
    first(own).silent = false;
    await service.get();
    const closed = async () => (await statOf(envoy, `http.127.0.0.1:${service.port}.downstream_cx_active`)) === 0;
    await until(closed, "the client's connection is closed");
  });
});

describe.skipIf(NO_ENVOY)("balance", () => {
  test.each(["round-robin", "random", "least-request"])("%s reaches all", async (balance) => {
    const { service, own } = await serve({ balance }, 3);
    await statuses(service, 90);
    const counts = own.map(({ requests }) => requests);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(90);
    // Chance: five standard deviations of a binomial; in turn: as even as can be.
    const off = balance === "round-robin" ? 1 : 5 * Math.sqrt(90 * (1 / 3) * (2 / 3));
    for (const count of counts) expect(Math.abs(count - 30)).toBeLessThanOrEqual(off);
  });

  test("least-request spares a replica that is slow", async () => {
    const { service, own } = await serve({ balance: "least-request" }, 2);
    first(own).delayMs = 200;
    const load = new Load(service.port, 6);
    await until(() => (own[1]?.requests ?? 0) > 200, "the fast one has answered 200");
    await load.stop();
    expect(first(own).requests).toBeLessThan(100);
    expect((await service.metrics.read(call())).kind).toBe("value");
  });
});
