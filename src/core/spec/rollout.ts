// What may a rollout file say?
//
// The one definition: the type, the checks, the JSON Schema and the reference page all come from it.
import * as z from "zod";
import { ms, type Ms } from "../units.ts";
import { checkAround } from "./ab-test.ts";
import { AnalysisSchema, type AnalysisSpec } from "./analysis.ts";
import { CalendarSchema } from "./calendar.ts";
import type { Calendar } from "../calendar.ts";
import type { HookSpec, NotifySpec } from "../outbox/message.ts";
import { durationFormat } from "./durations.ts";
import { HooksSchema } from "./hooks.ts";
import { NotifySchema } from "./notify.ts";
import { shown, written } from "./reading.ts";
import { listed, rule, type Report } from "./rule.ts";
import { batchOf } from "./rolling.ts";
import type { CanarySpec } from "./canary.ts";
import type { StepSpec } from "./steps.ts";
import { StrategySchema, type StrategySpec } from "./strategy.ts";
import { TrafficSchema, type TrafficSpec } from "./traffic.ts";
import { Plain } from "./plain.ts";
import { adoptedIn, pageOf, replicasAsked, WorkloadSchema, type WorkloadSpec } from "./workload.ts";
import type { Section } from "../split.ts";

/** Versions and kinds of documents that Serin reads. */
export const API_VERSION = "serin.dev/v1";
export const KIND = "Rollout";

const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/u;

const Texts = z.record(z.string().min(1), Plain);

export const MetadataSchema = z.strictObject({
  name: z
    .string()
    .regex(DNS_LABEL, {
      error: ({ input }) =>
        `found ${shown(input)}, a name is 1 to 63 of a-z, 0-9 and -, and begins and ends with a letter or digit`,
    })
    .describe("Name of the service: what commands and texts call it."),
  namespace: z
    .string()
    .regex(DNS_LABEL, { error: ({ input }) => `found ${shown(input)}, a namespace is 1 to 63 of a-z, 0-9 and -` })
    .optional()
    .describe("Its namespace in a Kubernetes cluster. Default: the one of the kubeconfig."),
  labels: Texts.optional().describe("Names and values of your own, shown and filtered by."),
  annotations: Texts.optional().describe("Notes of your own. Serin does not read them."),
});

export const ProgressDeadline = written(durationFormat({ atLeast: ms(1_000) }))
  .prefault("1m")
  .describe("Longest time in which started replicas must become ready. After it the version is rolled back.");

const specFields = z.strictObject({
  workload: WorkloadSchema.describe("What runs."),
  traffic: TrafficSchema.describe("Where requests come in."),
  progressDeadline: ProgressDeadline,
  strategy: StrategySchema.describe("How the new version comes to its users."),
  analysis: AnalysisSchema.optional().describe("What is compared, and how sure one must be."),
  calendar: CalendarSchema.optional().describe(
    "When a rollout may go on. The way back may be taken always, and a hotfix (serin apply --hotfix) waits for nothing.",
  ),
  hooks: HooksSchema.default([]).describe("What is called on the way: smoke tests, load tests, somebody's yes."),
  notify: NotifySchema.default([]).describe("Who is told of what happens."),
  revisionHistory: z
    .int()
    .min(1)
    .max(20)
    .default(10)
    .describe("How many revisions that were stable are kept, for undo. The rest is forgotten."),
  onNewRevision: z
    .enum(["refuse", "queue", "supersede"])
    .default("refuse")
    .describe("What becomes of this version when another one is still under way."),
});

interface SpecFields {
  readonly strategy: StrategySpec;
  readonly analysis?: AnalysisFields | undefined;
  readonly workload: WorkloadSpec;
  readonly hooks: readonly HookSpec[];
  readonly traffic: Pick<TrafficSpec, "sticky" | "proxy" | "envoy" | "service" | "istio" | "gateway">;
}

type AnalysisFields = z.output<typeof AnalysisSchema>;

const judgesNeedAnalysis = ({ strategy, analysis }: SpecFields, report: Report): void => {
  if (analysis?.enabled !== false) return;
  const message = "analysis.enabled is false, so nothing is ever shown: use hold, or enable the analysis";
  for (const path of judgements(strategy)) report(["strategy", ...path], "conflict", message);
};

type Places = readonly (readonly (string | number)[])[];

