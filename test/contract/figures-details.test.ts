// How many requests do many questions take, when is one made again, and who does Google take us for?
import { createVerify, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createVendor } from "../../src/adapters/figures/vendor.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { ms } from "../../src/core/units.ts";
import type { Figure, FigureAsked } from "../../src/ports/figures.ts";
import { CLOUDWATCH } from "./figures/cloudwatch.ts";
import { DATADOG } from "./figures/datadog.ts";
import { type Answer, Front } from "./figures/front.ts";
import { GOOGLE } from "./figures/google.ts";
import { NEWRELIC, PERCENTILE } from "./figures/newrelic.ts";
import { COUNT, FROM, placeOf, specOf, TO, type Vendor } from "./figures/place.ts";

const NEVER = new AbortController().signal;
const asked = (query: string, as: FigureAsked["as"] = "count"): FigureAsked => ({ query, as, fromMs: FROM, toMs: TO });

/** The same in other letters. */
const another = (query: string, at: number): FigureAsked => asked(`${query}${" ".repeat(at)}`);

const fronts: Front[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(fronts.splice(0).map((one) => one.stop()));
});

async function front(answer: Answer): Promise<Front> {
  const one = new Front(answer);
  fronts.push(one);
  await one.start();
  return one;
}

/** What is answered, and with how many requests. */
async function answered(vendor: Vendor, questions: readonly FigureAsked[]) {
  const place = await placeOf(vendor);
  try {
    const source = place.source(ms(20_000));
    const figures = await source.ask(questions, { signal: NEVER });
    source.close?.();
    return { figures, requests: place.front.got.length };
  } finally {
    await place.dispose();
  }
}

describe("recorded protocol: many questions in few requests", () => {
  test.each<[string, Vendor, number]>([
    ["Datadog takes 50 formulas", DATADOG, 2],
    ["New Relic takes 20 fields", NEWRELIC, 4],
    // Each answer has two pages.
    ["CloudWatch takes 500 queries", CLOUDWATCH, 2],
    ["Google Cloud Monitoring takes one", GOOGLE, 70],
  ])("%s", async (_, vendor, requests) => {
    const questions = Array.from({ length: 70 }, (_index, at) => another(vendor.count, at));
    const told = await answered(vendor, questions);
    expect(told.figures).toEqual(questions.map(() => ({ ok: true, value: COUNT })));
    expect(told.requests).toBe(requests);
  });

  test("one question of many is asked once", async () => {
    const { requests, figures } = await answered(
      GOOGLE,
      Array.from({ length: 70 }, () => asked(GOOGLE.count)),
    );
    expect(figures).toHaveLength(70);
    expect(requests).toBe(1);
  });

  test("one wrong question among 32 is found by halves", async () => {
    const questions = Array.from({ length: 32 }, (_, index) =>
      another(index === 19 ? "avg:shop.latency{" : DATADOG.count, index),
    );
    const { figures, requests } = await answered(DATADOG, questions);
    expect(figures.filter(({ ok }) => ok)).toHaveLength(31);
    expect(figures[19]).toMatchObject({ ok: false });
    // 1 for all, and 2 for each of five halvings.
    expect(requests).toBe(11);
  });

  test("questions of several intervals are asked apart", async () => {
    const other = { ...asked(DATADOG.count), fromMs: ms(FROM + 1) };
    const { figures, requests } = await answered(DATADOG, [asked(DATADOG.count), other, asked(DATADOG.count)]);
    expect(figures).toEqual([12, 12, 12].map((value) => ({ ok: true, value })));
    expect(requests).toBe(2);
  });

  test("a percentile is a map with one value", async () => {
    const { figures } = await answered(NEWRELIC, [asked(PERCENTILE, "level")]);
    expect(figures).toEqual([{ ok: true, value: 0.25 }]);
  });
});

