// Is what is not an answer told from an answer without alerts?
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SerinError } from "../../core/issues.ts";
import { ms } from "../../core/units.ts";
import { createVirtualClock } from "../memory/clock.ts";
import { createWeb } from "../web/web.ts";
import { Secrets } from "../secrets.ts";
import { createAlertSource, type AlertSourceOptions } from "./source.ts";

const EVERY = ms(5_000);
const SINCE = "2026-03-04T14:02:11.123456789+01:00";
const SINCE_MS = Date.UTC(2026, 2, 4, 13, 2, 11, 123);

let server: Server;
let base = "";
let answer: RequestListener;
let asked: { url: string; headers: NodeJS.Dict<string | string[]> }[] = [];

beforeEach(async () => {
  asked = [];
  answer = says(prometheus([]));
  server = createServer((request, response) => {
    asked.push({ url: request.url ?? "", headers: request.headers });
    answer(request, response);
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
  (_, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };

const firing = (name: string, more: object = {}) => ({
  labels: { alertname: name, arm: "canary" },
  annotations: { summary: "x" },
  state: "firing",
  activeAt: SINCE,
  value: "1e+00",
  ...more,
});

function prometheus(alerts: readonly unknown[]): object {
  return { status: "success", data: { alerts } };
}

function open({ headers, ...more }: Partial<AlertSourceOptions> & { readonly headers?: Record<string, string> } = {}) {
  const clock = createVirtualClock();
  const web = createWeb({ connection: { headers }, secrets: () => new Secrets() });
  const source = createAlertSource({ url: base, web, clock, everyMs: EVERY, timeoutMs: ms(2_000), ...more });
  const read = () => source.read({ signal: new AbortController().signal });
  return { clock, source, read };
}

/** A list of alerts of which none fires is one; what every bad answer must not look like. */
const seen = (value: readonly unknown[]) => ({ kind: "value", value });

describe("a Prometheus", () => {
  test("without alerts has none", async () => {
    expect(await open().read()).toEqual(seen([]));
  });

  test("tells those that fire, without those that only might; what it says besides is passed over", async () => {
    const pending = firing("Soon", { state: "pending" });
    const nameless = firing("", { keepFiringSince: SINCE, partialResponseStrategy: "ABORT" });
    answer = says({ ...prometheus([pending, firing("Slow"), nameless]), infos: ["x"], warnings: [] });
    expect(await open().read()).toEqual(
      seen([
        { name: "Slow", labels: { arm: "canary" }, sinceMs: SINCE_MS },
        { name: "an alert without alertname", labels: { arm: "canary" }, sinceMs: SINCE_MS },
      ]),
    );
  });

  test("is asked below its own path, with the headers", async () => {
    const { source, read } = open({ url: `${base}/monitoring/`, headers: { Authorization: "Bearer s3cret" } });
    expect(source.name).toBe(`${base}/monitoring/`);
    await read();
    expect(asked).toMatchObject([
      { url: "/monitoring/api/v1/alerts", headers: { accept: "application/json", authorization: "Bearer s3cret" } },
    ]);
  });
});

describe("an Alertmanager", () => {
  const alert = { labels: { alertname: "Slow", job: "shop" }, startsAt: SINCE, endsAt: SINCE, fingerprint: "f" };

  test("is asked for those that are neither silenced nor inhibited", async () => {
    answer = says([{ ...alert, status: { state: "active", silencedBy: [], inhibitedBy: [] } }]);
    expect(await open({ api: "alertmanager" }).read()).toEqual(
      seen([{ name: "Slow", labels: { job: "shop" }, sinceMs: SINCE_MS }]),
    );
    expect(asked.map(({ url }) => url)).toEqual(["/api/v2/alerts?active=true&silenced=false&inhibited=false"]);
  });

  test.each<[string, unknown, RegExp]>([
    ["a Prometheus' answer", prometheus([]), /not as an Alertmanager does: Invalid input: expected array/u],
    ["an alert without labels", [{ startsAt: SINCE }], /at 0\.labels: Invalid input: expected record/u],
    ["an alert without a beginning", [{ ...alert, startsAt: undefined }], /at 0\.startsAt: Invalid input/u],
  ])("that gives %s is unreadable", async (_, body, why) => {
    answer = says(body);
    expect(await open({ api: "alertmanager" }).read()).toMatchObject({
      kind: "unreadable",
      why: expect.stringMatching(why),
    });
  });
});

const forever: RequestListener = (_, response) => {
  response.writeHead(200, { "content-type": "application/json" });
  const part = " ".repeat(65_536);
  const more = (): void => {
    while (!response.destroyed && response.write(part));
    if (!response.destroyed) response.once("drain", more);
  };
  more();
};

describe("whatever is not an answer is unreadable and named", () => {
  test.each<[string, RequestListener, RegExp]>([
    ["an error", says("no\n  way", 503), /: answered 503: "no way"$/u],
    ["an error without words", says("", 404), /: answered 404$/u],
    ["an error in JSON", says({ status: "error", errorType: "unavailable" }, 503), /: answered 503: "\{\\"status/u],
    ["success without anything", says("", 204), /: answered 204$/u],
    [
      "a login page elsewhere",
      (_, response) => response.writeHead(302, { location: "/login" }).end(),
      /: answered 302, which leads to "\/login"$/u,
    ],
    ["a page", says("<html>\n<h1>Log in</h1>"), /: answered with something that is not JSON: "<html> <h1>Log in/u],
    ["a long page", says("x".repeat(500)), /not JSON: "x{80}…"$/u],
    ["nothing", says(""), /not JSON: ""$/u],
    ["half an answer", says('{"status":"success","data":{"alerts":['), /not JSON: /u],
    ["an empty list at once", says([]), /not as a Prometheus does: Invalid input: expected object, received array$/u],
    ["null", says("null"), /expected object, received null$/u],
    ["no data", says({ status: "success" }), /at data: Invalid input: expected object, received undefined$/u],
    ["no list", says({ status: "success", data: {} }), /at data\.alerts: Invalid input: expected array/u],
    ["no list but null", says({ status: "success", data: { alerts: null } }), /at data\.alerts: .*received null$/u],
    ["a failure as success", says({ status: "error", data: { alerts: [] } }), /at status: .*; found "error"$/u],
    ["a partial answer", says({ ...prometheus([]), warnings: ["store b: gone"] }), /: warned that .*"store b: gone"$/u],
    [
      "a state of another kind",
      says(prometheus([firing("A"), firing("B", { state: "Alerting" })])),
      /at data\.alerts\.1\.state: .*; found "Alerting"$/u,
    ],
    [
      "a moment that is none",
      says(prometheus([firing("A", { activeAt: "yesterday" })])),
      /at data\.alerts\.0\.activeAt: .*; found "yesterday"$/u,
    ],
    ["no moment", says(prometheus([firing("A", { activeAt: undefined })])), /at data\.alerts\.0\.activeAt: /u],
    ["a label that is none", says(prometheus([firing("A", { labels: { a: 1 } })])), /at data\.alerts\.0\.labels\.a: /u],
    [
      "what is not UTF-8",
      (_, response) => response.end(Buffer.from([0x22, 0xff, 0x22])),
      /: the answer is not UTF-8$/u,
    ],
    [
      "a connection that breaks off",
      (_, response) => {
        response.writeHead(200, { "content-length": "1000" });
        response.write("{", () => response.destroy());
      },
      /: the connection was closed before the end of the answer$/u,
    ],
    ["a connection that is closed", ({ socket }) => socket.destroy(), /: the connection was closed before/u],
    ["no answer", () => undefined, /: has not answered within 2s$/u],
    [
      "an answer that does not end",
      (_, response) => {
        response.write('{"status":');
      },
      /: has not answered within 2s$/u,
    ],
  ])("%s", async (_, bad, why) => {
    answer = bad;
    const observed = await open().read();
    expect(observed).toMatchObject({ kind: "unreadable", why: expect.stringMatching(why) });
    expect(observed).toMatchObject({ why: expect.stringContaining(`GET ${base}/api/v1/alerts: `) });
  });

  test.each<[string, RequestListener]>([
    ["an answer beyond 8 MiB", forever],
    [
      "a small answer that unpacks to more than 8 MiB",
      (_, response) => {
        response.writeHead(200, { "content-encoding": "gzip" });
        response.end(gzipSync(`${" ".repeat(8 * 1_048_576)}${JSON.stringify(prometheus([]))}`));
      },
    ],
  ])("%s", async (_, bad) => {
    answer = bad;
    const observed = await open({ timeoutMs: ms(10_000) }).read();
    const why = `GET ${base}/api/v1/alerts: answered with more than 8 MiB`;
    expect(observed).toEqual({ kind: "unreadable", why });
  });

  test("nobody who listens", async () => {
    const { read } = open();
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
    const why = `GET ${base}/api/v1/alerts: nobody listens there`;
    expect(await read()).toEqual({ kind: "unreadable", why });
  });
});

describe("between two requests", () => {
  test("the last answer is given, and no request made", async () => {
    const { clock, read } = open();
    expect(await read()).toEqual(seen([]));
    answer = says(prometheus([firing("Slow")]));
    await clock.advance(ms(EVERY - 1));
    expect(await read()).toEqual(seen([]));
    expect(asked).toHaveLength(1);
    await clock.advance(ms(1));
    await expect.poll(read, { interval: 5 }).toMatchObject({ value: [{ name: "Slow" }] });
    expect(asked).toHaveLength(2);
  });

  test("those who read at the same moment share a request", async () => {
    const { read } = open();
    expect(await Promise.all([read(), read(), read()])).toEqual([seen([]), seen([]), seen([])]);
    expect(asked).toHaveLength(1);
  });

  test("whoever reads seldom gets what is so now", async () => {
    const { clock, read } = open();
    await read();
    answer = says(prometheus([firing("Slow")]));
    await clock.advance(ms(2 * EVERY));
    expect(await read()).toMatchObject({ value: [{ name: "Slow" }] });
  });

  test("the clock set back does not make an old answer young", async () => {
    let now = 1_000_000_000;
    const { read } = open({ clock: { now: () => ms(now), sleep: () => Promise.resolve() } });
    await read();
    answer = says(prometheus([firing("Slow")]));
    now -= 3_600_000;
    expect(await read()).toMatchObject({ value: [{ name: "Slow" }] });
  });
});

describe("when requests fail", () => {
  test("the last answer holds for three times the interval, then nothing is known until it can be read again", async () => {
    const { clock, read } = open();
    const from = clock.now();
    const at = async (ageMs: number) => {
      await clock.advanceTo(ms(from + ageMs));
      return read();
    };
    answer = says(prometheus([firing("Slow")]));
    const slow = await read();
    expect(slow).toMatchObject({ value: [{ name: "Slow" }] });
    answer = says("starting", 503);
    // So late that it waits for its request, which fails.
    expect(await at(2 * EVERY)).toEqual(slow);
    expect(asked).toHaveLength(2);
    expect(await at(3 * EVERY)).toEqual(slow);
    const why = `GET ${base}/api/v1/alerts: answered 503: "starting"; it last answered 15s ago`;
    expect(await at(3 * EVERY + 1)).toEqual({ kind: "unreadable", why });
    answer = says(prometheus([]));
    expect(await at(6 * EVERY)).toEqual(seen([]));
  });

  test("they are not made more often", async () => {
    const { clock, read } = open();
    answer = says("", 500);
    for (let time = 0; time < 10; time += 1) {
      expect(await read()).toMatchObject({ kind: "unreadable" });
      await clock.advance(ms(400));
    }
    expect(asked).toHaveLength(1);
  });

  test("a source that hangs delays nobody who knows something", async () => {
    const { clock, read } = open({ timeoutMs: ms(60_000) });
    await read();
    answer = () => undefined;
    await clock.advance(EVERY);
    expect(await read()).toEqual(seen([]));
    await expect.poll(() => asked, { interval: 5 }).toHaveLength(2);
    await clock.advance(ms(EVERY - 1));
    expect(await read()).toEqual(seen([]));
    expect(asked).toHaveLength(2);
  });
});

describe("a call", () => {
  test("that was called off before asks nothing", async () => {
    const reason = new Error("enough");
    await expect(open().source.read({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(asked).toEqual([]);
  });

  test("that is called off while it waits ends at once; the request is of use to the next", async () => {
    let go = (): void => undefined;
    answer = (request, response) => {
      go = () => says(prometheus([]))(request, response);
    };
    const { source, read } = open({ timeoutMs: ms(10_000) });
    const calledOff = new AbortController();
    const first = source.read({ signal: calledOff.signal });
    const reason = new Error("enough");
    calledOff.abort(reason);
    await expect(first).rejects.toBe(reason);
    await expect.poll(() => asked, { interval: 5 }).toHaveLength(1);
    const second = read();
    go();
    expect(await second).toEqual(seen([]));
    expect(asked).toHaveLength(1);
  });
});

describe("what cannot be asked is refused at once, without secrets in the text", () => {
  test.each([
    ["prometheus:9090", "prometheus://"],
    ["not an address", "something that is no address"],
    ["file:///etc/passwd", "file:///etc/passwd"],
    ["http://user:s3cret@prometheus:9090/x", "http://prometheus:9090/x, or more"],
    ["http://prometheus:9090/?token=s3cret", "http://prometheus:9090/, or more"],
  ])("%s", (url, found) => {
    const error = thrown(() => open({ url }));
    expect(error.trouble).toMatchObject({ code: "SERIN_ALERTS_ADDRESS", exitCode: 2 });
    expect(error.trouble.found).toContain(found);
    expect(error.message).not.toContain("s3cret");
  });
});

function thrown(work: () => unknown): SerinError {
  try {
    work();
  } catch (error) {
    if (error instanceof SerinError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
