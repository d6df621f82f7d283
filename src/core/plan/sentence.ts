// What does a program do, in plain sentences?
import type { Rollout } from "../spec/rollout.ts";
import { isExposed, ROLES, shareOf, type Role, type Weights } from "../split.ts";
import { runsOf, type KayentaPlan } from "../stats/kayenta/stage.ts";
import type { AnalysisPlan } from "../stats/plan.ts";
import { alertText, boundText, metricText, percentText, sourceText } from "./metric-text.ts";
import { WHOLE, duration, ms, percent } from "../units.ts";
import { listed } from "../spec/rule.ts";
import { conditionsText } from "../match.ts";
import { count } from "../stats/figures.ts";
import { plannedSample } from "../stats/ab/fixed.ts";
import type { AbPlan } from "../stats/ab/judge.ts";
import { byStep, triesOf, type AfterTest, type Program, type Step, type StepTable, type Undecided } from "./step.ts";

const NAMES: Readonly<Record<Role, string>> = {
  canary: "the canary",
  "canary-2": "the second candidate",
  "canary-3": "the third candidate",
  "canary-4": "the fourth candidate",
  baseline: "the baseline",
  stable: "stable",
};

const THEN: Readonly<Record<Undecided, string>> = {
  hold: "wait for a person",
  goOn: "go on",
  rollBack: "roll back",
};

const FAILS: Readonly<Record<"rollBack" | "hold", string>> = { rollBack: "roll back", hold: "wait for a person" };

const AFTER: Readonly<Record<AfterTest, string>> = {
  promote: "promote the canary if it is the better one",
  keep: "then both go on until a person says so",
  report: "then report which one is better, and end there unless a person promotes it",
};

function testText({ sample, alpha, split, names }: AbPlan): string {
  const who = `${names.treatment} against ${names.control}`;
  if (!sample) return `Test ${who} until one is shown to be better (${percentText(alpha)})`;
  const { control, treatment } = plannedSample({ ...sample, alpha, split });
  return `Test ${who} on ${count(control + treatment)} users`;
}

function routeText({ weights, matches, mirror, asked }: Extract<Step, { op: "route" }>): string {
  const rules = (matches ?? []).map(({ when, to }) => {
    const isPreview = when.some(({ on }) => on === "listener");
    return ` Those ${isPreview ? "at" : "with"} ${conditionsText(when)} go to ${NAMES[to]}.`;
  });
  const other = asked === undefined ? "" : ` Asked for was ${percent(asked)}; no counts of pods come nearer.`;
  const shares = `Send ${sharesText(weights)}.${other}${rules.join("")}`;
  if (!mirror) return shares;
  const what = mirror.share === WHOLE ? "Copy all requests" : `Copy ${percent(mirror.share)} of the requests`;
  const which = mirror.methods === "safe" ? " that only read" : "";
  return `${shares} ${what}${which} to ${listed(
    mirror.to.map((role) => NAMES[role]),
    "and",
  )}; nobody gets their answers.`;
}

const SENTENCES: StepTable<string> = {
  scale: ({ role, size }) => {
    const ready = `${size} ready ${size === 1 ? "replica" : "replicas"}`;
    return `Bring ${NAMES[role]} to ${ready}.`;
  },
  route: (step) => routeText(step),
  hold: ({ durationMs, keepsOld }) =>
    keepsOld
      ? `Keep the old version at its full size for ${duration(durationMs)}: abort goes back at once.`
      : `Hold for ${duration(durationMs)}.`,
  judge: ({ atLeastMs, atMostMs, undecided }) => {
    const earliest = atLeastMs > 0 ? `, after ${duration(atLeastMs)} at the earliest` : "";
    const latest = atMostMs === undefined ? "" : ` If that takes more than ${duration(atMostMs)}: ${THEN[undecided]}.`;
    return `Go on when the canary is shown to be no worse${earliest}.${latest}`;
  },
  ramp: ({ to, harm }) =>
    `Raise the canary's share to ${percent(to)}, as fast as the evidence allows: a bad version costs about ${harm} failed requests.`,
  gate: ({ what, by, approvals }) => {
    if (by?.kind === "hours") return `Wait for ${what}.`;
    if (approvals !== undefined) {
      const who =
        approvals === 1
          ? "a person who has not started this says"
          : `${approvals} people who have not started this say`;
      return `Wait until ${who} go: ${what}.`;
    }
    return by ? `Wait until ${by.hook.name} says go.` : `Wait until a person says go: ${what}.`;
  },
  run: ({ hook }) => `Call ${hook.name}${hook.onFailure === "goOn" ? "" : `; if it fails: ${FAILS[hook.onFailure]}`}.`,
  compare: ({ atLeast, found }) =>
    `Compare ${atLeast} answers with those that users got${found === "goOn" ? "" : `; if one differs beyond noise: ${FAILS[found]}`}.`,
  test: ({ plan, atMostMs, winner }) => `${testText(plan)}, for at most ${duration(atMostMs)}; ${AFTER[winner]}.`,
  promote: () => "Make the canary stable, once it has stayed ready for a moment.",
  conclude: ({ what }) => `End: ${what}. Nothing is promoted.`,
  retire: ({ role }) => (role === "stable" ? "Drain and end the old version." : `Drain and end ${NAMES[role]}.`),
};

