// How does a rollout file name who else keeps figures of a service?
import * as z from "zod";
import { anchoredText, below } from "../outbox/target.ts";
import { filledText, strayIn } from "../outbox/template.ts";
import type { Text } from "../outbox/message.ts";
import { duration, type Ms } from "../units.ts";
import { listed, rule, type Report } from "./rule.ts";
import { shown } from "./reading.ts";
import { Env, textField, wrongUrl } from "./target.ts";
import {
  BaseUrl,
  Credential,
  hasField,
  headersField,
  loginFields,
  notBoth,
  stepField,
  textOf,
  timed,
  timingFields,
  wrongName,
} from "./vendor-fields.ts";
import { INTERVAL_NAMES } from "./vendor-query.ts";
import { Plain } from "./plain.ts";

const Host = textOf(/^[a-z0-9]+(?:[.-][a-z0-9]+)*$/u, "a host's name such as datadoghq.eu");

interface Points {
  readonly step: Ms;
  readonly every: Ms;
}

/** An interval that is shorter than a point has none, most of the time. */
function pointsInEach({ step, every }: Points, report: Report): void {
  if (every >= step) return;
  report(
    ["every"],
    "conflict",
    `found ${duration(every)}, less than a step of ${duration(step)}: most intervals would have no point`,
  );
}

/** A point that stands at its beginning, and is read before it is complete, is never read again. */
function wholePoints(spec: Points & { readonly delay: Ms }, report: Report): void {
  const { step, delay } = spec;
  pointsInEach(spec, report);
  if (delay >= step) return;
  report(
    ["delay"],
    "conflict",
    `found ${duration(delay)}, less than a step of ${duration(step)}: its points are not complete`,
  );
}

const datadog = rule(
  z.strictObject({
    site: Host.default("datadoghq.com").describe(
      "The site of the account: datadoghq.com, datadoghq.eu, us3.datadoghq.com.",
    ),
    url: BaseUrl.optional().describe("Instead of the site's own address: a proxy."),
    apiKey: Credential.describe("The API key: { env } or { file }."),
    appKey: Credential.describe("The application key, which may timeseries_query: { env } or { file }."),
    step: stepField,
    headers: headersField,
    ...timingFields("2m"),
  }),
  wholePoints,
  ["step", "every", "delay"],
).transform(({ step, ...rest }) => ({ kind: "datadog" as const, stepMs: step, ...timed(rest) }));

function together(value: object, names: readonly [string, string], report: Report): void {
  const missing = names.filter((name) => !hasField(value, name));
  if (missing.length !== 1) return;
  report([], "missing-field", `${missing[0]} is missing, ${listed(names, "and")} go together`);
}

const cloudwatch = rule(
  z.strictObject({
    region: textOf(/^[a-z]{2}(?:-[a-z]+)+-\d$/u, "a region such as eu-central-1").describe(
      "The region, such as eu-central-1.",
    ),
    url: BaseUrl.optional().describe("Instead of the region's own address: a VPC endpoint."),
    accessKeyId: Credential.optional().describe("Default: what the AWS SDK finds: environment, profile, role."),
    secretAccessKey: Credential.optional().describe("With accessKeyId: { env } or { file }."),
    sessionToken: Credential.optional().describe("With accessKeyId, of a session: { env } or { file }."),
    step: stepField,
    ...timingFields("3m"),
  }),
  (spec, report) => {
    wholePoints(spec, report);
    together(spec, ["accessKeyId", "secretAccessKey"], report);
    if (spec.sessionToken && !spec.accessKeyId)
      report(
        ["sessionToken"],
        "conflict",
        "found without accessKeyId: take it out, or name the key that it belongs to",
      );
  },
  ["step", "every", "delay"],
).transform(({ step, ...rest }) => ({ kind: "cloudwatch" as const, stepMs: step, ...timed(rest) }));