/** Where a strategy waits for something to be shown. */
function judgements(strategy: StrategySpec): Places {
  const { kind } = strategy;
  if (kind === "canary") return below(["canary"], canaryJudgements(strategy));
  if (kind === "experiment") return [["experiment"]];
  if (kind === "rolling") return strategy.judge ? [["rolling", "judge"]] : [];
  if (kind === "blueGreen") return strategy.mirror?.judge ? [["blueGreen", "mirror", "judge"]] : [];
  if (kind !== "shadow") return [];
  const later = strategy.next ? below(["shadow", "next", "canary"], canaryJudgements(strategy.next)) : [];
  return strategy.judge ? [["shadow", "judge"], ...later] : later;
}

const below = (path: readonly string[], places: Places): Places => places.map((place) => [...path, ...place]);

function canaryJudgements({ ramp, steps }: CanarySpec): Places {
  if (ramp) return [["ramp"]];
  return steps.flatMap(({ judge }, index) => (judge ? [["steps", index, "judge"]] : []));
}

const recreateComparesNothing = ({ strategy, analysis }: SpecFields, report: Report): void => {
  if (strategy.kind !== "recreate" || !analysis?.enabled) return;
  report(
    ["analysis"],
    "conflict",
    "recreate stops stable first, so there is nothing to compare: take the analysis out, or use rolling or canary",
  );
};

const rampCountsFailures = ({ strategy, analysis }: SpecFields, report: Report): void => {
  if (strategy.kind !== "canary" || !strategy.ramp || !analysis?.enabled) return;
  if (analysis.metrics.some((metric) => metric.kind === "errors" && metric.counts === "failed")) return;
  const message = "a ramp is paced by failed requests, and no metric counts them: add preset: success-rate";
  report(["analysis", "metrics"], "conflict", message);
};

const rollingNeedsBatches = ({ strategy, workload }: SpecFields, report: Report): void => {
  if (strategy.kind !== "rolling" || !strategy.judge) return;
  const replicas = replicasAsked(workload);
  const { surge, missing } = batchOf(strategy, replicas);
  if (surge + missing < replicas) return;
  const why = replicas === 1 ? "there is 1 replica" : `maxSurge takes all ${replicas} replicas`;
  report(
    ["strategy", "rolling", "judge"],
    "conflict",
    `${why}, so there is one batch, and after it nothing to compare with: use more replicas or canary`,
  );
};

const testsNeedUsers = ({ strategy, traffic, workload }: SpecFields, report: Report): void => {
  if (strategy.kind !== "abTest") return;
  const around = { sticky: traffic.sticky !== undefined, page: pageOf(workload) !== undefined };
  checkAround(strategy, around, (path, code, message) => report(["strategy", "abTest", ...path], code, message));
};

/** What strategy, analysis and workload may not say together; also of a rollout that stands in another kind of file. */
export function checkTogether(fields: SpecFields, report: Report): void {
  for (const [check] of RULES) check(fields, report);
}

/** The analysis that is in force: the file's, or the standard one; none when the file says `enabled: false`. */
export function analysisOf(analysis: AnalysisFields | undefined): AnalysisSpec | undefined {
  const read = analysis ?? AnalysisSchema.parse({});
  return read.enabled ? read : undefined;
}

/** A Job is run where the service's pods are. */
const jobsNeedClusters = ({ workload, hooks }: SpecFields, report: Report): void => {
  if (adoptedIn(workload)) return;
  hooks.forEach(({ target }, index) => {
    if (target.kind !== "job") return;
    report(
      ["hooks", index, "job"],
      "conflict",
      "a Job needs a cluster, and the workload is in none: use http or command",
    );
  });
};

/** Routers of a cluster send requests to pods by what the cluster knows of them. */
const clusterRoutesClusters = ({ workload, traffic }: SpecFields, report: Report): void => {
  if (adoptedIn(workload)) return;
  for (const name of ["service", "istio", "gateway"] as const) {
    if (!traffic[name]) continue;
    const message = `${name} routes to the pods of a cluster, and the workload is in none: use proxy or envoy`;
    report(["traffic", name], "conflict", message);
  }
};

/** Its versions share the same places, and no router but a Service is known to follow that. */
const placesNeedServices = ({ workload, traffic }: SpecFields, report: Report): void => {
  const kind = adoptedIn(workload)?.kind;
  if (kind === undefined || kind === "Deployment") return;
  if (traffic.service?.surge)
    report(["traffic", "service", "surge"], "conflict", `pods of a ${kind} change in their places: take it out`);
  if (traffic.service) return;
  const message = `shares of a ${kind} are made by the numbers of its pods: use service`;
  const found = (["istio", "gateway", "envoy", "proxy"] as const).find((name) => traffic[name]);
  report(["traffic", ...(found ? [found] : [])], "conflict", message);
};

