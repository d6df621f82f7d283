// Which steps follow from a rollout file?
import type { Calendar } from "../calendar.ts";
import type { Abilities } from "../abilities.ts";
import type { AnalysisSpec, MetricSpec } from "../spec/analysis.ts";
import type { Rollout } from "../spec/rollout.ts";
import { pageOf, replicasAsked } from "../spec/workload.ts";
import type { StrategySpec } from "../spec/strategy.ts";
import { replicasBelow } from "../spec/sizes.ts";
import { previewOf } from "../spec/traffic.ts";
import { isForUsers } from "../match.ts";
import { isExposed, shareOf } from "../split.ts";
import { listed } from "../spec/rule.ts";
import { answeredBy } from "../exposition/names.ts";
import { compileAnalysis, restsOn, wantedSignals } from "./analysis.ts";
import { compileAbTest } from "./ab-test.ts";
import { compileBlueGreen } from "./blue-green.ts";
import { compileCanary } from "./canary.ts";
import { compileExperiment } from "./experiment.ts";
import { compileFirst } from "./first.ts";
import { withHooks } from "./hooks.ts";
import { compileKayenta } from "./kayenta.ts";
import { withApprovals, withLastGate } from "./last-gate.ts";
import type { KayentaPlan } from "../stats/kayenta/stage.ts";
import { duration, WHOLE } from "../units.ts";
import { compileDirectInPlace, unableInPlace } from "./in-place.ts";
import { compileRecreate } from "./recreate.ts";
import { compileRolling } from "./rolling.ts";
import { compileShadow } from "./shadow.ts";
import type { Program, Step } from "./step.ts";
import type { Compiled, Frame, PlanIssue } from "./strategy.ts";

/** What a plan depends on besides the file. */
export interface CompileContext {
  readonly abilities: Abilities;
  /** Whether a stable version runs already. Without one there is nothing to compare with and nobody to protect. */
  readonly stable: boolean;
  /** Go straight back to a known version: an undo. No steps, no judgement. */
  readonly direct?: boolean | undefined;
  /** No calendar keeps it from going on. */
  readonly hotfix?: boolean | undefined;
  /** Replicas that together carry all of the traffic, when it is not the file's number. */
  readonly replicas?: number | undefined;
}

export type CompileResult =
  | { readonly ok: true; readonly program: Program }
  | { readonly ok: false; readonly issues: readonly PlanIssue[] };

/** Compiles a rollout to a program, or says what the parts that it names cannot do. */
export function compile(rollout: Rollout, context: CompileContext): CompileResult {
  const { spec } = rollout;
  const fullSize = context.replicas ?? replicasAsked(spec.workload);
  const { surge } = context.abilities.router;
  const { inPlace = false, refills = false } = context.abilities.workload;
  const frame: Frame = {
    abilities: context.abilities,
    fullSize,
    ...(surge && { surge: inPlace ? 0 : replicasBelow(surge, fullSize) }),
    inPlace,
    refills,
    undecided: spec.analysis?.undecided ?? "hold",
    hooks: spec.hooks,
    preview: previewOf(spec.traffic) !== undefined,
  };
  // What the file asks for is checked even when this rollout happens not to need it: the next one will.
  const asked = compileStrategy(rollout, frame);
  const kayenta = spec.analysis?.kayenta && compileKayenta(spec.analysis.kayenta);
  const issues = [
    ...asked.issues,
    ...unableInPlace(spec.strategy, frame),
    ...(kayenta?.ok === false ? kayenta.issues : []),
    ...(kayenta?.ok ? tooShort(asked.steps, kayenta.plan) : []),
    ...unable(rollout, context.abilities),
  ];
  if (issues.length > 0) return { ok: false, issues };
  const isShort = !context.stable || context.direct === true;
  const isPlaced = inPlace && context.stable;
  const bare = isShort ? (isPlaced ? compileDirectInPlace(frame) : compileFirst(frame, context.stable)) : asked;
  const hooks = isShort ? [] : spec.hooks;
  const hooked = withHooks(bare, hooks);
  // Going back to a known version asks nobody.
  const steps = context.direct ? hooked : withApprovals(withLastGate(hooked, spec.lastGate), spec);
  const calendar = context.hotfix || isShort ? undefined : spec.calendar;
  const repeated = hooks.filter(({ at, mode }) => mode === "rollback" || at === "during" || at === "rollback");
  const program: Program = {
    strategy: context.stable ? (isShort ? "direct" : spec.strategy.kind) : "first",
    steps: calendar && takesAway(steps[0]) ? [waitFor(calendar), ...steps] : steps,
    fullSize: frame.fullSize,
    progressDeadlineMs: spec.progressDeadlineMs,
    ...(bare.leastSize === undefined ? {} : { leastSize: bare.leastSize }),
    ...(calendar ? { calendar } : {}),
    ...(repeated.length > 0 ? { hooks: repeated } : {}),
    ...(isShort ? {} : guardOf(rollout, steps, kayenta?.ok ? kayenta.plan : undefined)),
    ...(spec.traffic.sticky ? { sticky: spec.traffic.sticky } : {}),
  };
  return { ok: true, program };
}

