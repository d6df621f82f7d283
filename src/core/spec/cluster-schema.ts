// What may the spec of a Rollout in a cluster say?
//
// The same as a rollout file, without what belongs to machines. The shape comes from the one definition; rules between
// fields are those of `serin check` that the API server can look at without being slow.
import { rolloutJsonSchema } from "./json-schema.ts";
import { exactlyOneRule, structural, withRules, type CelRule, type Schema } from "./structural.ts";

type Path = readonly string[];

/** Fields that belong to machines, with a type that takes whatever they hold, so that a rule can say what is wrong. */
const OF_MACHINES: readonly (readonly [path: Path, type: "object" | "array"])[] = [
  [["workload", "process"], "object"],
  [["workload", "urls"], "array"],
  [["workload", "ready"], "object"],
  [["workload", "metrics"], "object"],
  [["traffic", "proxy"], "object"],
];

const without = (field: string, others: readonly string[]): string =>
  `!has(self.${field}) || (${others.map((other) => `!has(self.${other})`).join(" && ")})`;

const CANARY_RULES: readonly CelRule[] = [
  exactlyOneRule(["steps", "ramp", "stepWeight", "stepWeights"]),
  {
    rule: "!(has(self.steps) || has(self.ramp)) || !(has(self.maxWeight) || has(self.interval))",
    message: "maxWeight and interval go with stepWeight: take them out, or use it instead of steps or ramp",
  },
];

/** Rules between fields, by where they stand in the spec. */
const RULES: readonly (readonly [path: Path, rules: readonly CelRule[]])[] = [
  [
    ["workload"],
    [
      {
        rule: "!has(self.process) && !has(self.urls)",
        message: "process and urls are for machines: in a cluster the workload is a deployment",
      },
      { rule: "has(self.deployment)", message: "deployment must be here: whose pods run, in the Rollout's namespace" },
      {
        rule: "!has(self.ready) && !has(self.metrics)",
        message: "ready and metrics are of urls: pods have probes, and deployment has metrics of its own",
      },
    ],
  ],
  [
    ["traffic"],
    [
      { rule: "!has(self.proxy)", message: "proxy is for machines: in a cluster use service, istio, gateway or envoy" },
      exactlyOneRule(["proxy", "envoy", "service", "istio", "gateway"]),
    ],
  ],
  [
    ["traffic", "istio"],
    [
      {
        rule: without("virtualService", ["hosts", "gateways"]),
        message: "hosts and gateways found beside virtualService, which has its own: take them out",
      },
    ],
  ],
  [
    ["traffic", "gateway"],
    [
      {
        rule: without("route", ["hostnames"]),
        message: "hostnames found beside route, which has its own: take them out",
      },
    ],
  ],
  [
    ["traffic", "sticky"],
    [
      {
        rule: without("header", ["maxAge"]),
        message: "only a cookie has a maxAge: take it out, or use cookie",
      },
    ],
  ],
  [["strategy", "canary"], CANARY_RULES],
  [["strategy", "shadow", "next", "canary"], CANARY_RULES],
  [
    [],
    [
      {
        rule: "!has(self.strategy.recreate) || !has(self.analysis) || (has(self.analysis.enabled) && !self.analysis.enabled)",
        message: "recreate stops stable first, so there is nothing to compare: take the analysis out",
      },
    ],
  ],
];

/** The structural schema of a Rollout's `spec`, and of the name that it may have. */
export function clusterSchema(): { readonly spec: Schema; readonly name: Schema } {
  const file = rolloutJsonSchema();
  const { pattern, type } = at(file, ["metadata", "name"]);
  let spec = at(file, ["spec"]);
  // The file's own rule counts process and urls in, and proxy.
  for (const path of [["workload"], ["traffic"]])
    spec = changed(spec, path, ({ oneOf: _one, anyOf: _any, ...rest }) => rest);
  for (const [path, as] of OF_MACHINES) spec = changed(spec, path, () => ofMachines(as));
  spec = structural(spec);
  for (const [path, rules] of RULES) spec = changed(spec, path, (schema) => withRules(schema, rules));
  return { spec, name: { type, pattern, maxLength: 63 } };
}

function ofMachines(type: "object" | "array"): Schema {
  const description = "For machines, not in a cluster.";
  return type === "object"
    ? { description, type, additionalProperties: {} }
    : { description, type, items: { type: "string" } };
}

function at(schema: Schema, path: Path): Schema {
  return path.reduce((found, name) => (found["properties"] as Schema)[name] as Schema, schema);
}

/** The schema with another one at a place. */
function changed(schema: Schema, path: Path, change: (found: Schema) => Schema): Schema {
  const [name, ...rest] = path;
  if (name === undefined) return change(schema);
  const properties = schema["properties"] as Schema;
  return { ...schema, properties: { ...properties, [name]: changed(properties[name] as Schema, rest, change) } };
}
