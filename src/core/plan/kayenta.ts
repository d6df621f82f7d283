// What does a canary configuration of Kayenta's ask for, in this rollout?
import { KNOWN_PRESETS, presetNamed } from "../spec/frameworks/catalogue.ts";
import type { Preset } from "../spec/presets.ts";
import type { KayentaSpec } from "../spec/analysis.ts";
import { nearest } from "../spec/nearest.ts";
import { readRequest } from "../stats/kayenta/request.ts";
import type { KayentaPlan, PointOf } from "../stats/kayenta/stage.ts";
import type { PlanIssue } from "./strategy.ts";

/** The type of queries that Serin answers itself: `{ "type": "serin", "preset": "success-rate" }`. */
const TYPE = "serin";

type Compiled =
  | { readonly ok: true; readonly plan: KayentaPlan }
  | { readonly ok: false; readonly issues: readonly PlanIssue[] };

const issue = (path: string, message: string): PlanIssue => ({
  path: `spec.analysis.config${path && `.${path}`}`,
  code: "wrong-value",
  message,
});

/** The stage that a rollout is guarded by, or what stands against it. */
export function compileKayenta(spec: KayentaSpec): Compiled {
  const { config, thresholds } = spec;
  if (typeof config === "string")
    return { ok: false, issues: [issue("", `found ${config}, the file has not been read: a mistake in Serin`)] };
  const read = readRequest({ canaryConfig: config, metricSetPairList: [], scoreThresholds: thresholds });
  const wrong = read.ok
    ? []
    : read.issues.map(({ path, message }) => issue(path.replace(/^canaryConfig\.?/u, ""), message));
  const queries = queriesOf(config);
  const points = queries.map((query, index) => pointOf(query, `metrics[${index}].query`));
  const issues = [...wrong, ...points.flatMap((point) => ("issue" in point ? [point.issue] : []))];
  if (queries.length === 0) issues.push(issue("metrics", "found no metric, there is nothing to judge"));
  if (issues.length > 0 || !read.ok) return { ok: false, issues };
  const named = points.flatMap((point, index) =>
    "of" in point ? [{ name: read.request.metrics[index]?.name ?? "", of: point.of }] : [],
  );
  return {
    ok: true,
    plan: {
      config,
      points: named,
      lifetimeMs: spec.lifetimeMs,
      intervalMs: spec.intervalMs,
      lookbackMs: spec.lookbackMs,
      warmupMs: spec.beginAfterMs,
      stepMs: spec.stepMs,
      pass: thresholds.pass,
      marginal: thresholds.marginal,
      strict: spec.strict,
    },
  };
}

type Query = Readonly<Record<string, unknown>>;

function queriesOf(config: Query): readonly Query[] {
  const { metrics } = config;
  if (!Array.isArray(metrics)) return [];
  return metrics.map((metric: unknown) => {
    const query = typeof metric === "object" && metric !== null && "query" in metric ? metric.query : undefined;
    return typeof query === "object" && query !== null ? (query as Query) : {};
  });
}

function pointOf(query: Query, path: string): { of: PointOf } | { issue: PlanIssue } {
  const { type, preset, series, as = "gauge" } = query;
  if (type !== TYPE) {
    const found = typeof type === "string" ? type : "no type";
    return {
      issue: issue(
        `${path}.type`,
        `found ${found}, Serin itself answers queries of type ${TYPE} with a preset or a series`,
      ),
    };
  }
  if (typeof series === "string" && (as === "gauge" || as === "rate")) return { of: { from: as, name: series } };
  const known = KNOWN_PRESETS.find((name) => name === preset);
  const of = known && fromPreset(presetNamed(known));
  if (of) return { of };
  const near = typeof preset === "string" ? nearest(preset, KNOWN_PRESETS) : undefined;
  const right =
    near && near !== preset
      ? `did you mean ${near}?`
      : "a preset that Serin measures itself must be here, or a series with as: gauge or rate";
  return { issue: issue(`${path}.preset`, `found ${typeof preset === "string" ? preset : "nothing"}, ${right}`) };
}

function fromPreset(preset: Preset): PointOf | undefined {
  if (preset.kind === "errors") return { from: preset.counts === "failed" ? "succeeded" : "clientErrors" };
  if (preset.kind === "latency") return { from: "quantile", quantile: preset.quantile };
  if (preset.kind === "gauge") return preset.of;
  if (preset.kind === "events" && preset.counter) return { from: "events", counter: preset.counter };
  return undefined;
}
