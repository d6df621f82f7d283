// Which steps of Serin are the steps of Argo?
import { percentText } from "../context.ts";
import type { AnyPart, Part } from "../part.ts";
import { readDuration } from "../../spec/durations.ts";
import { duration, ms, type Ms } from "../../units.ts";
import { from, Sourced, type Out } from "../write.ts";
import { addAnalysis, addTemplate, type Analysing } from "./analysis.ts";
import { valuesOf } from "./arguments.ts";
import type { ExperimentStepFields, StepFields } from "./strategy-fields.ts";

type Step = Part<StepFields>;

/** What of a step is done first. */
const ORDER = ["weight", "match", "replicas", "run", "hold", "judge", "gate"] as const;
type Field = (typeof ORDER)[number] | "down";

interface Building {
  readonly steps: Partial<Record<Field, Out>>[];
  /** Of the traffic, in percent. */
  share: number;
  /** Routes by header, by their names. */
  readonly routes: Map<string, Sourced>;
  /** Time that the last step is held. */
  held: Ms;
}

export interface Stepping extends Analysing {
  /** Whether a router sends requests by what they say. */
  readonly matches: boolean;
  /** Whether Argo has a router: then it scales by itself too. */
  readonly routed: boolean;
  readonly maxWeight: number;
  /** Set when an experiment asks for a fresh copy of stable. */
  baseline?: true;
  /** The largest share below 100%. */
  largest: number;
}

/** The steps of a canary. */
export function stepsOf(steps: Part<readonly StepFields[]>, stepping: Stepping): readonly Out[] {
  const building: Building = { steps: [], share: 0, routes: new Map(), held: ms(0) };
  for (const step of steps.items()) one(step, building, stepping);
  if (building.share === 0) put(building, { weight: "100%" });
  return building.steps;
}

function one(step: Step, building: Building, stepping: Stepping): void {
  const [weight, pause, scale] = [step.at("setWeight"), step.at("pause"), step.at("setCanaryScale")];
  if (weight) setWeight(weight, building, stepping);
  if (pause) setPause(pause, building);
  if (scale) setScale(scale, building, stepping);
  const [analysis, experiment] = [step.at("analysis"), step.at("experiment")];
  if (analysis) measure(analysis, building, stepping);
  if (experiment) setExperiment(experiment, building, stepping);
  const [header, mirror, plugin] = [step.at("setHeaderRoute"), step.at("setMirrorRoute"), step.at("plugin")];
  if (header) setHeaders(header, building, stepping);
  mirror?.none(
    "a canary copies no requests; a shadow before it does",
    "use strategy.shadow with share and match, and the canary as its next",
  );
  plugin?.none(
    "Serin has no plugins",
    "call what it does in spec.hooks (at: step), and name it in the step: run: NAME",
  );
  if (Object.keys(step.value).length === 0) step.none("the step says nothing", "take it out");
}

/** Adds to the last step what can be done after what it does already, and begins another one otherwise. */
function put(building: Building, fields: Partial<Record<Field, Out>>): void {
  const last = building.steps.at(-1);
  const rank = (names: readonly string[]): number[] =>
    ORDER.flatMap((name, index) => (names.includes(name) ? [index] : []));
  const after = last ? Math.max(-1, ...rank(Object.keys(last))) : Number.POSITIVE_INFINITY;
  const first = Math.min(...rank(Object.keys(fields)));
  // At 100% there is one last step.
  const merges = last !== undefined && (building.share === 100 ? first > 0 : first > after);
  if (merges) Object.assign(last, fields);
  else building.steps.push({ ...fields });
}

function setWeight(part: Part<number>, building: Building, stepping: Stepping): void {
  const { maxWeight } = stepping;
  const share = Math.min(100, (part.value / maxWeight) * 100);
  const before = building.share;
  if (share === before) return part.note("the share is this already: nothing is to be done");
  if (share <= 0)
    return part.none(
      "a canary that had requests keeps some until its end",
      "take the step out, or begin with a smaller weight",
    );
  if (before === 100)
    return part.none(
      "at 100% everybody has the new version: no share falls again",
      "keep the canary below 100% until its last step",
    );
  building.share = share;
  building.held = ms(0);
  if (share < 100) stepping.largest = Math.max(stepping.largest, share);
  const down: Partial<Record<Field, Out>> = share < before ? { down: true } : {};
  building.steps.push({ weight: from(percentText(share), part), ...down });
}

