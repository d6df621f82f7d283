// What does a Rollout in a cluster tell of itself?
import type { Schema } from "../../../core/spec/structural.ts";

const text = (description: string): Schema => ({ type: "string", description });
const time = (description: string): Schema => ({ type: "string", format: "date-time", description });
const whole = (description: string): Schema => ({ type: "integer", description });
const large = (description: string): Schema => ({ type: "integer", format: "int64", description });

function map(description: string, properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", description, properties };
}

const version = (description: string): Schema =>
  map(description, { revision: text("Its revision."), replicaSet: text("The ReplicaSet that runs it.") });

/** As every object of Kubernetes has them. */
const CONDITION: Schema = {
  type: "object",
  required: ["type", "status", "lastTransitionTime", "reason", "message"],
  properties: {
    type: { type: "string", maxLength: 316, description: "What it is about." },
    status: { type: "string", enum: ["True", "False", "Unknown"] },
    observedGeneration: { ...large("The generation that was looked at."), minimum: 0 },
    lastTransitionTime: time("When the status last changed."),
    reason: { type: "string", minLength: 1, maxLength: 1_024, description: "Why, in one word." },
    message: { type: "string", maxLength: 32_768, description: "Why, in a sentence." },
  },
};

const ENDED: Readonly<Record<string, Schema>> = {
  number: whole("Its number."),
  revision: text("The revision that it was to bring."),
  outcome: text("promoted, rolled-back, stopped or concluded."),
  why: text("Why it ended so."),
  startedAt: time("When it began."),
  endedAt: time("When it ended."),
};

const ANSWER: Readonly<Record<string, Schema>> = {
  id: text("The command's own name."),
  text: text("What was answered."),
  version: whole("The service's version afterwards."),
  rollout: whole("The rollout that is under way then, if one is."),
  refused: text("The code of what was in the way, where it was refused."),
  found: text("What was found instead."),
  now: text("What the traffic does."),
  next: text("What to do next."),
  exitCode: whole("What a command should end with."),
};

/** Every field may be missing: a Rollout that nobody has looked at has no status. */
export const STATUS: Schema = map("What Serin sees and does.", {
  observedGeneration: large("The generation of the spec that Serin follows."),
  phase: text("Idle, Progressing, Paused, Waiting or RollingBack."),
  outcome: text("What became of the last rollout: promoted, rolled-back, stopped or concluded."),
  health: text("Whether the service answers, whatever becomes of the rollout: well, degraded, down or unknown."),
  step: text("The step under way, such as 3/9."),
  stepText: text("The same in words."),
  weight: map("The candidate's share of the requests.", {
    wanted: text("What Serin asks for, such as 10%."),
    measured: text("What requests show."),
  }),
  verdict: text("worse, no-worse or undecided."),
  verdictText: text("The verdict with its figures."),
  stable: version("What works."),
  candidate: version("What is being brought."),
  rollout: whole("Number of the rollout under way, or of the last one."),
  startedAt: time("When it began."),
  endedAt: time("When it ended."),
  why: text("Why it is where it is."),
  message: text("What a person should know now."),
  conditions: {
    type: "array",
    description: "Conditions, by type.",
    maxItems: 32,
    items: CONDITION,
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["type"],
  },
  history: {
    type: "array",
    description: "Rollouts that have ended, the last one first.",
    maxItems: 20,
    items: { type: "object", properties: ENDED },
    "x-kubernetes-list-type": "atomic",
  },
  answers: {
    type: "array",
    description: "What became of the last commands.",
    maxItems: 10,
    items: { type: "object", properties: ANSWER },
    "x-kubernetes-list-type": "atomic",
  },
  handled: text("The spec and the template that were asked for last, by their content."),
  deployment: text("The UID of what was adopted."),
  configuration: text("What the pods were configured with when it was adopted, by its content."),
  seq: large("Number of the last decision."),
  state: text("All that Serin must know to go on, packed. Not for reading."),
  log: text("The last decisions, packed: serin explain reads them."),
});

/** A column of `kubectl get`. */
interface Column {
  readonly name: string;
  readonly type: "string" | "date";
  readonly jsonPath: string;
  readonly description?: string;
  /** Above 0: only with `-o wide`. */
  readonly priority?: number;
}

const column = (name: string, path: string, more: Partial<Column> = {}): Column => ({
  name,
  type: "string",
  jsonPath: path,
  ...more,
});

/** Outcome and health are two matters, and two columns. */
export const COLUMNS: readonly Column[] = [
  column("Step", ".status.step"),
  column("Wanted", ".status.weight.wanted", { description: "The candidate's share as Serin asks for it." }),
  column("Measured", ".status.weight.measured", { description: "The candidate's share as requests show it." }),
  column("Verdict", ".status.verdict"),
  column("Outcome", ".status.outcome", { description: "What became of the last rollout." }),
  column("Health", ".status.health", { description: "Whether the service answers." }),
  column("Age", ".metadata.creationTimestamp", { type: "date" }),
  column("Stable", ".status.stable.revision", { priority: 1 }),
  column("Candidate", ".status.candidate.revision", { priority: 1 }),
  column("Why", ".status.why", { priority: 1 }),
];
