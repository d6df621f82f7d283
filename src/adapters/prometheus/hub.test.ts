// Is whatever is not an answer named, and is the same asked for once?
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ms } from "../../core/units.ts";
import { createVirtualClock } from "../memory/clock.ts";
import { Secrets } from "../secrets.ts";
import { systemClock } from "../system/clock.ts";
import { createWeb } from "../web/web.ts";
import { askNumber } from "./answer.ts";
import { Hub } from "./hub.ts";

let server: Server;
let base = "";
let answer: RequestListener;
let asked: string[] = [];

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const parts: Buffer[] = [];
  for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
};

beforeEach(async () => {
  asked = [];
  answer = says(matrix([]));
  server = createServer((request, response) => {
    void (async () => {
      asked.push(new URLSearchParams(await bodyOf(request)).get("query") ?? request.url ?? "");
      answer(request, response);
    })();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

const says =
  (body: unknown, status = 200): RequestListener =>
  (_, response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

const matrix = (result: readonly unknown[], more: object = {}) => ({
  status: "success",
  data: { resultType: "matrix", result },
  ...more,
});
const vector = (result: readonly unknown[]) => ({ status: "success", data: { resultType: "vector", result } });
const series = (instance: string, ...values: readonly (readonly [number, string])[]) => ({
  metric: { __name__: "up", instance },
  values,
});

const WANTED = { selector: "up", isHistogram: false };
const A = { instance: "a:1" };
const B = { instance: "b:1" };

function open(clock = systemClock(), timeoutMs = ms(2_000)) {
  const web = createWeb({ connection: {}, secrets: () => new Secrets() });
  const to = { url: base, web, timeoutMs };
  return { to, hub: new Hub({ clock, server: to, everyMs: ms(1_000), windowMs: ms(60_000), gatherMs: ms(5) }) };
}

const silent: RequestListener = () => undefined;

describe("what is not an answer", () => {
  test.each<[string, RequestListener, RegExp]>([
    [
      "Prometheus' own words",
      says({ status: "error", errorType: "bad_data", error: "parse error: x" }, 400),
      /^answered 400: "parse error: x"$/u,
    ],
    ["an error without words", says("", 503), /^answered 503$/u],
    ["a page", says("<html>Log in"), /^answered with something that is not JSON: "<html>Log in"$/u],
    ["half an answer", says('{"status":"success","da'), /^answered with something that is not JSON/u],
    ["an error with 200", says({ status: "error", error: "no" }), /^answered: "no"$/u],
    ["something else", says({ ok: true }), /^answered, but not as a Prometheus does: it has no status: success$/u],
    ["no data", says({ status: "success" }), /it has no data with a result$/u],
    ["an instant", says(vector([])), /^answered with a vector where samples were asked for$/u],
    [
      "a part",
      says(matrix([], { warnings: ["store x: gone"] })),
      /^warned that its answer may not be whole: "store x: gone"$/u,
    ],
    ["a part of VictoriaMetrics'", says(matrix([], { isPartial: true })), /^says that its answer is only a part$/u],
    ["series without labels", says(matrix([{ values: [] }])), /a series has no labels$/u],
    ["samples that are none", says(matrix([{ metric: {}, values: [1] }])), /its samples are no pairs$/u],
    ["a time that is none", says(matrix([{ metric: {}, values: [["x", "1"]] }])), /a sample has the time "x"$/u],
    [
      "a login elsewhere",
      (_, response) => void response.writeHead(302, { location: "/login" }).end(),
      /leads to "\/login"$/u,
    ],
    ["no answer", silent, /^has not answered within 300ms$/u],
    ["a closed connection", ({ socket }) => socket.destroy(), /^the connection was closed before/u],
  ])("%s is named", async (_, bad, why) => {
    answer = bad;
    const { hub } = open(systemClock(), ms(bad === silent ? 300 : 10_000));
    // On a busy machine an answer may come after the first look.
    await expect
      .poll(async () => (await hub.of(WANTED, [A]))[0])
      .toMatchObject({ series: [], why: expect.stringMatching(why) });
  });
});

describe("a number", () => {
  const ask = (body: unknown) => {
    answer = says(body);
    return askNumber(open().to, { query: "x", atMs: ms(5_000) }, AbortSignal.timeout(5_000));
  };
  const sample = (value: string) => ({ metric: { a: "b" }, value: [5, value] });

  test("is one value, or a scalar", async () => {
    expect(await ask(vector([sample("0.5")]))).toEqual({ ok: true, value: 0.5 });
    expect(await ask({ status: "success", data: { resultType: "scalar", result: [5, "3"] } })).toEqual({
      ok: true,
      value: 3,
    });
  });

  test.each<[string, unknown, RegExp]>([
    ["nothing", vector([]), /^has no data$/u],
    [
      "two",
      vector([sample("1"), sample("2")]),
      /^answered with 2 series where one number was asked for, one of them \{"a":"b"\}$/u,
    ],
    ["NaN", vector([sample("NaN")]), /^answered NaN, which is no number$/u],
    ["infinity", vector([sample("+Inf")]), /^answered \+Inf, which is no number$/u],
    ["an empty text", vector([sample("")]), /which is no number$/u],
    ["a histogram", vector([{ metric: {}, histogram: [5, {}] }]), /^answered with a histogram/u],
    ["samples", matrix([]), /^answered with a matrix where one number was asked for$/u],
    ["a text", { status: "success", data: { resultType: "string", result: [5, "1"] } }, /^answered with a string/u],
  ])("is not %s", async (_, body, why) => {
    expect(await ask(body)).toEqual({ ok: false, why: expect.stringMatching(why) });
  });
});

describe("those who want the same", () => {
  test("share one question that names them all, and each gets its own", async () => {
    answer = says(matrix([series("a:1", [1, "5"]), series("b:1", [2, "NaN"]), series("c:1", [1, "9"])]));
    const { hub } = open();
    const [[a], [b, again]] = await Promise.all([hub.of(WANTED, [A]), hub.of(WANTED, [B, A])]);
    expect(asked).toEqual(['{__name__="up",instance=~"a:1|b:1"}[60000ms]']);
    expect(a?.series).toEqual([{ labels: { __name__: "up", instance: "a:1" }, numbers: [[1_000, 5]], natives: [] }]);
    expect(again).toEqual(a);
    expect(b?.series[0]?.numbers).toEqual([[2_000, Number.NaN]]);
  });

  test("are answered from the last answer while it is young, and by a slow server at once", async () => {
    const clock = createVirtualClock();
    const { hub } = open(clock);
    const of = async (...whose: (typeof A)[]) => {
      const found = hub.of(WANTED, whose);
      await clock.advance(ms(5));
      return found;
    };
    await of(A);
    await of(A);
    expect(asked).toHaveLength(1);
    answer = () => undefined;
    await clock.advance(ms(1_000));
    // The answer is late already; who has something waits for nothing.
    expect(await of(A)).toHaveLength(1);
    await expect.poll(() => asked).toHaveLength(2);
    answer = says(matrix([]));
    await clock.advance(ms(2_000));
    await expect
      .poll(async () => {
        // A failure is one for a period from its end.
        await clock.advance(ms(1_000));
        return (await of(A))[0]?.why;
      })
      .toBeUndefined();
  });

  test("whoever waits is not forgotten, however long the machine stands still", async () => {
    let now = 1_000_000;
    const { hub } = open({ now: () => ms(now), sleep: () => Promise.resolve(void (now += 60_000)) });
    expect(await hub.of(WANTED, [A])).toHaveLength(1);
    await expect.poll(() => asked).toHaveLength(1);
  });

  test("who comes later is asked for alone, and with all others the next time", async () => {
    const clock = createVirtualClock();
    const { hub } = open(clock);
    const of = async (...whose: (typeof A)[]) => {
      const found = hub.of(WANTED, whose);
      await clock.advance(ms(5));
      await found;
    };
    await of(A);
    await clock.advance(ms(300));
    await of(A, B);
    await clock.advance(ms(800));
    await of(A, B);
    await expect.poll(() => asked).toHaveLength(3);
    expect(asked.map((query) => /instance(.*)\}/u.exec(query)?.[1])).toEqual(['="a:1"', '="b:1"', '=~"a:1|b:1"']);
  });
});

describe("a silent server", () => {
  test("holds up one look for a second, and those after it not at all; its answer is taken when it comes", async () => {
    const clock = createVirtualClock();
    const { hub } = open(clock, ms(60_000));
    let speak = (): void => undefined;
    answer = (_, response) => {
      speak = () => void response.end(JSON.stringify(matrix([series("a:1", [1, "5"])])));
    };
    const first = hub.of(WANTED, [A]);
    await clock.advance(ms(1_000));
    expect(await first).toEqual([expect.objectContaining({ series: [], why: "has not answered yet" })]);
    // Time stands still: whoever waits for it waits for ever.
    expect((await hub.of(WANTED, [A]))[0]?.why).toBe("has not answered yet");
    await clock.advance(ms(20_000));
    expect((await hub.of(WANTED, [A]))[0]?.why).toBe("has not answered yet");
    await expect.poll(() => asked).toHaveLength(1);
    speak();
    await expect.poll(async () => (await hub.of(WANTED, [A]))[0]?.series).toHaveLength(1);
    expect(asked).toHaveLength(1);
  });

  test("that failed last is told as it failed, at once, while it is asked again", async () => {
    const clock = createVirtualClock();
    const { hub } = open(clock, ms(300));
    answer = () => undefined;
    const first = hub.of(WANTED, [A]);
    await expect
      .poll(async () => {
        await clock.advance(ms(5));
        return asked;
      })
      .toHaveLength(1);
    expect((await first)[0]?.why).toBe("has not answered within 300ms");
    await vi.waitFor(async () => {
      await clock.advance(ms(1_000));
      // Nobody moves the clock meanwhile: whoever waits for it waits for ever.
      expect((await hub.of(WANTED, [A]))[0]?.why).toBe("has not answered within 300ms");
      expect(asked.length).toBeGreaterThan(3);
    }, 30_000);
  });

  test("that knows no types holds nobody up either, and is asked again after a while", async () => {
    const clock = createVirtualClock();
    const { hub } = open(clock);
    answer = () => undefined;
    const first = hub.typeOf("up");
    await clock.advance(ms(1_000));
    expect(await first).toEqual({ why: "has not answered yet" });
    await expect.poll(() => hub.typeOf("up")).toMatchObject({ type: undefined });
    answer = says({ status: "success", data: { up: [{ type: "gauge" }] } });
    await clock.advance(ms(12_000));
    await expect.poll(() => hub.typeOf("up")).toMatchObject({ type: "gauge" });
  });
});
