// What is Kayenta's judge asked, or where exactly is the request wrong?
import * as z from "zod";
import { messageOf, type Issue } from "../../issues.ts";
import { pathText, type Path } from "../../spec/fields.ts";
import { shown } from "../../spec/reading.ts";
import type { Settings } from "./classify.ts";
import type { GroupWeights, Thresholds } from "./score.ts";
import { double, doubles, field, texts, type Read } from "./request-fields.ts";
import { AnalysisConfigurations } from "./settings.ts";

/** One metric of the configuration. */
export interface MetricConfig {
  readonly name: string;
  /** Not there only for metrics that are muted. */
  readonly groups?: readonly string[] | undefined;
  readonly settings: Settings;
}

/** One series of each side, in the order of time; NaN where a point is missing. */
export interface MetricSetPair {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly id?: string | undefined;
  readonly experiment: readonly number[];
  readonly control: readonly number[];
}

/** What the judge reads of `{canaryConfig, metricSetPairList, scoreThresholds}`. */
export interface JudgeRequest {
  readonly metrics: readonly MetricConfig[];
  readonly weights: GroupWeights;
  readonly pairs: readonly MetricSetPair[];
  readonly thresholds: Thresholds;
}

/** A mistake in a request: its place, what was found and what would be right. */
export type RequestIssue = Pick<Issue, "path" | "code" | "message">;

export type ReadRequest =
  | { readonly ok: true; readonly request: JudgeRequest }
  | { readonly ok: false; readonly issues: readonly RequestIssue[] };

const must = (right: string) => ({
  error: ({ input }: { readonly input?: unknown }) => `found ${shown(input)}, ${right}`,
});

/** Judges whose configurations are read. RemoteJudge sends such a request to another process, this one for instance. */
const JUDGES = ["NetflixACAJudge-v1.0", "RemoteJudge-v1.0"];

const judgeName: Read<string | undefined> = (input) => {
  if (input === undefined || input === null || input === "") return { value: undefined };
  if (typeof input === "string" && JUDGES.includes(input)) return { value: undefined };
  return { problem: `found ${shown(input)}, the judge here is ${JUDGES[0]}; Kayenta knows no other one either` };
};

const Metric = z.looseObject(
  {
    name: z.string(must("a metric's name is a text")),
    groups: field(texts("a list of group names, empty for none")),
    analysisConfigurations: AnalysisConfigurations,
  },
  must("a metric is a map with a name, groups and analysisConfigurations"),
);

const CanaryConfig = z.looseObject(
  {
    judge: z.looseObject({ name: field(judgeName) }, must("a map with the judge's name")).nullish(),
    metrics: z.array(Metric, must("a list of metrics")),
    classifier: z.looseObject(
      {
        groupWeights: z
          .record(z.string(), field(double("a weight is a number of per cent")), must("a map of groups and weights"))
          .nullish(),
      },
      must("a map with groupWeights must be here: Kayenta itself fails without it"),
    ),
  },
  must("a canary configuration is a map with metrics and a classifier"),
);

const points = field(doubles('a point is a number, a missing one the text "NaN"'));

const Pair = z.looseObject(
  {
    name: z.string(must("a pair has the name of its metric")),
    id: z.string(must("an id is a text")).nullish(),
    tags: z.record(z.string(), z.coerce.string(), must("tags are a map of texts")).nullish(),
    values: z.looseObject({ experiment: points, control: points }, must("a map of two lists, experiment and control")),
  },
  must("a pair is a map with a name and values"),
);

const Request = z
  .looseObject(
    {
      canaryConfig: CanaryConfig,
      metricSetPairList: z.array(Pair, must("a list of pairs of series")),
      scoreThresholds: z.looseObject(
        {
          pass: field(double("a score from which on the canary passes")),
          marginal: field(double("a score below which the canary fails")),
        },
        must("a map with pass and marginal; those in the configuration are not used"),
      ),
    },
    must("a request is a map with canaryConfig, metricSetPairList and scoreThresholds"),
  )
  .superRefine(checkNames);

/** What the parts must be for each other: Kayenta throws here, outside of any metric's own failure. */
function checkNames(request: z.infer<typeof Request>, context: z.core.$RefinementCtx): void {
  const { metrics } = request.canaryConfig;
  const issue = (path: Path, message: string): void =>
    context.addIssue({ code: "custom", path: [...path], message, input: undefined });
  const names = new Set(metrics.map(({ name }) => name));
  for (const [index, { name }] of request.metricSetPairList.entries()) {
    if (names.has(name)) continue;
    issue(["metricSetPairList", index, "name"], `found ${shown(name)}, no metric of the configuration has this name`);
  }
  for (const [index, { groups, analysisConfigurations }] of metrics.entries()) {
    if (groups !== undefined || analysisConfigurations.muted) continue;
    const right = "a list of group names must be here, empty for none: Kayenta itself fails without it";
    issue(["canaryConfig", "metrics", index, "groups"], `found nothing, ${right}`);
  }
}

/** Reads the body of Kayenta's judge call: what the judge needs of it, or every mistake with its place. */
export function readRequest(data: unknown): ReadRequest {
  const read = Request.safeParse(data);
  if (!read.success) return { ok: false, issues: read.error.issues.map((issue) => named(issue, data)) };
  const { canaryConfig, metricSetPairList, scoreThresholds } = read.data;
  const request: JudgeRequest = {
    metrics: canaryConfig.metrics.map(({ name, groups, analysisConfigurations: settings }) => ({
      name,
      groups,
      settings,
    })),
    weights: new Map(Object.entries(canaryConfig.classifier.groupWeights ?? {})),
    pairs: metricSetPairList.map(({ name, tags, id, values: { experiment, control } }) => ({
      name,
      tags: tags ?? undefined,
      id: id ?? undefined,
      experiment,
      control,
    })),
    thresholds: { pass: scoreThresholds.pass, marginal: scoreThresholds.marginal },
  };
  return { ok: true, request };
}

/** The same of its text. */
export function parseRequest(text: string): ReadRequest {
  try {
    return readRequest(JSON.parse(text.startsWith("\uFEFF") ? text.slice(1) : text));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return { ok: false, issues: [{ path: "", code: "json", message: `not JSON: ${messageOf(error)}` }] };
  }
}

function named(issue: z.core.$ZodIssue, data: unknown): RequestIssue {
  const path = issue.path as Path;
  let value = data;
  for (const part of path) value = (value as Readonly<Record<string | number, unknown>> | undefined)?.[part];
  const code = issue.code === "invalid_type" ? "wrong-type" : "wrong-value";
  return { path: pathText(path), code: value === undefined ? "missing-field" : code, message: issue.message };
}