describe("over HTTP", () => {
  const json = async (url: string, more: object = {}): Promise<readonly Figure[]> => {
    const source = createVendor(specOf("json", { url, ...more }), { clock: systemClock() });
    return source.ask([asked("$.a")], { signal: NEVER });
  };

  test("what is told to come back after the time is over is not waited for", async () => {
    const busy = await front(() => ({ status: 429, headers: { "retry-after": "90" }, body: '{"message":"too many"}' }));
    const began = Date.now();
    expect(await json(busy.url)).toEqual([{ ok: false, why: 'answered 429, again after 1m 30s: "too many"' }]);
    expect(busy.got).toHaveLength(1);
    expect(Date.now() - began).toBeLessThan(9_000);
  });

  test("a redirection is not followed", async () => {
    const moved = await front(() => ({ status: 302, headers: { location: "/login" }, body: "" }));
    expect(await json(moved.url)).toEqual([{ ok: false, why: 'answered 302, which leads to "/login"' }]);
  });

  test("what is broken for long is asked three times", async () => {
    const broken = await front(() => ({ status: 503, body: "" }));
    expect(await json(broken.url)).toEqual([{ ok: false, why: "answered 503" }]);
    expect(broken.got).toHaveLength(3);
  });

  test("a question that is refused is asked once", async () => {
    const refusing = await front(() => ({ status: 400, body: '{"error":{"message":"no such field"}}' }));
    expect(await json(refusing.url)).toEqual([{ ok: false, why: 'answered 400: "no such field"' }]);
    expect(refusing.got).toHaveLength(1);
  });

  test("a JSONPath can name the interval", async () => {
    const page = await front(() => ({ body: JSON.stringify([{ at: FROM - 1 }, { at: TO }]) }));
    const source = createVendor(specOf("json", { url: page.url }), { clock: systemClock() });
    const question = asked("$[?@.at > {{from}} && @.at <= {{to}}].at");
    expect(await source.ask([question], { signal: NEVER })).toEqual([{ ok: true, value: TO }]);
  });

  test("an address that is no part of the file names no version either", async () => {
    vi.stubEnv("FIGURES_TEST_URL", "http://127.0.0.1:9/{{role}}");
    const source = createVendor(specOf("json", { url: { env: "FIGURES_TEST_URL" } }), { clock: systemClock() });
    await expect(source.ask([asked("$.a")], { signal: NEVER })).resolves.toEqual([
      { ok: false, why: "has {{role}} in its address: it belongs in the metric's query" },
    ]);
  });

  test("a body is sent by POST, with the interval", async () => {
    const page = await front(({ method, body }) => ({
      body: JSON.stringify({ a: method === "POST" ? body.length : 0 }),
    }));
    const body = '{"gt":{{from}},"lte":{{to}}}';
    const length = `{"gt":${FROM},"lte":${TO}}`.length;
    expect(await json(page.url, { body })).toEqual([{ ok: true, value: length }]);
  });

  test("a secret that is not there keeps it from asking", async () => {
    const page = await front(() => ({ body: '{"a":1}' }));
    await expect(json(page.url, { bearer: { env: "FIGURES_TEST_NONE" } })).rejects.toThrow(
      "the environment variable FIGURES_TEST_NONE is not set",
    );
    await expect(json(page.url, { bearer: { file: "/no/such/file" } })).rejects.toThrow("/no/such/file does not exist");
    expect(page.got).toHaveLength(0);
  });
});

