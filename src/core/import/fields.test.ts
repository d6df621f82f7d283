// Does every field of every format have an effect, or a word said of it?
import { expect, test } from "vitest";
import * as z from "zod";
import { stringify } from "yaml";
import { EXPERIMENT, ROLLOUT, ANALYSIS_TEMPLATE } from "./argo/formats.ts";
import { CANARY, METRIC_TEMPLATE, ALERT_PROVIDER } from "./flagger/formats.ts";
import { importFiles } from "./import.ts";
import type { Format } from "./known.ts";

type Path = readonly (string | number)[];
type Tree = Readonly<Record<string, unknown>>;

/** What stands in a file, without what is made of it. */
function inner(schema: z.core.$ZodType): z.core.$ZodType {
  return schema instanceof z.ZodOptional ? inner(schema.def.innerType) : schema;
}

/** A value of a schema: with every field of it, or with those alone that must be there. */
function sample(given: z.core.$ZodType, whole: boolean): unknown {
  const schema = inner(given);
  if (schema instanceof z.ZodObject) {
    const fields = Object.entries(schema.shape);
    const there = fields.filter(([, field]) => whole || field._zod.optin !== "optional");
    return Object.fromEntries(there.map(([name, field]) => [name, sample(field, whole)]));
  }
  if (schema instanceof z.ZodArray) return [sample(schema.element, whole)];
  if (schema instanceof z.ZodRecord) return { "some-name": sample(schema.valueType, whole) };
  if (schema instanceof z.ZodUnion) return sample(schema.options[0] as z.core.$ZodType, whole);
  if (schema instanceof z.ZodEnum) return schema.options.findLast((option) => option !== "");
  if (schema instanceof z.ZodLiteral) return [...schema.values][0];
  if (schema instanceof z.ZodBoolean) return true;
  if (schema instanceof z.ZodNumber) return 7;
  return schema instanceof z.ZodString ? "seven" : { any: "thing" };
}

/** Every field that may be left out, with a value. */
function optional(given: z.core.$ZodType, path: Path): readonly { path: Path; value: unknown }[] {
  const schema = inner(given);
  if (schema instanceof z.ZodArray) return optional(schema.element, [...path, 0]);
  if (schema instanceof z.ZodRecord) return optional(schema.valueType, [...path, "some-name"]);
  if (!(schema instanceof z.ZodObject)) return [];
  const found: { path: Path; value: unknown }[] = [];
  for (const [name, field] of Object.entries(schema.shape)) {
    const at = [...path, name];
    if (field._zod.optin === "optional") found.push({ path: at, value: sample(field, false) });
    found.push(...optional(field, at));
  }
  return found;
}

function childOf(given: z.core.$ZodType, part: string | number): z.core.$ZodType {
  const schema = inner(given);
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return (schema as z.ZodObject).shape[part] as z.core.$ZodType;
}

/** The tree with a value at a place; what must be there on the way is made. */
function put(tree: unknown, schema: z.core.$ZodType, { path, value }: { path: Path; value: unknown }): unknown {
  const [part, ...rest] = path;
  if (part === undefined) return value;
  const base = tree ?? sample(schema, false);
  const child = childOf(schema, part);
  if (Array.isArray(base))
    return [
      put((base as readonly unknown[])[0], child, { path: rest, value }),
      ...(base as readonly unknown[]).slice(1),
    ];
  const map = base as Tree;
  return { ...map, [part]: put(map[part], child, { path: rest, value }) };
}

const NOT_CONVERTED = /^it was not converted/u;

interface Case {
  readonly name: string;
  readonly format: Format<unknown>;
  readonly base: Tree;
  /** Other documents that stand beside it. */
  readonly beside?: readonly Tree[];
  /** Places below which no single field is added: another case has them. */
  readonly without?: readonly string[];
}

const template = (spec: Tree): Tree => ({
  apiVersion: METRIC_TEMPLATE.apiVersion,
  kind: "MetricTemplate",
  metadata: { name: "m" },
  spec,
});

const canary = (spec: Tree, analysis: Tree): Tree => ({
  apiVersion: CANARY.apiVersion,
  kind: "Canary",
  metadata: { name: "shop" },
  spec: {
    targetRef: { kind: "Deployment", name: "shop" },
    service: { port: 80 },
    analysis: { interval: "1m", threshold: 3, ...analysis },
    ...spec,
  },
});

const WEIGHTS = { stepWeight: 10 };
const METRIC = { metrics: [{ name: "m", templateRef: { name: "m" }, thresholdRange: { max: 1 } }] };

const pods = { matchLabels: { app: "shop" } };
const rollout = (strategy: Tree, spec: Tree = { workloadRef: { name: "shop" } }): Tree => ({
  apiVersion: ROLLOUT.apiVersion,
  kind: "Rollout",
  metadata: { name: "shop" },
  spec: { ...spec, strategy },
});
const steps = [{ setWeight: 20 }, { pause: {} }];
const istio = { istio: { virtualService: { name: "shop" } } };

const analysisTemplate = (provider: Tree, more: Tree = { successCondition: "result > 1" }): Tree => ({
  apiVersion: ANALYSIS_TEMPLATE.apiVersion,
  kind: "AnalysisTemplate",
  metadata: { name: "t" },
  spec: { metrics: [{ name: "m", provider, ...more }] },
});
const analysed = rollout({
  canary: { stableService: "shop", steps: [...steps, { analysis: { templates: [{ templateName: "t" }] } }] },
});
const promql = { prometheus: { address: "http://p:9090", query: "avg(up)" } };