/** A step as a sentence. */
export function sentence(step: Step): string {
  return byStep(SENTENCES, step).replace(/([.!?])\.$/u, "$1");
}

function replicas(size: number): string {
  return size === 1 ? "1 replica" : `${size} replicas`;
}

function sharesText(weights: Weights): string {
  const named = ROLES.filter((role) => shareOf(weights, role) > 0);
  const [first, ...others] = named.map((role, index) => {
    const share = percent(shareOf(weights, role));
    return `${share === percent(WHOLE) ? "all" : share}${index === 0 ? " of the requests" : ""} to ${NAMES[role]}`;
  });
  const last = others.pop();
  return [first ?? "nothing", ...others].join(", ") + (last === undefined ? "" : ` and ${last}`);
}

/** The whole program: its steps with their numbers, what guards it, what happens when it is worse, how long it takes. */
export function describeProgram(program: Program, rollout: Rollout): string[] {
  const { strategy, steps, fullSize } = program;
  const width = String(steps.length).length;
  return [
    `${rollout.metadata.name}: ${HEADS[strategy] ?? strategy}, ${steps.length} steps, ${replicas(fullSize)}`,
    ...steps.map((step, index) => `  ${String(index + 1).padStart(width)}. ${sentence(step)}`),
    ...guards(program, rollout),
    ...wayBack(program),
    ...timeText(program),
  ];
}

const HEADS: Readonly<Record<string, string>> = {
  first: "first version",
  direct: "straight back to a known version",
  abTest: "A/B test",
  blueGreen: "blue-green",
};

function guards({ strategy, analysis, steps, stepsBack }: Program, { spec }: Rollout): string[] {
  const nothing = (why: string): string[] => [`Nothing is compared: ${why}.`];
  if (strategy === "first") return nothing("no stable version runs yet");
  if (strategy === "direct") return nothing("the version is known");
  if (strategy === "recreate") return [...nothing("stable is stopped first"), outage(steps)];
  if (!spec.analysis)
    return nothing("analysis.enabled is false. A version that becomes ready is promoted, good or bad");
  if (!steps.some(sendsToBoth)) {
    return [...nothing("no step sends requests to both versions"), ...boundTexts(analysis)];
  }
  if (!analysis) throw new Error("a program that sends requests to both versions has no analysis");
  const from = steps.findIndex(sendsToBoth) + 1;
  const hasBaseline = steps.some((step) => step.op === "scale" && step.role === "baseline");
  const withWhat = baselineText(steps, hasBaseline);
  if (analysis.kayenta)
    return kayentaTexts(analysis.kayenta, { from, withWhat: hasBaseline ? "the baseline" : "stable" });
  // The tries share it out: together they roll back no more often than the file allows.
  const sure = percentText(Number((analysis.falseRollback * triesOf({ steps, stepsBack })).toPrecision(6)));
  return [
    `From step ${from} on ${hasRivals(steps) ? "each candidate" : "the canary"} is compared with ${withWhat}:`,
    ...analysis.metrics.map((metric) => `  ${metricText(metric)}`),
    ...(analysis.alerts ?? []).map((alert) => `  ${alertText(alert)}`),
    ...Object.entries(spec.analysis.sources ?? {}).map(([name, source]) => `  ${sourceText(name, source)}`),
    `A version as good as stable is rolled back in at most ${sure} of rollouts.`,
  ];
}

/** Whether a step lets the candidate work beside stable: by a share, by a rule, by copies. */
function sendsToBoth(step: Step): boolean {
  if (step.op === "ramp") return true;
  if (step.op !== "route" || shareOf(step.weights, "canary") === WHOLE) return false;
  return isExposed(step, "canary");
}

function baselineText(steps: readonly Step[], hasBaseline: boolean): string {
  if (!hasBaseline) return "stable";
  const isCopied = steps.some((step) => step.op === "route" && step.mirror?.to.includes("baseline"));
  return isCopied
    ? "a fresh copy of stable that gets copies of the same requests"
    : "stable, in latency with the baseline";
}

/** Kayenta's judge states no error rate: that is said, too. */
function kayentaTexts(stage: KayentaPlan, at: { readonly from: number; readonly withWhat: string }): string[] {
  const runs = runsOf(stage).length;
  const every =
    runs === 1 ? `once, after ${duration(stage.lifetimeMs)}` : `every ${duration(stage.intervalMs)}, ${runs} times`;
  const window = stage.lookbackMs > 0 ? `over the last ${duration(stage.lookbackMs)}` : "over all since the start";
  return [
    `From step ${at.from} on Kayenta's judge compares the canary with ${at.withWhat}, ${every}, ${window}, one point each ${duration(stage.stepMs)}:`,
    `  ${listed(
      stage.points.map(({ name }) => name),
      "and",
    )}.`,
    `A run that scores ${stage.marginal} or less rolls back; the last one must score ${stage.pass}. Each judgement begins anew. Kayenta states no error rate.`,
    ...(stage.strict ? ["A pass that rests on a lack of data is held back."] : []),
  ];
}

