// What do Envoys carry when something goes wrong: a refusal, a restart, an Envoy that is away or hangs?
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { shareOf, type RoutePool } from "../../src/core/split.ts";
import { weightOf } from "../../src/core/units.ts";
import { SystemClockAhead } from "../envoy/clock.ts";
import { call, Edge, shared, statOf, whole, type Service } from "../envoy/edge.ts";
import { adminText, NO_ENVOY, startEnvoy, until, type RunningEnvoy } from "../envoy/place.ts";
import { freePort, Load } from "../proxy/parts.ts";

let edge: Edge;
let clock: SystemClockAhead;

beforeEach(async () => {
  clock = new SystemClockAhead();
  edge = await Edge.open(clock);
});

afterEach(async () => {
  await edge.close();
});

const pool = (name: string): Promise<RoutePool> => edge.backends.pool(name, 1);
const pair = async () => ({ stable: await pool("stable"), canary: await pool("canary") });
const why = async (service: Service): Promise<string> => {
  const observed = await service.router.observe(call());
  return observed.kind === "unreadable" ? observed.why : observed.kind;
};

async function refusal(promise: Promise<void>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (found: unknown) => found,
  );
  if (error instanceof Error) return error.message;
  throw new Error("it was not refused");
}

/** How many answers Envoy got on its stream, by kind. */
async function updates(envoy: RunningEnvoy): Promise<readonly string[]> {
  const text = await adminText(envoy, "/stats?filter=update_success|lds.update|cds.update|config_reload$");
  return text.split("\n").filter((line) => /(?:update_success|config_reload): [1-9]/u.test(line));
}

describe.skipIf(NO_ENVOY)("a configuration that an Envoy refuses", () => {
  test("is told in its words; the last one goes on, also for an Envoy that comes, and the next good one is taken", async () => {
    const service = await edge.service("shop");
    await edge.envoy();
    const pools = await pair();
    await service.apply(shared(pools, 0.5));
    const load = new Load(service.port, 2);
    // Envoy's expressions are those of RE2, which has no such repetition.
    const bad = { when: [{ on: "path" as const, is: { regex: "(?:a{1,1000}){1,1000}" } }], to: "canary" as const };
    const message = await refusal(service.apply(shared(pools, 1, { matches: [bad] })));
    expect(message).toContain("SERIN_ROUTE_REFUSED");
    expect(message).toMatch(/repetition|regex/u);
    await until(async () => (await why(service)) === "value", "the last good is seen");
    expect((await service.carried()).split.weights).toEqual({ canary: weightOf(0.5), stable: weightOf(0.5) });
    await until(() => load.replicas.size === 2, "both answer");
    await load.stop();
    expect([load.bad, load.lost]).toEqual([[], []]);
    const second = await edge.envoy({ id: "edge-2" });
    await until(async () => (await statOf(second, "listener_manager.total_listeners_active")) === 1, "it listens");
    await until(async () => (await why(service)) === "value", "it has the last good one");
    await service.apply(shared(pools, 1));
    expect((await service.get()).text).toBe("canary-0");
  });

  test("may be an address that is taken: another service's route is not held up", async () => {
    const good = await edge.service("good");
    const envoy = await edge.envoy();
    const pools = await pair();
    await good.apply(whole(pools.stable));
    const bad = await edge.service("bad", { listen: envoy.admin });
    const message = await refusal(bad.apply(whole(pools.canary)));
    expect(message).toContain("SERIN_ROUTE_REFUSED");
    expect(message).toContain(String(envoy.admin));
    expect(await why(bad)).toBe("absent");
    await good.apply(shared(pools, 1));
    expect((await good.get()).text).toBe("canary-0");
    const moved = await edge.service("good", { listen: envoy.admin });
    await refusal(moved.apply(shared(pools, 1)));
    expect((await good.get()).text).toBe("canary-0");
    await until(async () => (await why(good)) === "value", "it is where it was");
    expect((await good.carried()).address).toBe(`http://127.0.0.1:${good.port}`);
  });

  test("by one of two Envoys is taken back at the other", async () => {
    const service = await edge.service("shop");
    const first = await edge.envoy();
    await edge.envoy({ id: "edge-2" });
    const pools = await pair();
    await service.apply(whole(pools.stable));
    // The first one's admin page: the other listens there, too, as nothing keeps it from doing so but the first.
    const moved = await edge.service("shop", { listen: first.admin });
    await refusal(moved.apply(whole(pools.canary)));
    await until(async () => (await why(service)) === "value", "both are back");
    for (let asked = 0; asked < 10; asked += 1) expect((await service.get()).text).toBe("stable-0");
  });
});

