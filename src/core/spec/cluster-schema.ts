// What may the spec of a Rollout in a cluster say?
//
// The same as a rollout file, without what belongs to machines. The shape comes from the one definition; rules between
// fields are those of `serin check` that the API server can look at without being slow.
//
// Whoever may make a Rollout in a namespace is not whoever runs the controller: no Rollout starts a program where the
// controller runs, and none names a file there, such as the controller's own token.
import { rolloutJsonSchema } from "./json-schema.ts";
import { exactlyOneRule, structural, withRules, type CelRule, type Schema } from "./structural.ts";

/** Names of fields, one below the other. */
type Path = readonly string[];

/** Fields that belong to machines, with a type that takes whatever they hold, so that a rule can say what is wrong. */
const OF_MACHINES: readonly (readonly [path: Path, type: "object" | "array"])[] = [
  [["workload", "process"], "object"],
  [["workload", "urls"], "array"],
  [["workload", "ready"], "object"],
  [["workload", "metrics"], "object"],
  [["traffic", "proxy"], "object"],
  [["hooks", "[]", "command"], "array"],
  [["notify", "[]", "command"], "array"],
  [["analysis", "sources", "{}", "command"], "object"],
];

/** What it is; not a file. */
const CONFIG: Schema = {
  description: "judge: kayenta only. The canary configuration.",
  type: "object",
  additionalProperties: {},
};

/** So that a rule on each of them has its bound. */
const MOST_SOURCES = 50;

const NO_PROGRAMS = "no programs are started where the controller of a cluster runs";

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
        message:
          "process and urls are for machines: in a cluster the workload is a deployment, a statefulSet or a daemonSet",
      },
      exactlyOneRule(["deployment", "statefulSet", "daemonSet"]),
      {
        rule: "!has(self.ready) && !has(self.metrics)",
        message:
          "ready and metrics are of urls: pods have probes, and metrics stand below deployment, statefulSet or daemonSet",
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
  [["hooks"], [{ rule: "self.all(hook, !has(hook.command))", message: `command found, ${NO_PROGRAMS}: use http` }]],
  [
    ["notify"],
    [
      {
        rule: "self.all(told, !has(told.command))",
        message: `command found, ${NO_PROGRAMS}: use slack, http or email`,
      },
    ],
  ],
  [
    ["analysis", "sources"],
    [
      {
        rule: "self.all(name, !has(self[name].command))",
        message: `command found, ${NO_PROGRAMS}: use a source that is asked over HTTP, such as json`,
      },
    ],
  ],
  [["strategy", "canary"], CANARY_RULES],
  [["strategy", "shadow", "next", "canary"], CANARY_RULES],
  [
    [],
    [
      {
        rule: "!(has(self.workload.statefulSet) || has(self.workload.daemonSet)) || has(self.traffic.service)",
        message:
          "shares of a StatefulSet or a DaemonSet are made by the numbers of its pods: use traffic: { service: … }",
      },
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
  spec = changed(spec, ["analysis", "config"], () => CONFIG);
  spec = changed(spec, ["analysis", "sources"], (sources) => ({ ...sources, maxProperties: MOST_SOURCES }));
  spec = structural(withoutFiles(spec) as Schema);
  for (const [path, rules] of RULES) spec = changed(spec, path, (schema) => withRules(schema, rules));
  return { spec, name: { type, pattern, maxLength: 63 } };
}

function ofMachines(type: "object" | "array"): Schema {
  const description = "For machines, not in a cluster.";
  return type === "object"
    ? { description, type, additionalProperties: {} }
    : { description, type, items: { type: "string" } };
}

/** Secrets that are read from a file are read from a variable only. */
function withoutFiles(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutFiles);
  if (typeof value === "string") return value.replaceAll(" or { file }", "");
  if (typeof value !== "object" || value === null) return value;
  const schema = value as Schema;
  const { env, file, ...others } = (schema["properties"] ?? {}) as Schema;
  if (env === undefined || file === undefined || Object.keys(others).length > 0)
    return Object.fromEntries(Object.entries(schema).map(([name, part]) => [name, withoutFiles(part)]));
  const { oneOf: _either, description, ...rest } = schema;
  return { ...rest, description: withoutFiles(description), properties: { env }, required: ["env"], maxProperties: 1 };
}

function at(schema: Schema, path: Path): Schema {
  return path.reduce((found, name) => (found["properties"] as Schema)[name] as Schema, schema);
}

/** The schema with another one at a place: `[]` are the entries of a list, `{}` those of a map. */
function changed(schema: Schema, path: Path, change: (found: Schema) => Schema): Schema {
  const [name, ...rest] = path;
  if (name === undefined) return change(schema);
  const within = name === "[]" ? "items" : name === "{}" ? "additionalProperties" : undefined;
  if (within !== undefined) return { ...schema, [within]: changed(schema[within] as Schema, rest, change) };
  const properties = schema["properties"] as Schema;
  return { ...schema, properties: { ...properties, [name]: changed(properties[name] as Schema, rest, change) } };
}