describe("recorded protocol: Google's accounts", () => {
  const NUMBER = JSON.stringify({ status: "success", data: { resultType: "scalar", result: [1, "6"] } });
  const google = (url: string, more: object) =>
    createVendor(specOf("googleCloud", { url, project: "shop-1", ...more }), { clock: systemClock() });

  test("a service account signs for itself, once for many rounds", async () => {
    const dir = await mkdtemp(join(tmpdir(), "serin-figures-"));
    try {
      const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
      const key = {
        type: "service_account",
        client_email: "serin@shop-1.iam.gserviceaccount.com",
        private_key_id: "k1",
        private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      };
      await writeFile(join(dir, "key.json"), JSON.stringify(key));
      const monitoring = await front(() => ({ body: NUMBER }));
      const source = google(monitoring.url, { credentials: { file: join(dir, "key.json") } });
      for (let round = 0; round < 2; round++)
        expect(await source.ask([asked("x")], { signal: NEVER })).toEqual([{ ok: true, value: 6 }]);
      const [first = "", second] = monitoring.got.map(({ headers }) => headers.authorization);
      expect(second).toBe(first);
      const [head = "", claims = "", signature = ""] = first.replace("Bearer ", "").split(".");
      expect(createVerify("RSA-SHA256").update(`${head}.${claims}`).verify(publicKey, signature, "base64url")).toBe(
        true,
      );
      const read = (part: string): unknown => JSON.parse(Buffer.from(part, "base64url").toString());
      expect(read(head)).toEqual({ alg: "RS256", typ: "JWT", kid: "k1" });
      const { iss, sub, aud, iat, exp } = read(claims) as Record<string, unknown>;
      expect({ iss, sub, aud }).toEqual({
        iss: key.client_email,
        sub: key.client_email,
        aud: "https://monitoring.googleapis.com/",
      });
      expect(Number(exp) - Number(iat)).toBe(3_600);
      expect(Math.abs(Number(iat) - Date.now() / 1_000)).toBeLessThan(600);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });

  test("without a key the machine's account is asked for, once", async () => {
    const token = { access_token: "ya29.machine", expires_in: 3_599, token_type: "Bearer" };
    const metadata = await front(({ path, headers }) =>
      headers["metadata-flavor"] === "Google" && path === "/computeMetadata/v1/instance/service-accounts/default/token"
        ? { body: JSON.stringify(token) }
        : { status: 403, body: "" },
    );
    vi.stubEnv("GCE_METADATA_HOST", new URL(metadata.url).host);
    const monitoring = await front(() => ({ body: NUMBER }));
    const source = google(monitoring.url, {});
    await source.ask([asked("x"), asked("y")], { signal: NEVER });
    await source.ask([asked("x")], { signal: NEVER });
    expect(metadata.got).toHaveLength(1);
    expect(monitoring.got.map(({ headers }) => headers.authorization)).toEqual(
      Array.from({ length: 3 }, () => "Bearer ya29.machine"),
    );
  });

  test("no account at all is named", async () => {
    vi.stubEnv("GCE_METADATA_HOST", "127.0.0.1:1");
    const source = google("http://127.0.0.1:1", {});
    expect(await source.ask([asked("x")], { signal: NEVER })).toEqual([
      { ok: false, why: "has no credentials, and this machine has no account of Google's" },
    ]);
  });
});

describe("recorded protocol: credentials that the AWS SDK finds", () => {
  const cloudwatch = (url: string) =>
    createVendor(specOf("cloudwatch", { url, region: "eu-central-1" }), { clock: systemClock() });

  beforeEach(() => {
    // Whatever this machine has besides.
    vi.stubEnv("AWS_CONFIG_FILE", "/dev/null");
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    for (const name of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"])
      vi.stubEnv(name, undefined);
  });

  test("those of the environment sign", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "x");
    const aws = await front(CLOUDWATCH.answer);
    const source = cloudwatch(aws.url);
    expect(await source.ask([asked(CLOUDWATCH.count)], { signal: NEVER })).toEqual([{ ok: true, value: COUNT }]);
    source.close?.();
  });

  test("none at all is named", async () => {
    const aws = await front(CLOUDWATCH.answer);
    const source = cloudwatch(aws.url);
    expect(await source.ask([asked(CLOUDWATCH.count)], { signal: NEVER })).toEqual([
      { ok: false, why: expect.stringMatching(/^cannot be asked: .*credentials/iu) as unknown },
    ]);
    expect(aws.got).toHaveLength(0);
    source.close?.();
  });
});
