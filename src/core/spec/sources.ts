// How does a rollout file say where figures are read that others keep?
import * as z from "zod";
import { tellsPools, tellsReplicas, PLACE_NAMES } from "../placeholders.ts";
import { namesIn, strayIn } from "../outbox/template.ts";
import { SOURCE_NAME } from "../signal-names.ts";
import { ms } from "../units.ts";
import { Address, checkConnection, connectionFields } from "./connection.ts";
import { durationFormat } from "./durations.ts";
import { shown, written } from "./reading.ts";
import { exactlyOne, listed, rule, type Report } from "./rule.ts";
import { ABOUT, VENDORS, type VendorKind, type VendorSpec } from "./vendors.ts";

const prometheusFields = z.strictObject({
  url: Address.describe("The base address: http://prometheus:9090, https://mimir.example/prometheus."),
  ...connectionFields,
  every: written(durationFormat({ atLeast: ms(1_000), atMost: ms(600_000) }))
    .prefault("5s")
    .describe("How often it is asked at most."),
  timeout: written(durationFormat({ atLeast: ms(100), atMost: ms(120_000) }))
    .prefault("10s")
    .describe("How long an answer may take."),
  window: written(durationFormat({ atLeast: ms(1_000), atMost: ms(3_600_000) }))
    .prefault("2m")
    .describe("How far back samples are read: several times the scrape interval."),
  delay: written(durationFormat({ atMost: ms(600_000) }))
    .prefault("0s")
    .describe("How much later than a scrape its samples can be read, where others collect them."),
  match: z
    .record(z.string().min(1), z.string().min(1))
    .optional()
    .describe(
      "Labels that tell whose a series is, with {{replica}}, {{pool}}, {{role}} … Default: instance, as host:port.",
    ),
});

/** What is said of placeholders that there are not. */
export function wrongPlaceholders(
  template: string,
  { not = [], also = [] }: { readonly not?: readonly string[]; readonly also?: readonly string[] } = {},
): readonly string[] {
  const names: readonly string[] = [...PLACE_NAMES.filter((name) => !not.includes(name)), ...also];
  const all = listed(
    names.map((one) => `{{${one}}}`),
    "and",
  );
  const stray = strayIn(template);
  const strange = namesIn(template).filter((one) => !names.includes(one));
  return [
    ...(stray === undefined ? [] : [`found ${shown(stray)}, a name must stand between {{ and }}, such as {{role}}`]),
    ...strange.map((name) => `found {{${name}}}, known are ${all}`),
  ];
}

function checkPrometheus(fields: z.output<typeof prometheusFields>, report: Report): void {
  checkConnection(fields, report);
  const { match, window, every } = fields;
  if (window < every)
    report(["window"], "conflict", "found a window shorter than every: samples in between would never be seen");
  if (match === undefined) return;
  for (const [label, template] of Object.entries(match)) {
    if (!/^[A-Za-z_]\w*$/u.test(label))
      report(["match", label], "wrong-value", `found ${shown(label)}, a label has letters, digits and _`);
    for (const message of wrongPlaceholders(template)) report(["match", label], "wrong-value", message);
  }
  if (!Object.values(match).some(tellsPools))
    report(
      ["match"],
      "missing-field",
      "nothing here tells one version's series from the other's: use {{replica}}, {{pool}}, {{revision}} or {{role}}",
    );
}

const PrometheusSchema = rule(prometheusFields, checkPrometheus, [
  "url",
  "headers",
  "window",
  "every",
  "match",
]).transform(({ every, timeout, window, delay, ...rest }) => ({
  ...rest,
  everyMs: every,
  timeoutMs: timeout,
  windowMs: window,
  delayMs: delay,
}));

type Vendors = { readonly [K in VendorKind]: z.ZodOptional<(typeof VENDORS)[K]> };

const vendorFields = Object.fromEntries(
  Object.entries(VENDORS).map(([name, schema]) => [name, schema.optional().describe(ABOUT[name as VendorKind])]),
) as unknown as Vendors;

/** Kinds of sources, by the field that names them. */
const KINDS = {
  prometheus: PrometheusSchema.optional().describe("A Prometheus, or a server with its interface."),
  ...vendorFields,
};

const KIND_NAMES = Object.keys(KINDS) as readonly (keyof typeof KINDS)[];

/** A Prometheus, as the file asks for it. */
export type PrometheusSpec = { readonly kind: "prometheus" } & Readonly<z.output<typeof PrometheusSchema>>;

/** One source, as the file says. */
export type SourceSpec = PrometheusSpec | VendorSpec;

const SourceSchema = rule(
  z.strictObject(KINDS).meta({ oneOf: KIND_NAMES.map((name) => ({ required: [name] })) }),
  (source, report) => exactlyOne(source, KIND_NAMES, report),
).transform(({ prometheus, ...vendors }): SourceSpec => {
  if (prometheus) return { kind: "prometheus", ...prometheus };
  const vendor = Object.values(vendors).find((spec) => spec !== undefined);
  if (!vendor) throw new Error("a source without a kind passed its check");
  return vendor;
});

export const SourceName = z.string().regex(SOURCE_NAME, {
  error: ({ input }) => `found ${shown(input)}, a source's name is 1 to 63 of letters, digits, -, _ and .`,
});

export const SourcesSchema = z.record(SourceName, SourceSchema);

/** Whether a source tells of whole pools only, not of each replica. */
export function tellsOnlyPools(source: SourceSpec): boolean {
  if (source.kind !== "prometheus") return true;
  return source.match !== undefined && !Object.values(source.match).some(tellsReplicas);
}
