// How does a rollout file say which Envoys carry the traffic?
import * as z from "zod";
import { ms } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { textOrMap } from "./either.ts";
import { checkAddresses, checkHosts, checkKeys, checkStatuses, checkTry, isIp } from "./envoy-rules.ts";
import { LISTEN, type Listen } from "./listen.ts";
import { shown, written, writtenOrNumber } from "./reading.ts";
import { exactlyOne, rule } from "./rule.ts";
import { Balance, Circuit, time, Tls } from "./traffic-parts.ts";
import { fractionFormat } from "./weights.ts";

/** Without a port of its own choice: whoever looks for a server must know where it is. */
const fixedPort = (description: string) =>
  writtenOrNumber(LISTEN)
    .refine(({ port }) => port !== 0, { error: "found port 0, an Envoy listens at a port that is known: 1 to 65535" })
    .describe(description);

/** Envoys take no names here. */
const door = (description: string) =>
  fixedPort(description).refine(({ host }) => isIp(host), {
    error: ({ input }) =>
      `found ${shown((input as Listen).host)}, an Envoy listens at an IP address, such as 127.0.0.1 or 0.0.0.0`,
  });

const HOST = /^(?:\*|(?:\*\.)?[a-z0-9_](?:[a-z0-9_.-]{0,251}[a-z0-9_])?)$/u;

const Host = z.string().regex(HOST, {
  error: ({ input }) => `found ${shown(input)}, a host is a name in small letters, *.example.org, or * for any`,
});

/** Where Envoys get their configuration when nothing is said. */
const XDS = "127.0.0.1:18000";

const channelFields = z.strictObject({
  listen: fixedPort("Address at which Serin listens for Envoys."),
  cert: z.string().min(1).describe("Certificate chain that Envoys see, a PEM file."),
  key: z.string().min(1).describe("Its key, a PEM file."),
  ca: z.string().min(1).optional().describe("Envoys must show a certificate of one of these authorities, a PEM file."),
});

/** The channel between Serin and its Envoys. */
export interface XdsChannel extends Listen {
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string | undefined } | undefined;
}

const Channel = textOrMap<XdsChannel, XdsChannel>({
  text: writtenOrNumber(LISTEN).transform(({ host, port }): XdsChannel => ({ host, port })) as z.ZodType<
    XdsChannel,
    string
  >,
  map: channelFields.transform(({ listen, ...tls }): XdsChannel => ({ ...listen, tls })),
  right: "an address or a map",
})
  .prefault(XDS)
  .describe("Where Serin listens for Envoys: an address, or a map with a certificate. Services may share it.");

const timeoutFields = z.strictObject({
  connect: time("1s", "To connect to a replica."),
  response: time("30s", "From the end of the request to the end of the answer."),
  try: written(durationFormat({ atLeast: ms(1), atMost: ms(86_400_000) }))
    .optional()
    .describe("For one try of a request. Default: as long as response."),
  idle: time("1m", "Without a byte in either direction while a message is under way."),
  keepAlive: time("75s", "A client's connection without a request."),
  head: time("15s", "From the first byte of a request to the end of its head."),
});

const Timeouts = rule(timeoutFields, checkTry, ["response", "try"]).transform(
  ({ connect, response, try: one, idle, keepAlive, head }) => ({
    connectMs: connect,
    responseMs: response,
    tryMs: one,
    idleMs: idle,
    keepAliveMs: keepAlive,
    headMs: head,
  }),
);

const RETRY_ON = [
  "connect-failure",
  "refused-stream",
  "reset",
  "gateway-error",
  "5xx",
  "retriable-4xx",
  "retriable-status-codes",
] as const;

const retryFields = z.strictObject({
  tries: z.int().min(0).max(10).default(1).describe("Further tries, on another replica where there is one."),
  on: z
    .array(z.enum(RETRY_ON))
    .min(1)
    .default(["connect-failure", "refused-stream"])
    .describe("After what. reset and 5xx repeat requests that a replica may already have carried out."),
  statuses: z.array(z.int().min(400).max(599)).max(50).optional().describe("For retriable-status-codes: which ones."),
});

const Retries = rule(retryFields, checkStatuses, ["on", "statuses"]);

const HealthCheck = z
  .strictObject({
    path: z.string().regex(/^\/[\x21-\x7e]*$/u, {
      error: ({ input }) => `found ${shown(input)}, a path begins with a slash, such as /healthz`,
    }),
    every: time("5s", "From check to check."),
    timeout: time("1s", "Longest time for one check."),
    unhealthy: z.int().min(1).max(100).default(3).describe("So many failures in a row: no more requests."),
    healthy: z.int().min(1).max(100).default(1).describe("So many successes in a row: requests again."),
  })
  .transform(({ every, timeout, ...rest }) => ({ ...rest, everyMs: every, timeoutMs: timeout }));

const upstreamFields = z.strictObject({
  http2: z.boolean().default(false).describe("Speak HTTP/2 to replicas."),
  tls: z
    .strictObject({
      ca: z.string().min(1).describe("Authorities that replicas' certificates must be of, a PEM file."),
      serverName: z
        .string()
        .min(1)
        .describe("Name that replicas' certificates must have, and that is asked for (SNI)."),
      cert: z.string().min(1).optional().describe("Certificate that is shown to replicas, a PEM file."),
      key: z.string().min(1).optional().describe("Its key, a PEM file."),
    })
    .optional()
    .describe("Speak TLS to replicas."),
});

