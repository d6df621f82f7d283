// How does a rollout file say where requests come in?
import * as z from "zod";
import type { StickyKey } from "../split.ts";
import { ms } from "../units.ts";
import {
  GatewaySchema,
  IstioSchema,
  ServiceSchema,
  type GatewaySpec,
  type IstioSpec,
  type ServiceSpec,
} from "./cluster-traffic.ts";
import { durationFormat } from "./durations.ts";
import { EnvoySchema, type EnvoySpec } from "./envoy.ts";
import { LISTEN } from "./listen.ts";
import { shown, written, writtenOrNumber } from "./reading.ts";
import { exactlyOne, rule } from "./rule.ts";
import { bytesFormat } from "./sizes.ts";
import { Balance, Circuit, count, time, Tls } from "./traffic-parts.ts";

const GiB = 1024 ** 3;

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

const ProxyFields = z.strictObject({
  listen: writtenOrNumber(LISTEN).describe(
    "Address of the service: host:port, or a port on 127.0.0.1. IPv6 in brackets. Port 0 takes a free one.",
  ),
  preview: writtenOrNumber(LISTEN)
    .optional()
    .describe("Second address: requests there go to the candidate while there is one, else to stable."),
  tls: Tls.optional().describe("Certificate and key. Without them the proxy speaks plain HTTP."),
  workers: z.int().min(1).max(256).default(1).describe("Threads that share the port."),
  balance: Balance,
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

/** Who may carry the requests: exactly one of these. */
const CARRIERS = ["proxy", "envoy", "service", "istio", "gateway"] as const;

const trafficFields = z
  .strictObject({
    proxy: Proxy.optional().describe("The built-in proxy: a process of its own in front of the replicas."),
    envoy: EnvoySchema.optional().describe("Envoys that somebody runs, and that Serin tells how to route (xDS)."),
    service: ServiceSchema.optional().describe("A Kubernetes Service alone: shares by the number of pods."),
    istio: IstioSchema.optional().describe("Istio: a VirtualService with weights."),
    gateway: GatewaySchema.optional().describe("Kubernetes' Gateway API: an HTTPRoute or GRPCRoute with weights."),
    sticky: Sticky.optional().describe("What keeps a user with the version that they were given."),
  })
  .meta({ anyOf: CARRIERS.map((name) => ({ required: [name] })) });

export const TrafficSchema = rule(trafficFields, (traffic, report) => exactlyOne(traffic, CARRIERS, report), []);

/** Who carries the requests: exactly one of these; and what keeps users with a version. */
export interface TrafficSpec {
  readonly proxy?: ProxySpec | undefined;
  readonly envoy?: EnvoySpec | undefined;
  readonly service?: ServiceSpec | undefined;
  readonly istio?: IstioSpec | undefined;
  readonly gateway?: GatewaySpec | undefined;
  readonly sticky?: StickyKey | undefined;
}

/** The second address, where the file asks for one. */
export function previewOf({ proxy, envoy }: TrafficSpec): object | undefined {
  return proxy?.preview ?? envoy?.preview;
}

/** The built-in proxy, as the file asks for it: all that a `ProxyConfig` holds. */
export type ProxySpec = Readonly<z.output<typeof Proxy>>;
