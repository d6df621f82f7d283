// Do the sources of signals tell of real processes and real pages what is so?
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createExpositionSource } from "../../src/adapters/exposition/source.ts";
import { createVirtualClock } from "../../src/adapters/memory/clock.ts";
import { ms } from "../../src/core/units.ts";
import type { SignalWanted } from "../../src/core/signals.ts";
import { signalContract } from "../../src/ports/signals.contract.ts";
import { call } from "./process/place.ts";
import { Pages } from "./signals/pages.ts";
import { usagePlace } from "./signals/usage-place.ts";

signalContract("the process workload", usagePlace);

const EVERY = ms(5_000);
const WANTED: readonly SignalWanted[] = [
  { name: "orders", kind: "counter" },
  { name: 'orders_total{result!="paid"}', kind: "counter" },
  { name: 'held{what=~"ca.*"}', kind: "gauge" },
  { name: "took_seconds", kind: "histogram" },
  { name: "took_seconds_count", kind: "counter" },
];

signalContract("metrics pages", async () => {
  const pages = new Pages();
  await pages.start(3);
  const clock = createVirtualClock();
  const source = createExpositionSource({ clock, path: "/metrics", everyMs: EVERY });
  return {
    source,
    wanted: WANTED,
    growing: WANTED.map(({ name }) => name).filter((name) => !name.startsWith("held")),
    missing: { name: "refunds_total", kind: "counter" },
    mistaken: { name: "held", kind: "counter" },
    foreign: { name: "process.memory", kind: "gauge" },
    pools: async () => pages.pools(),
    work: async () => pages.work(),
    restart: async (replica) => pages.restart(Number(replica.slice(2))),
    untilNext: async () => {
      await clock.advance(EVERY);
    },
    dispose: async () => {
      source.close();
      await pages.stop();
    },
  };
});

