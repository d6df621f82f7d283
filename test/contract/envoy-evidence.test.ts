// Does what Envoys count add up, by each way, also when one of them or the controller starts again?
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { increments, type Counters } from "../../src/core/evidence.ts";
import { countOf } from "../../src/core/histogram.ts";
import { call, Edge, statOf, whole, type Service } from "../envoy/edge.ts";
import { NO_ENVOY, until } from "../envoy/place.ts";
import { poolOf, Replica } from "../envoy/replicas.ts";

let edge: Edge;
let replica: Replica;

beforeEach(async () => {
  edge = await Edge.open();
  replica = await new Replica("one-0").listen();
});

afterEach(async () => {
  replica.close();
  await edge.close();
});

/** What a controller adds up, who reads now and then. */
class Sum {
  requests = 0;
  failed = 0;
  clientErrors = 0;
  #last: Counters | undefined;

  async read({ metrics }: Service): Promise<this> {
    const found = await metrics.read(call());
    if (found.kind !== "value") return this;
    for (const more of increments(this.#last, found.value)) {
      this.requests += more.requests;
      this.failed += more.failed;
      this.clientErrors += more.clientErrors;
    }
    this.#last = found.value;
    return this;
  }
}

async function send(service: Service, statuses: readonly number[]): Promise<void> {
  for (const status of statuses) {
    replica.status = status;
    await service.get();
  }
}

/** How many requests were timed. */
async function latencies({ metrics }: Service): Promise<number> {
  const found = await metrics.read(call());
  if (found.kind !== "value") return 0;
  return found.value.series.reduce((total, { latency }) => total + countOf(latency), 0);
}

const SOME = [200, 200, 404, 500, 200, 201, 503, 200];

describe.skipIf(NO_ENVOY)("evidence", () => {
  test.each(["access-log", "metrics-stream", "admin"])("by %s", async (evidence) => {
    const written = { evidence, circuit: { consecutiveFailures: 1000 }, retries: { tries: 0 } };
    const service = await edge.service("shop", written);
    const statistics = evidence === "metrics-stream";
    const envoy = await edge.envoy({ statistics });
    await service.apply(whole(poolOf("one", replica)));
    const sum = new Sum();
    const counted = async (of: Service, times: number) => {
      await until(async () => (await sum.read(of)).requests >= times * SOME.length, `${times} times`);
      const { requests, failed, clientErrors } = await sum.read(of);
      expect([requests, failed, clientErrors]).toEqual([times * SOME.length, times * 2, times]);
    };
    // Some requests may be too quick to be timed at all, and what was begun at one reading ends at the next.
    const timed = async (times: number) => {
      const all = times * SOME.length;
      await until(async () => (await latencies(service)) >= all / 2, "latencies");
      expect(await latencies(service)).toBeLessThanOrEqual(all);
    };
    await send(service, SOME);
    await counted(service, 1);
    await send(service, SOME);
    await counted(service, 2);
    await timed(2);
    // By its uptime, in whole seconds, one is told from the next.
    await until(async () => (await statOf(envoy, "server.uptime")) >= 3, "it has been up for a while");
    await send(service, [200]);
    await until(async () => (await sum.read(service)).requests === 2 * SOME.length + 1, "one more");
    await envoy.end();
    await until(async () => (await service.router.observe(call())).kind === "unreadable", "it is missed");
    await edge.envoy({ statistics });
    await until(async () => (await service.router.observe(call())).kind === "value", "it is back");
    await send(service, [...SOME, ...SOME].slice(1));
    await counted(service, 4);
    await edge.again();
    const again = await edge.service("shop", { ...written, listen: service.port });
    await until(async () => (await again.router.observe(call())).kind === "value", "it is seen");
    // What was counted before the first reading is what the earlier controller has told.
    await until(async () => (await again.metrics.read(call())).kind === "value", "it is counted");
    await sum.read(again);
    await send(again, SOME);
    await counted(again, 5);
  });
});