/** The first step is begun with at once; one that takes of stable waits for the calendar. */
const takesAway = (step: Step | undefined): boolean =>
  (step?.op === "retire" || step?.op === "scale") && step.role === "stable";

const waitFor = ({ windows }: Calendar): Step => ({
  op: "gate",
  what: "the calendar",
  by: { kind: "hours", hours: windows },
});

/** What guards a rollout that has something to compare, and how often it may go a step down. */
function guardOf(
  { spec }: Rollout,
  steps: readonly Step[],
  kayenta: KayentaPlan | undefined,
): Pick<Program, "analysis" | "stepsBack"> {
  if (!spec.analysis || !canShow(steps, spec.analysis)) return {};
  const canary = spec.strategy.kind === "shadow" ? spec.strategy.next : spec.strategy;
  const times = canary?.kind === "canary" ? canary.stepsBack : 0;
  const rivals = spec.strategy.kind === "experiment" ? spec.strategy.rivals.length : 0;
  const limit = steps.some(({ op }) => op === "ramp");
  const analysis = compileAnalysis(spec.analysis, { split: isEven(spec, steps), limit });
  return {
    analysis: {
      ...analysis,
      // Each time down, and each further candidate, is another try: together they roll back no more than one may.
      falseRollback: analysis.falseRollback / (times + rivals + 1),
      ...(kayenta ? { kayenta } : {}),
    },
    ...(times > 0 ? { stepsBack: { times } } : {}),
  };
}

type Compilers = {
  readonly [K in StrategySpec["kind"]]: (asked: Extract<StrategySpec, { readonly kind: K }>, frame: Frame) => Compiled;
};

const COMPILERS: Compilers = {
  canary: compileCanary,
  rolling: compileRolling,
  blueGreen: compileBlueGreen,
  shadow: compileShadow,
  abTest: compileAbTest,
  experiment: compileExperiment,
  recreate: (_asked, frame) => compileRecreate(frame),
};

function compileStrategy({ spec: { strategy } }: Rollout, frame: Frame): Compiled {
  // The table holds for every kind exactly the function of that kind; TypeScript cannot follow the pairing.
  const compiler = COMPILERS[strategy.kind] as (asked: StrategySpec, frame: Frame) => Compiled;
  return compiler(strategy, frame);
}

/** Whether every request falls to a version by its share alone: no user sticks, no rule sends, no request is copied. */
function isEven({ traffic }: Rollout["spec"], steps: readonly Step[]): boolean {
  const isRuled = steps.some((step) => step.op === "route" && (step.matches?.some(isForUsers) || step.mirror));
  const hasRivals = steps.some((step) => step.op === "scale" && step.role === "canary-2");
  return traffic.sticky === undefined && !isRuled && !hasRivals;
}