const Upstream = rule(upstreamFields, ({ tls }, report) => {
  if (!tls || (tls.cert === undefined) === (tls.key === undefined)) return;
  const [there, missing] = tls.cert === undefined ? ["key", "cert"] : ["cert", "key"];
  report(
    ["tls", missing ?? ""],
    "missing-field",
    `${missing} is missing: found ${there}, a certificate goes with its key`,
  );
});

const COLLECTOR = /^http:\/\/[^\s/?#@]+(?:\/[^\s?#@]*)?$/u;

const Collector = z
  .string()
  .regex(COLLECTOR, {
    error: ({ input }) => `found ${shown(input)}, an address here is http://, a host, a port and a path`,
  })
  .refine((text) => !COLLECTOR.test(text) || z.url().safeParse(text).success, {
    error: ({ input }) => `found ${shown(input)}, that is no address: a port is from 1 to 65535`,
  });

const tracingFields = z.strictObject({
  otlp: Collector.optional().describe("OpenTelemetry collector, OTLP over HTTP: http://127.0.0.1:4318/v1/traces."),
  zipkin: Collector.optional().describe("Zipkin collector: http://127.0.0.1:9411/api/v2/spans."),
  sample: written(fractionFormat({ atLeast: 0, atMost: 100 }))
    .prefault("100%")
    .describe("Share of the requests that are traced when nobody upstream has decided."),
  service: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Service name of the spans; at Zipkin a tag, for there Envoy says its fleet. Default: the service's name.",
    ),
});

const Tracing = rule(
  tracingFields.meta({ oneOf: [{ required: ["otlp"] }, { required: ["zipkin"] }] }),
  (tracing, report) => exactlyOne(tracing, ["otlp", "zipkin"], report),
).transform(({ otlp, zipkin, ...rest }): EnvoyTracing => {
  return otlp === undefined ? { ...rest, kind: "zipkin", url: zipkin ?? "" } : { ...rest, kind: "otlp", url: otlp };
});

/** Where spans go. */
export interface EnvoyTracing {
  readonly kind: "otlp" | "zipkin";
  readonly url: string;
  /** 0…1. */
  readonly sample: number;
  readonly service?: string | undefined;
}

const EVIDENCE = ["access-log", "metrics-stream", "admin"] as const;

const envoyFields = z.strictObject({
  listen: door("Address at which the Envoys listen for the service: host:port, or a port on 127.0.0.1."),
  preview: door("Second address: requests there go to the candidate while there is one, else to stable.").optional(),
  hosts: z
    .array(Host)
    .min(1)
    .default(["*"])
    .describe("Host names of the service. Services that share an address are told apart by them. Default: any."),
  xds: Channel,
  fleet: z
    .string()
    .min(1)
    .max(200)
    .default("serin")
    .describe("The Envoys that carry it: those whose node.cluster is this."),
  envoys: z
    .int()
    .min(1)
    .max(10_000)
    .default(1)
    .describe("A split counts when at least so many Envoys are connected, and all of those have taken it."),
  tls: Tls.optional().describe("Certificate and key. Without them the Envoys speak plain HTTP to clients."),
  upstream: Upstream.prefault({}).describe("How replicas are spoken to."),
  balance: Balance,
  timeouts: Timeouts.prefault({}).describe("Longest times."),
  retries: Retries.prefault({}).describe("When a request is tried again."),
  circuit: Circuit.prefault({}).describe("When a pool or a replica gets no more requests."),
  healthCheck: HealthCheck.optional().describe("The Envoys look at replicas themselves. Default: they ask nobody."),
  tracing: Tracing.optional().describe("Spans of requests, with the role that answered."),
  evidence: z
    .enum(EVIDENCE)
    .default("access-log")
    .describe(
      "What requests are counted by: each Envoy's access log, its stream of statistics, or its admin page (whole pools, no single replicas).",
    ),
  trustForwarded: z
    .boolean()
    .default(false)
    .describe("Keep X-Forwarded-* of the client and add to them: only behind a proxy that one trusts."),
  drain: written(durationFormat({ atLeast: ms(1), atMost: ms(86_400_000) }))
    .optional()
    .describe(
      "A replica that gets no more requests is left alone for so long, to answer those it has; the workload's own drain may end it before. Default: as long as timeouts.response.",
    ),
});

const separate = rule(envoyFields, checkAddresses, ["listen", "preview", "xds"]);
const safe = rule(separate, checkKeys, ["xds", "tls", "upstream"]);

export const EnvoySchema = rule(safe, checkHosts, ["hosts"]).transform(({ drain, ...rest }) => ({
  ...rest,
  // So long may a request take that came just before.
  drainMs: drain ?? rest.timeouts.responseMs,
}));

/** Envoys that Serin tells how to route, as the file asks for them. */
export type EnvoySpec = Readonly<z.output<typeof EnvoySchema>>;