function outage(steps: readonly Step[]): string {
  // The first thing is that stable goes, whichever way.
  const from = steps.findIndex((step) => step.op === "retire" || (step.op === "scale" && step.role === "stable")) + 1;
  const to = steps.findIndex(({ op }) => op === "route") + 1;
  return `An outage: from step ${from} to step ${to} nobody answers requests.`;
}

function boundTexts(analysis: AnalysisPlan | undefined): string[] {
  return (analysis?.metrics ?? []).flatMap((metric) => {
    const bound = boundText(metric);
    return bound === "" ? [] : [`  ${metric.name}: ${bound}.`];
  });
}

const hasRivals = (steps: readonly Step[]): boolean =>
  steps.some((step) => step.op === "scale" && step.role === "canary-2");

function wayBack({ strategy, analysis, progressDeadlineMs, stepsBack, steps }: Program): string[] {
  const ready = `Replicas that are not ready within ${duration(progressDeadlineMs)}`;
  if (strategy === "first") return [`${ready}: the rollout fails, and nothing is served.`];
  if (strategy === "recreate") return [`${ready}: the old version is started again.`];
  const back = "all requests go back to stable, then the canary is drained and ended.";
  if (!analysis) return [`${ready}: ${back}`];
  if (hasRivals(steps)) {
    const leaves =
      "A candidate that is shown to be worse leaves: its requests go to stable. When none is left, the experiment ends.";
    return [leaves, `${ready}: ${back}`];
  }
  if (stepsBack) {
    const times = stepsBack.times === 1 ? "once" : `${stepsBack.times} times`;
    const down = `If it is shown to be worse: one step down, to be judged anew, ${times} at most; then, or at the first step: ${back}`;
    return [down, `${ready}: ${back}`];
  }
  return [`If it is shown to be worse, at any step: ${back}`, `${ready}: the same.`];
}

/** How long a good version takes, from the times in the file, and which steps may take longer. */
function timeText({ steps, progressDeadlineMs, calendar }: Program): string[] {
  let [least, most] = [0, 0];
  for (const step of steps) {
    least += step.op === "hold" ? step.durationMs : step.op === "judge" ? step.atLeastMs : 0;
    const judged = step.op === "judge" ? (step.atMostMs ?? step.atLeastMs) : 0;
    most += step.op === "hold" ? step.durationMs : step.op === "test" ? step.atMostMs : judged;
  }
  const starts = steps.filter(({ op }) => op === "scale").length;
  const times = starts === 1 ? "once, at most" : `${starts} times, at most`;
  const start = `the time to start replicas (${times} ${duration(progressDeadlineMs)}${starts === 1 ? "" : " each"})`;
  const range =
    least === 0
      ? `up to ${duration(ms(most))}`
      : least === most
        ? duration(ms(least))
        : `${duration(ms(least))} to ${duration(ms(most))}`;
  const closed = calendar ? ["Shares rise, and the version is promoted, only when the calendar allows it."] : [];
  return [`A good version takes ${most === 0 ? "" : `${range} and `}${start}.`, ...longerText(steps), ...closed];
}

function longerText(steps: readonly Step[]): string[] {
  const where = (is: (step: Step) => boolean): readonly string[] =>
    steps.flatMap((step, index) => (is(step) ? [String(index + 1)] : []));
  const say = (numbers: readonly string[], text: string): string[] =>
    numbers.length === 0 ? [] : [`${numbers.length === 1 ? "Step" : "Steps"} ${listed(numbers, "and")} ${text}`];
  return [
    ...say(
      where((step) => step.op === "gate" && step.by === undefined),
      "can take longer: a person decides.",
    ),
    ...say(
      where((step) => step.op === "gate" && step.by?.kind === "hours"),
      "can take longer: the clock decides.",
    ),
    ...say(
      where((step) => step.op === "run" || (step.op === "gate" && step.by?.kind === "hook")),
      "can take longer: as long as the hook needs.",
    ),
    ...say(
      where(({ op }) => op === "compare"),
      "can take longer: until so many answers were compared.",
    ),
    ...say(
      where((step) => step.op === "ramp" || (step.op === "judge" && step.atMostMs === undefined)),
      "can take longer: as long as the evidence needs.",
    ),
    ...say(
      where((step) => step.op === "judge" && step.atMostMs !== undefined && step.undecided === "hold"),
      "can take longer: if nothing is shown by then, a person decides.",
    ),
  ];
}