const CASES: readonly Case[] = [
  { name: "canary, istio", format: CANARY, base: canary({ provider: "istio" }, WEIGHTS) },
  {
    name: "canary, gateway",
    format: CANARY,
    base: canary(
      { provider: "gatewayapi:v1", service: { port: 80, gatewayRefs: [{ name: "g" }], timeout: "1s" } },
      WEIGHTS,
    ),
  },
  { name: "blue-green, kubernetes", format: CANARY, base: canary({ provider: "kubernetes" }, { iterations: 3 }) },
  { name: "blue-green, istio", format: CANARY, base: canary({ provider: "istio" }, { iterations: 3, mirror: true }) },
  {
    name: "a/b test",
    format: CANARY,
    base: canary({ provider: "istio" }, { iterations: 3, match: [{ headers: { "some-name": { exact: "1" } } }] }),
  },
  { name: "other provider", format: CANARY, base: canary({ provider: "nginx" }, WEIGHTS) },
  {
    name: "metric template",
    format: METRIC_TEMPLATE,
    base: template({ provider: { type: "prometheus", address: "http://p:9090" }, query: "avg(up)" }),
    beside: [canary({ provider: "istio" }, { ...WEIGHTS, ...METRIC })],
  },
  {
    name: "alert provider",
    format: ALERT_PROVIDER,
    base: {
      apiVersion: ALERT_PROVIDER.apiVersion,
      kind: "AlertProvider",
      metadata: { name: "a" },
      spec: { type: "slack", address: "https://slack.example.com" },
    },
    beside: [canary({ provider: "istio" }, { ...WEIGHTS, alerts: [{ name: "a", providerRef: { name: "a" } }] })],
  },
  {
    name: "argo canary",
    format: ROLLOUT,
    base: rollout({ canary: { stableService: "shop", steps } }),
    without: ["spec.strategy.blueGreen"],
  },
  {
    name: "argo canary, istio",
    format: ROLLOUT,
    base: rollout({ canary: { stableService: "shop", trafficRouting: istio, steps } }),
    without: ["spec.strategy.blueGreen"],
  },
  {
    name: "argo rolling",
    format: ROLLOUT,
    base: rollout({ canary: { stableService: "shop" } }),
    without: ["spec.strategy.blueGreen"],
  },
  {
    name: "argo blue-green",
    format: ROLLOUT,
    base: rollout(
      { blueGreen: { activeService: "shop" } },
      { selector: pods, template: { metadata: { labels: { app: "shop" } } } },
    ),
    without: ["spec.strategy.canary"],
  },
  { name: "analysis template", format: ANALYSIS_TEMPLATE, base: analysisTemplate(promql), beside: [analysed] },
  {
    name: "analysis template, job",
    format: ANALYSIS_TEMPLATE,
    base: analysisTemplate({ job: { spec: { template: {} } } }, {}),
    beside: [analysed],
  },
  {
    name: "experiment",
    format: EXPERIMENT,
    base: {
      apiVersion: EXPERIMENT.apiVersion,
      kind: "Experiment",
      metadata: { name: "shop" },
      spec: { templates: [1, 2].map((one) => ({ name: `t${one}`, selector: pods, template: {} })) },
    },
  },
];

function outcome(
  document: unknown,
  beside: readonly Tree[] = [],
): { said: string; wrong: readonly string[]; left: readonly string[] } {
  const text = [document, ...beside].map((one) => stringify(one)).join("---\n");
  const { documents, remarks } = importFiles([{ name: "in.yaml", text }], { prometheus: "http://p:9090" });
  return {
    said: JSON.stringify([
      documents.map((one) => one.text),
      remarks.map(({ level, path, text: what }) => [level, path, what]),
    ]),
    wrong: remarks.filter(({ level }) => level === "wrong").map(({ path, text: what }) => `${path} ${what}`),
    left: remarks.filter(({ text: what }) => NOT_CONVERTED.test(what)).map(({ path }) => path),
  };
}

/** Which kind of object a reference means, where there is no other one; what says what is so anyway; what nobody asks for. */
const SILENT =
  /(?:apiVersion|\.kind|group)$|^spec\.service\.portDiscovery$|progressDeadlineAbort$|workloadRef\.\w+$|clusterScope$|autoPromotionEnabled$|templateVariables$|^spec\.(?:args|dryRun)\b|^metadata\.namespace$/u;

test.each(CASES)("$name: each field by itself", ({ format, base, beside, without = [] }) => {
  const schema = format.schema as unknown as z.core.$ZodType;
  const before = outcome(base, beside);
  expect(before.wrong).toEqual([]);
  expect(before.left).toEqual([]);
  const fields = optional(schema, []).filter(({ path }) => !without.some((one) => path.join(".").startsWith(one)));
  expect(fields.length).toBeGreaterThan(15);
  const silent: string[] = [];
  for (const field of fields) {
    const document = put(base, schema, field);
    const { said, wrong, left } = outcome(document, beside);
    const name = field.path.join(".");
    expect(wrong, name).toEqual([]);
    expect(left, name).toEqual([]);
    const isEmpty = typeof field.value === "object" && JSON.stringify(field.value).length <= 4;
    if (said === before.said && !isEmpty && JSON.stringify(document) !== JSON.stringify(base)) silent.push(name);
  }
  expect(silent.filter((name) => !SILENT.test(name))).toEqual([]);
});

test.each(CASES)("$name: all fields at once", ({ format, base, beside }) => {
  const whole = sample(format.schema, true) as Tree;
  const { wrong, left } = outcome({ ...whole, metadata: base["metadata"] }, beside);
  expect(wrong).toEqual([]);
  expect(left).toEqual([]);
});