describe.skipIf(NO_ENVOY)("a controller that starts again", () => {
  test.each(["delta", "state"] as const)(
    "tells by %s nothing that is known, and leaves shares and users",
    async (protocol) => {
      const service = await edge.service("shop");
      const envoy = await edge.envoy({ protocol });
      const pools = await pair();
      await service.apply(shared(pools, 0.1));
      await service.apply(shared(pools, 0.3));
      const before = await updates(envoy);
      const load = new Load(service.port, 2);
      await edge.again();
      const again = await edge.service("shop", { listen: service.port });
      await until(async () => (await why(again)) === "value", "it is seen");
      expect((await again.carried()).split.weights).toEqual({ canary: weightOf(0.3), stable: weightOf(0.7) });
      await again.apply(shared(pools, 0.3));
      // The older form lists all there is to whoever comes.
      const after = protocol === "delta" ? await updates(envoy) : before;
      expect(after).toEqual(before);
      await load.stop();
      expect([load.bad, load.lost]).toEqual([[], []]);
      const hits = load.replicas.get("canary-0") ?? 0;
      expect(Math.abs(hits - load.ok * 0.3)).toBeLessThanOrEqual(6 * Math.sqrt(load.ok * 0.21));
      await again.apply(shared(pools, 1));
      expect((await again.get()).text).toBe("canary-0");
    },
  );

  test("goes on with what was written down and never sent", async () => {
    const service = await edge.service("shop");
    const envoy = await edge.envoy();
    const pools = await pair();
    await service.apply(shared(pools, 0));
    // Its Envoy is gone at the moment, so that nobody can be told.
    await envoy.end();
    await until(async () => (await why(service)).includes("no Envoy"), "it is missed");
    expect(await refusal(service.apply(shared(pools, 1), 500))).toContain("SERIN_ENVOY_MISSING");
    await edge.again();
    const again = await edge.service("shop", { listen: service.port });
    await edge.envoy();
    await until(async () => (await why(again)) === "value", "it is seen");
    expect(shareOf((await again.carried()).split.weights, "canary")).toBe(weightOf(1));
    expect((await again.get()).text).toBe("canary-0");
  });

  test("leaves a service alone whose file says nothing, until it is asked for again", async () => {
    const [a, b] = [await edge.service("a"), await edge.service("b")];
    await edge.envoy();
    const pools = await pair();
    await a.apply(whole(pools.stable));
    await b.apply(whole(pools.canary));
    writeFileSync(join(edge.dir, "services", "a", "envoy.json"), "{");
    await edge.again();
    const [again, other] = [await edge.service("a", { listen: a.port }), await edge.service("b", { listen: b.port })];
    await until(
      async () => (await why(other)) === "value" || (await why(other)).includes("listen"),
      "b's Envoy is back",
    );
    expect((await a.get()).text).toBe("stable-0");
    await again.apply(whole(pools.stable));
    await until(async () => (await why(other)) === "value", "b is seen");
    expect((await a.get()).text).toBe("stable-0");
    expect((await b.get()).text).toBe("canary-0");
  });
});