const influxdb = rule(
  z.strictObject({
    url: BaseUrl.describe("Where it listens: http://influxdb:8086."),
    database: z.string().min(1).optional().describe("The database: queries are InfluxQL."),
    retentionPolicy: z.string().min(1).optional().describe("With database only. Default: the database's own."),
    org: z.string().min(1).optional().describe("The organisation, of 2.x: queries are Flux."),
    token: Credential.optional().describe("A token of 2.x: { env } or { file }."),
    ...loginFields,
    ...timingFields("10s"),
  }),
  (spec, report) => {
    const { database, org, retentionPolicy } = spec;
    if (database === undefined && org === undefined)
      report([], "missing-field", "one of database (InfluxQL) or org (Flux) must be here");
    notBoth(spec, ["database", "org"], report);
    notBoth(spec, ["token", "basic"], report);
    notBoth(spec, ["token", "bearer"], report);
    notBoth(spec, ["basic", "bearer"], report);
    if (org !== undefined && retentionPolicy !== undefined)
      report(["retentionPolicy"], "conflict", "Flux names the bucket in its query: take it out");
  },
).transform((spec) => ({ kind: "influxdb" as const, ...timed(spec) }));

const graphite = rule(
  z.strictObject({
    url: BaseUrl.describe("Where graphite-web listens, without /render."),
    ...loginFields,
    ...timingFields("2m"),
  }),
  (spec, report) => notBoth(spec, ["basic", "bearer"], report),
).transform((spec) => ({ kind: "graphite" as const, ...timed(spec) }));

const newrelic = z
  .strictObject({
    region: z.enum(["us", "eu"]).default("us").describe("Where the account is."),
    url: BaseUrl.optional().describe("Instead of the region's own address: a proxy. /graphql is added."),
    account: z.int().min(1).describe("The account's number."),
    apiKey: Credential.describe("A user key: { env } or { file }."),
    headers: headersField,
    ...timingFields("1m"),
  })
  .transform((spec) => ({ kind: "newrelic" as const, ...timed(spec) }));

const dynatrace = rule(
  z.strictObject({
    url: BaseUrl.describe("The environment: https://abc12345.live.dynatrace.com, or …/e/ID of a managed one."),
    token: Credential.describe("A token that may metrics.read: { env } or { file }."),
    step: stepField,
    headers: headersField,
    ...timingFields("2m"),
  }),
  pointsInEach,
  ["step", "every"],
).transform(({ step, ...rest }) => ({ kind: "dynatrace" as const, stepMs: step, ...timed(rest) }));

const googleCloud = rule(
  z.strictObject({
    project: textOf(/^[a-z0-9:.-]+$/u, "a project's id or number").describe("The project's id or number."),
    credentials: Credential.optional().describe(
      "The JSON key of a service account: { env } or { file }. Default: the account of the machine it runs on.",
    ),
    bearer: Credential.optional().describe("Instead: an access token that somebody else keeps fresh."),
    url: BaseUrl.default("https://monitoring.googleapis.com").describe("Where Cloud Monitoring is asked."),
    headers: headersField,
    ...timingFields("3m"),
  }),
  (spec, report) => notBoth(spec, ["credentials", "bearer"], report),
).transform((spec) => ({ kind: "googleCloud" as const, ...timed(spec) }));

const splunk = rule(
  z.strictObject({
    url: BaseUrl.describe("The management port: https://splunk:8089."),
    app: textOf(/^[\w-]+$/u, "an app's name")
      .optional()
      .describe("The app that a search runs in."),
    ...loginFields,
    ...timingFields("1m"),
  }),
  (spec, report) => {
    notBoth(spec, ["basic", "bearer"], report);
    if (spec.basic === undefined && spec.bearer === undefined)
      report([], "missing-field", "one of basic or bearer must be here");
  },
).transform((spec) => ({ kind: "splunk" as const, ...timed(spec) }));

/** A text in which names are filled in. */
function filled<S extends z.ZodType<string>>(text: S, known: readonly string[]): S {
  return text.superRefine((value, context) => {
    const message = wrongName(value, known);
    if (message !== undefined) context.addIssue({ code: "custom", message, params: { code: "wrong-value" } });
  });
}