/** Evidence needs a baseline: a step at which both versions get requests, or a bound that is looked at alone. */
function canShow(steps: readonly Step[], analysis: AnalysisSpec | undefined): boolean {
  const isShared = (step: Step): boolean =>
    step.op === "ramp" || (step.op === "route" && shareOf(step.weights, "canary") < WHOLE && isExposed(step, "canary"));
  if (steps.some(isShared)) return true;
  const bounded = (metric: MetricSpec): boolean =>
    metric.kind === "latency" ? metric.maxMs !== undefined : "max" in metric && metric.max !== undefined;
  return analysis?.metrics.some(bounded) ?? false;
}

/** What the parts cannot do, whatever the strategy. */
function unable({ spec }: Rollout, { router, workload }: Abilities): readonly PlanIssue[] {
  const issues: PlanIssue[] = [];
  const { sticky } = spec.traffic;
  if (sticky && !router.sticky.includes(sticky.kind)) {
    const can = router.sticky.length === 0 ? "nothing" : router.sticky.join(" or ");
    const message = `found ${sticky.kind}, the router can keep a user with a version by ${can}`;
    issues.push({ path: `spec.traffic.sticky.${sticky.kind}`, code: "unable", message });
  }
  if (previewOf(spec.traffic) && !router.matches.includes("listener")) {
    const message = "the router has no second address";
    issues.push({ path: `spec.traffic.${spec.traffic.proxy ? "proxy" : "envoy"}.preview`, code: "unable", message });
  }
  if (workload.promote !== "rename") {
    const message = "the workload can only replace stable in its place, which no strategy does yet";
    issues.push({ path: "spec.workload", code: "unable", message });
  }
  issues.push(...untold(spec, workload));
  if (spec.analysis && !router.evidence && spec.strategy.kind !== "recreate") issues.push(...uncounted(spec.analysis));
  return issues;
}

/** Metrics that rest on requests that nobody counts. */
function uncounted({ kayenta, metrics }: AnalysisSpec): readonly PlanIssue[] {
  const why = "the router does not count requests";
  const instead = "use a preset of the service's own page or of a Prometheus, or analysis.enabled: false";
  const own = metrics.flatMap(({ kind, name }, index): PlanIssue[] => {
    if (kind !== "errors" && kind !== "latency") return [];
    return [{ path: `spec.analysis.metrics[${index}]`, code: "unable", message: `${name}: ${why}: ${instead}` }];
  });
  return kayenta || metrics.length > 0
    ? own
    : [{ path: "spec.analysis", code: "unable", message: `${why}: ${instead}` }];
}

/** Each judgement is a stage of Kayenta's: one that ends before the stage does can never pass. */
function tooShort(steps: readonly Step[], { lifetimeMs, warmupMs }: KayentaPlan): readonly PlanIssue[] {
  const takes = lifetimeMs + warmupMs;
  const short = steps.find((step) => step.op === "judge" && step.atMostMs !== undefined && step.atMostMs < takes);
  if (short?.op !== "judge" || short.atMostMs === undefined) return [];
  const message = `found ${duration(lifetimeMs)}, longer than a judgement of at most ${duration(short.atMostMs)}: it could never pass`;
  return [{ path: "spec.analysis.lifetime", code: "conflict", message }];
}

/** Names that a metric rests on and that nobody tells. */
function untold({ analysis, workload: asked }: Rollout["spec"], workload: Abilities["workload"]): readonly PlanIssue[] {
  if (!analysis) return [];
  const known = workload.signals ?? [];
  return wantedSignals(analysis).flatMap(({ name }): PlanIssue[] => {
    const path = `spec.analysis.${analysis.kayenta ? "config" : `metrics[${analysis.metrics.findIndex((metric) => restsOn(metric, name))}]`}`;
    // The file's own sources were checked when it was read.
    if (known.includes(name) || answeredBy(name) === "source") return [];
    if (name.startsWith("process.")) {
      const told = known.length === 0 ? "it tells nothing of its replicas" : `it tells ${listed(known, "and")}`;
      return [{ path, code: "unable", message: `needs ${name}, which the workload does not tell: ${told}` }];
    }
    if (pageOf(asked)) return [];
    const place = asked.endpoints ? "spec.workload" : "spec.workload.process";
    const message = `needs the series ${name}, and no page is named that has it: add metrics: { path: /metrics } to ${place}`;
    return [{ path, code: "unable", message }];
  });
}