const experimentsStartProcesses = ({ strategy, workload }: SpecFields, report: Report): void => {
  if (strategy.kind !== "experiment" || workload.process || adoptedIn(workload)) return;
  const message = "an experiment starts its candidates: it needs a process or a deployment, not urls";
  report(["strategy", "experiment"], "conflict", message);
};

const stepsNameHooks = ({ strategy, hooks }: SpecFields, report: Report): void => {
  const named = hooks.filter(({ at }) => at === "step").map(({ name }) => name);
  const used = stepsOf(strategy);
  for (const { run, path } of used) {
    if (run === undefined || named.includes(run)) continue;
    const right = named.length === 0 ? "no hook has at: step" : `hooks with at: step are ${listed(named, "and")}`;
    report(["strategy", ...path, "run"], "wrong-value", `found ${run}, ${right}`);
  }
  hooks.forEach(({ at, name }, index) => {
    if (at !== "step" || used.some(({ run }) => run === name)) return;
    report(
      ["hooks", index, "at"],
      "conflict",
      `no step names it: add run: ${name} to a step, or call it at another time`,
    );
  });
};

interface NamedHook extends Pick<StepSpec, "run"> {
  readonly path: readonly (string | number)[];
}

/** The steps of a canary, with their places. */
function stepsOf(strategy: StrategySpec): readonly NamedHook[] {
  const canary = strategy.kind === "shadow" ? strategy.next : strategy.kind === "canary" ? strategy : undefined;
  const at = strategy.kind === "shadow" ? ["shadow", "next", "canary"] : ["canary"];
  return (canary?.steps ?? []).map(({ run }, index) => ({ run, path: [...at, "steps", index] }));
}

/** Each with the fields that it must have read. */
const RULES: readonly (readonly [check: (fields: SpecFields, report: Report) => void, ...needs: string[]])[] = [
  [judgesNeedAnalysis, "strategy", "analysis"],
  [recreateComparesNothing, "strategy", "analysis"],
  [rampCountsFailures, "strategy", "analysis"],
  [rollingNeedsBatches, "strategy", "workload"],
  [stepsNameHooks, "strategy", "hooks"],
  [testsNeedUsers, "strategy", "traffic", "workload"],
  [experimentsStartProcesses, "strategy", "workload"],
  [clusterRoutesClusters, "traffic", "workload"],
  [placesNeedServices, "traffic", "workload"],
  [jobsNeedClusters, "hooks", "workload"],
];

const Spec = RULES.reduce((schema, [check, ...needs]) => rule(schema, check, needs), specFields).transform(
  ({ progressDeadline, analysis, ...rest }) => {
    return { ...rest, progressDeadlineMs: progressDeadline, analysis: analysisOf(analysis) };
  },
);

export const RolloutSchema: z.ZodType<Rollout> = z.strictObject({
  apiVersion: z.literal(API_VERSION).describe("Version of this format."),
  kind: z.literal(KIND).describe("Kind of this document."),
  metadata: MetadataSchema.describe("Which service this is."),
  spec: Spec.describe("What is asked for."),
});

/** A part of the proxy of the service that is named. */
interface SharedSection extends Section {
  readonly of: string;
}

/** A rollout, as its file asks for it: read, checked, defaults filled in, units as types. */
export interface Rollout {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: typeof KIND;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly labels?: Readonly<Record<string, string>> | undefined;
    readonly annotations?: Readonly<Record<string, string>> | undefined;
  };
  readonly spec: {
    readonly workload: WorkloadSpec;
    readonly traffic: TrafficSpec & {
      /** Only these requests of another service's data plane. No rollout file says so; a façade does. */
      readonly section?: SharedSection | undefined;
    };
    readonly progressDeadlineMs: Ms;
    readonly strategy: StrategySpec;
    /** A last gate, before everybody gets the candidate. No rollout file says so; a release does. */
    readonly lastGate?: string | undefined;
    /** So many approvals each gate for a person asks for at least, and one before everybody gets the candidate. No rollout file says so; the access file does. */
    readonly approvals?: number | undefined;
    readonly calendar?: Calendar | undefined;
    readonly hooks: readonly HookSpec[];
    readonly notify: readonly NotifySpec[];
    /** Revisions that were stable and can be gone back to. */
    readonly revisionHistory: number;
    /** What becomes of this version when another one is still under way. */
    readonly onNewRevision: "refuse" | "queue" | "supersede";
    /** None when the file says `enabled: false`. */
    readonly analysis?: AnalysisSpec | undefined;
  };
}