describe.skipIf(NO_ENVOY)("an Envoy", () => {
  test("that is away counts with what it had, for a minute", async () => {
    const service = await edge.service("shop");
    await edge.envoy();
    const second = await edge.envoy({ id: "edge-2" });
    const pools = await pair();
    await service.apply(shared(pools, 0.2));
    await second.end();
    await until(async () => (await adminText(second, "/ready").catch(() => "")) === "", "it is gone");
    await service.apply(shared(pools, 0.4));
    await until(async () => (await why(service)) === "value", "it is seen");
    expect(shareOf((await service.carried()).split.weights, "canary")).toBe(weightOf(0.2));
    clock.ahead(61_000);
    expect(shareOf((await service.carried()).split.weights, "canary")).toBe(weightOf(0.4));
    const again = await edge.envoy({ id: "edge-2" });
    await until(async () => (await statOf(again, "listener_manager.total_listeners_active")) === 1, "it listens");
    await until(async () => (await why(service)) === "value", "it has what the other has");
    expect(shareOf((await service.carried()).split.weights, "canary")).toBe(weightOf(0.4));
  });

  test("that hangs holds up the service's change, and is seen to be behind; another call ends it", async () => {
    const service = await edge.service("shop");
    const envoy = await edge.envoy();
    const pools = await pair();
    await service.apply(shared(pools, 0.2));
    envoy.child.kill("SIGSTOP");
    expect(await refusal(service.apply(shared(pools, 0.6), 300))).toContain("SERIN_ENVOY_SLOW");
    expect(shareOf((await service.carried()).split.weights, "canary")).toBe(weightOf(0.2));
    // Rules change the routes: of a service that waits for its turn nothing is changed when its call ends.
    const other = await edge.service("other");
    const [slow, waiting] = await Promise.allSettled([
      service.apply(shared(pools, 0.6, { matches: [{ when: [{ on: "method", is: ["PUT"] }], to: "canary" }] }), 600),
      other.apply(whole(pools.stable), 300),
    ]);
    expect([slow.status, waiting.status]).toEqual(["rejected", "rejected"]);
    envoy.child.kill("SIGCONT");
    await service.apply(shared(pools, 0.6));
    expect(shareOf((await service.carried()).split.weights, "canary")).toBe(weightOf(0.6));
    await other.apply(whole(pools.stable));
    expect((await other.get()).text).toBe("stable-0");
  });

  test("that has the name of another one is noticed", async () => {
    const service = await edge.service("shop");
    await edge.envoy();
    const twin = await startEnvoy({ dir: join(edge.dir, "twin"), control: { host: "127.0.0.1", port: edge.xds } });
    const pools = await pair();
    await service.apply(shared(pools, 0.2));
    await until(async () => (await statOf(twin, "listener_manager.total_listeners_active")) === 1, "both listen");
    await service.apply(shared(pools, 0.3));
    await until(async () => (await why(service)).includes("are called edge-1"), "it is said");
    await service.apply(shared(pools, 0.4));
    await twin.end();
    await until(async () => (await why(service)) === "value", "one is left");
    expect(shareOf((await service.carried()).split.weights, "canary")).toBe(weightOf(0.4));
  });

  test("lets a request end at a replica that leaves, which is busy until then", async () => {
    const service = await edge.service("shop", { drain: "1s" });
    await edge.envoy();
    const pools = await pair();
    await service.apply(shared(pools, 1));
    edge.backends.delayMs = 700;
    const long = service.get();
    await until(() => edge.backends.open === 1, "it is under way");
    await service.apply(whole(pools.stable));
    expect((await service.carried()).busy).toContain("canary-0");
    const got = await long;
    expect([got.status, got.text]).toEqual([200, "canary-0"]);
    clock.ahead(1_100);
    expect((await service.carried()).busy).toEqual(["stable-0"]);
  });
});

describe.skipIf(NO_ENVOY)("two services", () => {
  test("that change at once on one address both get there", async () => {
    const listen = await freePort();
    const all = await Promise.all(
      Array.from({ length: 6 }, (_, at) => edge.service(`s${at}`, { listen, hosts: [`s${at}.example.org`] })),
    );
    await edge.envoy();
    const pools = await pair();
    await Promise.all(all.map((service) => service.apply(shared(pools, 0.5))));
    await Promise.all(all.map((service, at) => service.apply(at % 2 ? shared(pools, 1) : whole(pools.stable))));
    for (const [at, service] of all.entries()) {
      expect((await service.get("/", { host: `s${at}.example.org` })).text).toBe(at % 2 ? "canary-0" : "stable-0");
      expect(await why(service)).toBe("value");
    }
  });
});