/** An address in which the interval can be filled in. */
const FilledUrl = filled(z.string(), INTERVAL_NAMES).superRefine((text, context) => {
  const stray = strayIn(text);
  const whole = filledText(text, { from: "0", to: "0", interval: "0" });
  const why = stray === undefined ? wrongUrl(whole) : `found ${shown(stray)}, a name must stand between {{ and }}`;
  if (why !== undefined) context.addIssue({ code: "custom", message: why, params: { code: "wrong-value" } });
});

const json = rule(
  z.strictObject({
    url: textField(FilledUrl).describe("The page. {{from}}, {{to}} and {{interval}} in it are filled in."),
    body: filled(z.string().min(1), INTERVAL_NAMES)
      .optional()
      .describe("What is sent with POST, filled in likewise. Default: GET, and nothing."),
    ...loginFields,
    ...timingFields("0s"),
  }),
  (spec, report) => notBoth(spec, ["basic", "bearer"], report),
).transform((spec) => ({ kind: "json" as const, ...timed(spec) }));

const command = z
  .strictObject({
    command: z
      .array(filled(Plain, ["query", ...INTERVAL_NAMES]))
      .min(1)
      .describe(
        "A program and its arguments; no shell. It prints one number. {{query}}, {{from}}, {{to}} and {{interval}} are filled in.",
      ),
    env: Env.default({}).describe("Environment variables: texts, or { env } or { file } for secrets."),
    cwd: z.string().min(1).default(".").describe("Its folder. Default: the rollout file's."),
    ...timingFields("0s"),
  })
  .transform((spec) => ({ kind: "command" as const, ...timed(spec) }));

/** Who can be asked, by the name in the file. */
export const VENDORS = {
  datadog,
  cloudwatch,
  influxdb,
  graphite,
  newrelic,
  dynatrace,
  googleCloud,
  splunk,
  json,
  command,
} as const;

export type VendorKind = keyof typeof VENDORS;

/** What an editor shows of each. */
export const ABOUT: Readonly<Record<VendorKind, string>> = {
  datadog: "Datadog: queries of metrics.",
  cloudwatch: "Amazon CloudWatch: metric math and Metrics Insights.",
  influxdb: "InfluxDB: InfluxQL or Flux.",
  graphite: "Graphite: targets of its render API.",
  newrelic: "New Relic: NRQL.",
  dynatrace: "Dynatrace: metric selectors.",
  googleCloud: "Google Cloud Monitoring: PromQL.",
  splunk: "Splunk: searches.",
  json: "Any page of JSON: a JSONPath.",
  command: "A program that prints a number.",
};

type Deep<T> = { readonly [K in keyof T]: T[K] };

/** One of them as the file asks for it. */
export type VendorSpecs = { readonly [K in VendorKind]: Deep<z.output<(typeof VENDORS)[K]>> };

/** Any of them. The asker keeps to `everyMs`, and asks for intervals that end `delayMs` ago. */
export type VendorSpec = VendorSpecs[VendorKind];

/** A source whose paths begin at the folder of the rollout file: files that hold a credential, a command's folder. */
export function anchoredVendor<S extends VendorSpec>(spec: S, origin: string): S {
  const entries = Object.entries(spec).map(([name, value]): [string, unknown] => {
    if (name === "cwd") return [name, below(origin, value as string)];
    const isMap = name === "headers" || name === "env" || name === "basic";
    return [name, isMap && value !== undefined ? anchoredTexts(value as Texts, origin) : anchoredIfText(value, origin)];
  });
  return Object.fromEntries(entries) as S;
}

type Texts = Readonly<Record<string, Text>>;

function anchoredTexts(texts: Texts, origin: string): Texts {
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, anchoredText(text, origin)]));
}

function anchoredIfText(value: unknown, origin: string): unknown {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? anchoredText(value as Text, origin)
    : value;
}