function isReached({ share, routes }: Building): boolean {
  return share > 0 || [...routes.values()].length > 0;
}

function setPause(pause: Part<NonNullable<StepFields["pause"]>>, building: Building): void {
  const { duration: asked } = pause.value;
  if (asked === undefined) return put(building, { gate: from("Shall it go on?", pause) });
  const seconds = typeof asked === "number" || /^\d+$/u.test(asked);
  const read = readDuration(seconds ? `${asked}s` : asked);
  if (!read.ok)
    return pause.none(`found ${String(asked)}, which Serin cannot read as a time`, "write it as 30s, 5m or 1h");
  if (read.value === 0) return pause.note("0 waits for nothing: left out");
  if (!isReached(building))
    return pause.changes("no request goes to the canary yet, so there is nothing to hold for: left out");
  hold(building, read.value, pause);
}

/** Pauses that follow each other are one. */
function hold(building: Building, time: Ms, part: AnyPart): void {
  const last = building.steps.at(-1);
  const before = last?.hold;
  if (last && before instanceof Sourced && last.judge === undefined && last.gate === undefined) {
    building.held = ms(building.held + time);
    last.hold = new Sourced(duration(building.held), [...before.sources, ...from("", part).sources]);
    return;
  }
  building.held = time;
  put(building, { hold: from(duration(time), part) });
}

/** Jobs are run in the step, and what is compared is judged in it. */
function measure(analysis: Part<NonNullable<StepFields["analysis"]>>, building: Building, stepping: Stepping): void {
  const before = stepping.made.metrics.length;
  const runs: string[] = [];
  const takes = addAnalysis(analysis, { ...stepping, place: "step", runs });
  for (const run of runs) put(building, { run });
  if (runs.length === 0 || stepping.made.metrics.length > before) judge(analysis, takes, building);
}

function judge(analysis: AnyPart, takes: Ms, building: Building): void {
  if (!isReached(building)) {
    analysis.about(
      "no request goes to the canary yet, so nothing can be shown of it: it is judged from its first request on",
    );
    return;
  }
  if (building.share === 100) {
    analysis.about("at 100% there is nobody to compare with: bounds, alerts and readiness guard");
    if (takes > 0) hold(building, takes, analysis);
    return;
  }
  analysis.about("it goes on when the version is shown to be no worse than stable, as long as that takes");
  put(building, { judge: takes > 0 ? { atLeast: duration(takes) } : {} });
}

function setScale(
  scale: Part<NonNullable<StepFields["setCanaryScale"]>>,
  building: Building,
  { routed, matches }: Stepping,
): void {
  if (!routed) return scale.note("Argo heeds it with a router only: left out");
  if (!matches) return scale.changes("the number of pods makes the share here: left out");
  const [replicas, weight, match] = [scale.at("replicas"), scale.at("weight"), scale.at("matchTrafficWeight")];
  match?.changes(
    "a canary has always as many replicas as its share needs; what was asked for before goes on where it is more",
  );
  const part = replicas ?? weight;
  if (!part) return;
  if (part.value <= 0)
    return part.none("a canary has at least one replica, and as many as its share needs", "take it out, or ask for 1");
  part.changes("fewer than the share needs are never run: serin check names a step that asks for fewer");
  put(building, { replicas: replicas ? from(replicas.value, replicas) : from(percentText(part.value), part) });
}

/** The entries of a list, with where the first one came from. */
function listed({ value, sources }: Sourced): readonly Out[] {
  const [first, ...others] = value as readonly Out[];
  return first === undefined ? [] : [new Sourced(first, sources), ...others];
}