describe("metrics pages that are not as they should be", () => {
  let pages: Pages;
  let close = (): void => undefined;
  const clock = createVirtualClock();
  beforeEach(async () => {
    pages = new Pages();
    await pages.start(3);
  });
  afterEach(async () => {
    close();
    await pages.stop();
  });
  const start = (more: Partial<Parameters<typeof createExpositionSource>[0]> = {}) => {
    const source = createExpositionSource({ clock, path: "/metrics", everyMs: EVERY, ...more });
    close = () => source.close();
    return source;
  };
  const orders: readonly SignalWanted[] = [{ name: "orders_total", kind: "counter" }];
  const readOf = async (source = start(), wanted = orders) => {
    const observed = await source.read(wanted, pages.pools(), call());
    if (observed.kind !== "value") return observed;
    const { series, troubles } = observed.value;
    return { replicas: series.map(({ replica }) => replica), troubles, series };
  };

  test.each<[string, Parameters<Pages["answers"]["set"]>[1], RegExp]>([
    ["fails", (_, response) => response.writeHead(503).end("no"), /^a-1: GET \/metrics answered 503$/u],
    [
      "has moved",
      (_, response) => response.writeHead(302, { location: "/x" }).end(),
      /^a-1: GET \/metrics answered 302$/u,
    ],
    [
      "answers in another format",
      (_, response) => response.writeHead(200, { "content-type": "application/json" }).end("{}"),
      /^a-1: GET \/metrics answered with application\/json, not with text\/plain or/u,
    ],
    [
      "answers compressed",
      (_, response) => response.writeHead(200, { "content-encoding": "gzip" }).end("x"),
      /^a-1: GET \/metrics answered with gzip, though plain text/u,
    ],
    ["never answers", () => undefined, /^a-1: GET \/metrics: no answer within 2 s$/u],
    [
      "begins and does not go on",
      (_, response) => {
        response.writeHead(200, { "content-type": "text/plain" });
        response.write("orders_total 1\n");
      },
      /^a-1: GET \/metrics: no answer within 2 s$/u,
    ],
    [
      "breaks off",
      (_, response) => {
        response.writeHead(200, { "content-type": "text/plain", "content-length": "1000" });
        response.write("orders_total 1\n", () => response.destroy());
      },
      /^a-1: GET \/metrics: the connection was closed before the end of the page$/u,
    ],
    [
      "breaks off where nothing tells the length",
      (request, response) => {
        response.destroy();
        request.socket.end();
      },
      /^a-1: GET \/metrics: the connection was closed before the end of the page$/u,
    ],
    [
      "ends within a line",
      (_, response) => response.writeHead(200, { "content-type": "text/plain" }).end("orders_total 1\norders_to"),
      /^a-1: line 2: found "orders_to"; the last line ends too/u,
    ],
    [
      "ends before the end of OpenMetrics",
      (_, response) =>
        response.writeHead(200, { "content-type": "application/openmetrics-text" }).end("orders_total 1\n"),
      /^a-1: line 2: found the end of the line; the last line is # EOF/u,
    ],
    [
      "has a line that is none",
      (_, response) => response.writeHead(200, { "content-type": "text/plain" }).end("orders_total 1\n<html>\n"),
      /^a-1: line 2: found "<html>"; a line begins with the name of a metric/u,
    ],
    [
      "is not UTF-8",
      (_, response) => response.writeHead(200, { "content-type": "text/plain" }).end(Buffer.from([97, 0xff, 10])),
      /^a-1: GET \/metrics: the page is not UTF-8$/u,
    ],
    [
      "is too large, and says so too late",
      (_, response) => {
        response.writeHead(200, { "content-type": "text/plain" });
        const line = `# ${"x".repeat(65_533)}\n`;
        const more = (): void => {
          while (!response.destroyed && response.write(line));
          if (!response.destroyed) response.once("drain", more);
        };
        more();
      },
      /^a-1: has a page larger than 2 MiB$/u,
    ],
    [
      "says that something is no number",
      (_, response) => response.writeHead(200, { "content-type": "text/plain" }).end('orders_total{a="b"} NaN\n'),
      /^orders_total: a-1 gives orders_total\{a="b"\} NaN$/u,
    ],
  ])("one that %s is left out and named, the others are read", async (_, answer, trouble) => {
    pages.answers.set(1, answer);
    const source = start({ timeoutMs: ms(2_000), mostBytes: 2 * 1_048_576 });
    const { troubles, series } = (await readOf(source)) as Exclude<
      Awaited<ReturnType<typeof readOf>>,
      { kind: string }
    >;
    expect(troubles).toEqual([expect.stringMatching(trouble)]);
    const told = series.filter(({ values }) => values["orders_total"]).map(({ replica }) => replica);
    expect(told).toEqual(["a-0", "a-2"]);
  });

  test("one that closes a connection when it is used again is asked on a new one", async () => {
    const used = new Set<unknown>();
    pages.answers.set(1, ({ socket }, response) => {
      if (used.has(socket)) socket.resetAndDestroy();
      else response.writeHead(200, { "content-type": "text/plain" }).end(pages.page(1));
      used.add(socket);
    });
    const source = start();
    for (let round = 0; round < 3; round += 1) {
      expect(await readOf(source)).toMatchObject({ replicas: ["a-0", "a-1", "a-2"], troubles: [] });
      await clock.advance(ms(EVERY * 3));
    }
    expect(used.size).toBe(3);
  });

  test("when none can be read, the source cannot, and says why; afterwards it can", async () => {
    for (const number of [0, 1, 2]) pages.answers.set(number, (_, response) => response.writeHead(500).end());
    const source = start();
    expect(await readOf(source)).toEqual({
      kind: "unreadable",
      why: "no metrics page can be read: a-0: GET /metrics answered 500 (and 2 more)",
    });
    pages.answers.clear();
    await clock.advance(ms(EVERY * 3));
    expect(await readOf(source)).toMatchObject({ replicas: ["a-0", "a-1", "a-2"], troubles: [] });
  });

  test("where nobody listens it is said so", async () => {
    const free = pages.port(0);
    const [pool] = pages.pools();
    await pages.stop();
    const [first] = pool?.replicas ?? [];
    const observed = await start().read(orders, pool && first ? [{ ...pool, replicas: [first] }] : [], call());
    expect(observed).toMatchObject({ why: `no metrics page can be read: a-0: does not listen on port ${free}` });
  });

  test("what is not a selector is named, and the rest is read", async () => {
    const found = await readOf(start(), [...orders, { name: "http.requests", kind: "counter" }]);
    expect(found).toMatchObject({
      replicas: ["a-0", "a-1", "a-2"],
      troubles: ["http.requests: at character 5: the name of a metric has no dots on a page; they stand there as _"],
    });
  });

  test("asks for both formats, on one connection each, of the port that is given", async () => {
    const source = start();
    await readOf(source);
    await clock.advance(ms(EVERY * 3));
    await readOf(source);
    expect(pages.asked).toHaveLength(6);
    expect(pages.connections).toBe(3);
    for (const { accept } of pages.asked)
      expect(accept).toMatch(/^application\/openmetrics-text.*text\/plain.*\*\/\*/u);
    source.close();
    const other = await readOf(start({ port: pages.port(2) }));
    expect(other).toMatchObject({ replicas: ["a-0", "a-1", "a-2"] });
    expect(pages.asked).toHaveLength(9);
    expect(pages.connections).toBeLessThanOrEqual(6);
  });

  test("only ready replicas are asked, and no more than sixteen at a time", async () => {
    let now = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    pages.answers.set(0, (_, response) => {
      now += 1;
      most = Math.max(most, now);
      waiting.push(() => {
        now -= 1;
        response.setHeader("content-type", "text/plain");
        response.end("orders_total 1\n");
      });
      // All that may come at once have come when no other comes for a turn.
      setTimeout(() => waiting.shift()?.(), 300);
    });
    const [pool] = pages.pools();
    const [first, second] = pool?.replicas ?? [];
    if (!pool || !first || !second) throw new Error("no replicas");
    const many = Array.from({ length: 40 }, (_, number) => ({ ...first, id: `many-${number}` }));
    const replicas = [...many, { ...second, state: "starting" as const }];
    const observed = await start().read(orders, [{ ...pool, replicas }], call());
    expect(observed).toMatchObject({ value: { troubles: [] } });
    expect(observed.kind === "value" && observed.value.series.length).toBe(40);
    expect(most).toBe(16);
    expect(pages.asked).toHaveLength(40);
  });

  test("a slow replica delays nobody once there is a reading", async () => {
    const source = start({ timeoutMs: ms(5_000) });
    const first = await readOf(source);
    let answer = (): void => undefined;
    pages.answers.set(1, (_, response) => {
      answer = () => response.setHeader("content-type", "text/plain").end("orders_total 7\n");
    });
    await clock.advance(EVERY);
    // Answered while the round is under way, and again: no second round begins.
    expect(await readOf(source)).toEqual(first);
    expect(await readOf(source)).toEqual(first);
    await expect.poll(() => pages.asked).toHaveLength(6);
    answer();
    await expect.poll(() => readOf(source), { interval: 5 }).not.toEqual(first);
    const { series } = (await readOf(source)) as Extract<typeof first, { series: unknown }>;
    expect(
      series.map(({ values }) => values["orders_total"]?.kind === "counter" && values["orders_total"].value),
    ).toEqual([0, 7, 0]);
    expect(pages.asked).toHaveLength(6);
  });

  test("a start that moves a little is the same life, one that moves far is another", async () => {
    const source = start();
    const epoch = async () => {
      const observed = await source.read(orders, pages.pools(), call());
      await clock.advance(ms(EVERY * 3));
      return observed.kind === "value" ? observed.value.series.map((one) => one.epoch) : [];
    };
    const first = await epoch();
    expect(first).toEqual(["1000", "1001", "1002"]);
    for (const one of pages.counted) one.startSeconds += 0.9;
    expect(await epoch()).toEqual(first);
    pages.restart(0);
    expect(await epoch()).toEqual(["1100.9", "1001", "1002"]);
    pages.answers.set(2, (_, response) => response.setHeader("content-type", "text/plain").end("orders_total 1\n"));
    expect((await epoch())[2]).toBe("");
  });
});
