// How does a rollout file say where requests come in?
import * as z from "zod";
import type { StickyKey } from "../split.ts";
import { ms } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { LISTEN } from "./listen.ts";
import { shown, written, writtenOrNumber } from "./reading.ts";
import { exactlyOne, rule } from "./rule.ts";
import { bytesFormat } from "./sizes.ts";
import { fractionFormat } from "./weights.ts";

const GiB = 1024 ** 3;

/** A time that something may take: more than nothing, at most a day. */
const time = (text: string, description: string) =>
  written(durationFormat({ atLeast: ms(1), atMost: ms(86_400_000) }))
    .prefault(text)
    .describe(description);

const count = (atMost: number, standard: number, description: string) =>
  z.int().min(1).max(atMost).default(standard).describe(description);

const Tls = z.strictObject({
  cert: z.string().min(1).describe("Certificate chain, a PEM file. Read again when it changes."),
  key: z.string().min(1).describe("Its key, a PEM file."),
});

const Timeouts = z
  .strictObject({
    connect: time("1s", "To connect to a replica."),
    response: time("30s", "From the end of the request to the head of the answer."),
    idle: time("1m", "Without a byte in either direction while a message is under way."),
    keepAlive: time("75s", "A client's connection without a request."),
    head: time("15s", "From the first byte of a request to the end of its head."),
  })
  .transform(({ connect, response, idle, keepAlive, head }) => ({
    connectMs: connect,
    responseMs: response,
    idleMs: idle,
    keepAliveMs: keepAlive,
    headMs: head,
  }));

const Limits = z
  .strictObject({
    head: writtenOrNumber(bytesFormat({ atLeast: 256, atMost: 1024 ** 2 }))
      .prefault("32KiB")
      .describe("A message's head; more is answered with 431."),
    headers: count(10_000, 200, "Header fields of one message."),
    body: writtenOrNumber(bytesFormat({ atLeast: 0, atMost: 1024 * GiB }))
      .prefault(0)
      .describe("A request's body; more is answered with 413. 0 for no limit."),
    connections: count(1_000_000, 20_000, "Clients' connections at once, per worker."),
  })
  .transform(({ head, body, ...rest }) => ({ ...rest, headBytes: head, bodyBytes: body }));

const Circuit = z
  .strictObject({
    connections: count(1_000_000, 1_024, "Connections to one replica at once, per worker."),
    pending: count(1_000_000, 1_024, "Requests that wait for a connection; more are answered with 503."),
    consecutiveFailures: count(1_000_000, 5, "Failed requests in a row after which a replica gets none for a while."),
    ejection: time("5s", "First time without requests; it doubles with every further ejection, up to ten times this."),
    maxEjected: written(fractionFormat({ atLeast: 0, atMost: 100 }))
      .prefault("50%")
      .describe("At most this share of a pool may be without requests at once."),
  })
  .transform(({ ejection, ...rest }) => ({ ...rest, ejectionMs: ejection }));

const ProxyFields = z.strictObject({
  listen: writtenOrNumber(LISTEN).describe(
    "Address of the service: host:port, or a port on 127.0.0.1. IPv6 in brackets. Port 0 takes a free one.",
  ),
  preview: writtenOrNumber(LISTEN)
    .optional()
    .describe("Second address: requests there go to the candidate while there is one, else to stable."),
  tls: Tls.optional().describe("Certificate and key. Without them the proxy speaks plain HTTP."),
  workers: z.int().min(1).max(256).default(1).describe("Threads that share the port."),
  balance: z
    .enum(["round-robin", "least-request", "random"])
    .default("least-request")
    .describe("How a replica of a pool is chosen."),
  timeouts: Timeouts.prefault({}).describe("Longest times."),
  limits: Limits.prefault({}).describe("What clients may send."),
  circuit: Circuit.prefault({}).describe("When a pool or a replica gets no more requests."),
  retries: z
    .int()
    .min(0)
    .max(10)
    .default(1)
    .describe("Further tries, on another replica, of requests without a body that are safe to repeat."),
  trustForwarded: z
    .boolean()
    .default(false)
    .describe("Keep X-Forwarded-* of the client and add to them: only behind a proxy that one trusts."),
  drain: time("30s", "Longest time that open requests get when the proxy is stopped."),
});

const Proxy = rule(
  ProxyFields,
  ({ listen, preview }, report) => {
    if (preview !== undefined && preview.port !== 0 && preview.port === listen.port) {
      report(["preview"], "conflict", `port ${preview.port} is already that of listen: choose another one`);
    }
  },
  ["listen", "preview"],
).transform(({ listen, drain, ...rest }) => ({ ...listen, ...rest, drainMs: drain }));

const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u;
const Token = z.string().regex(TOKEN, {
  error: ({ input }) => `found ${shown(input)}, a name here is of letters, digits and -_.!#$%&'*+^\`|~ only`,
});

const Sticky = rule(
  z
    .strictObject({
      cookie: Token.optional().describe("Name of the cookie. A request without it is given one."),
      maxAge: written(durationFormat({ atLeast: ms(1_000) }))
        .optional()
        .describe("How long a browser keeps the cookie. Default: until it is closed."),
      header: Token.optional().describe("Name of the request header whose value identifies a user."),
    })
    .meta({ oneOf: [{ required: ["cookie"] }, { required: ["header"] }] }),
  (sticky, report) => {
    exactlyOne(sticky, ["cookie", "header"], report);
    if (sticky.maxAge !== undefined && sticky.cookie === undefined) {
      report(["maxAge"], "conflict", "only a cookie has a maxAge: take it out, or use cookie");
    }
  },
).transform(({ cookie, header, maxAge }): StickyKey => {
  if (cookie === undefined) return { kind: "header", name: (header ?? "").toLowerCase() };
  return { kind: "cookie", name: cookie, ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }) };
});

export const TrafficSchema = z.strictObject({
  proxy: Proxy.describe("The built-in proxy: a process of its own in front of the replicas."),
  sticky: Sticky.optional().describe("What keeps a user with the version that they were given."),
});

/** The built-in proxy, as the file asks for it: all that a `ProxyConfig` holds. */
export type ProxySpec = Readonly<z.output<typeof Proxy>>;