function setHeaders(
  header: Part<NonNullable<StepFields["setHeaderRoute"]>>,
  building: Building,
  { matches }: Stepping,
): void {
  const list = header.at("match");
  const name = header.at("name");
  name?.take();
  if (!matches) return header.none("a Service alone knows no headers", "use Istio or the Gateway API");
  const key = header.value.name ?? "";
  if (!list || list.value.length === 0) building.routes.delete(key);
  else {
    // Of several, Argo asks for any one.
    const entries = list.value.map(({ headerName, headerValue }) => ({
      header: { [headerName]: valueOf(headerValue) },
    }));
    building.routes.set(key, from(entries, list));
  }
  header.take();
  put(building, { match: [...building.routes.values()].flatMap(listed) });
}

interface Match {
  readonly exact?: string | undefined;
  readonly prefix?: string | undefined;
  readonly regex?: string | undefined;
}

function valueOf({ exact, prefix, regex }: Match): Out {
  if (exact !== undefined) return exact;
  if (prefix !== undefined) return { prefix };
  return regex === undefined ? { present: true } : { regex };
}

/** A baseline beside the canary, judged for a time: what a same-size baseline does in every step. */
function setExperiment(experiment: Part<ExperimentStepFields>, building: Building, stepping: Stepping): void {
  const weights = experimentTemplates(experiment, stepping);
  const [length, analyses] = [experiment.at("duration"), experiment.at("analyses")];
  const dryRuns = (experiment.at("dryRun")?.take() ?? []).map(({ metricName }) => metricName);
  experiment.at("analysisRunMetadata")?.note("there are no AnalysisRuns: what was measured stands in the journal");
  experiment.at("scaleDownDelaySeconds")?.changes("the copy of stable goes with the canary's last step");
  const runs: string[] = [];
  for (const analysis of analyses?.items() ?? []) {
    const given = valuesOf(analysis.at("args"), stepping.owner);
    const { templateName: name, clusterScope = false } = analysis.value;
    for (const field of ["name", "templateName", "clusterScope"] as const) analysis.at(field)?.take();
    analysis.at("requiredForCompletion")?.changes("it goes on when the version is shown to be no worse");
    addTemplate({ from: analysis, name, clusterScope, given, dryRuns }, { ...stepping, place: "step", runs });
  }
  const read = length && readDuration(/^\d+$/u.test(length.value) ? `${length.value}s` : length.value);
  if (read && !read.ok)
    length?.none(`found ${length.value}, which Serin cannot read as a time`, "write it as 30s, 5m or 1h");
  if (weights !== undefined && weights > building.share) {
    building.share = weights;
    building.steps.push({ weight: percentText(weights) });
  }
  for (const run of runs) put(building, { run });
  if (building.share === 0 || building.share === 100) {
    length?.take();
    experiment.lacks(
      "pods that get no request cannot be judged by requests, and Serin starts none for that",
      "begin with a small setWeight, or use strategy.shadow before the canary",
    );
    return;
  }
  // Pods of a plain Service get equal parts, so that a copy of stable would be as large as it.
  if (stepping.matches) stepping.baseline = true;
  experiment.about(
    stepping.matches
      ? "the fresh copy of stable runs beside the canary in every step (baseline: same-size), and both are judged by users' requests"
      : "the canary is compared with the whole of stable, by users' requests: a Service alone gives a copy no share of its own",
  );
  put(building, { judge: read?.ok ? { atLeast: from(duration(read.value), length) } : {} });
}

function experimentTemplates(experiment: Part<ExperimentStepFields>, { maxWeight }: Stepping): number | undefined {
  let share: number | undefined;
  for (const template of experiment.at("templates")?.items() ?? []) {
    for (const field of ["name", "specRef"] as const) template.at(field)?.take();
    template.at("replicas")?.changes("canary and copy have as many replicas as their shares need");
    template.at("metadata")?.none("the pods' labels are those of the Deployment's template", "take it out");
    template.at("selector")?.note("Serin tells its pods apart by their hash");
    template.at("service")?.none("Serin makes no Service for it", "reach it by its pods, or by requests with a header");
    const weight = template.at("weight");
    weight?.changes("canary and copy get equal shares");
    if (weight && template.value.specRef === "canary") share = (weight.value / maxWeight) * 100;
  }
  return share;
}
