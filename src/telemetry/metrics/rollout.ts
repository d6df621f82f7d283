// Which series tell how far a rollout is, and how the last one ended?
import { underWay } from "../../core/engine/state.ts";
import type { Seen } from "../../runtime/controller.ts";
import type { Add, Family } from "./family.ts";

function addInfo({ state: { rollout } }: Seen, add: Add): void {
  if (!rollout) return;
  const { number, program, candidate, stable = "" } = rollout;
  add(1, { number: String(number), strategy: program.strategy, candidate, stable });
}

/** The step under way, from 1. */
function addStep({ state }: Seen, add: Add): void {
  const rollout = underWay(state);
  if (!rollout) return;
  const { steps } = rollout.program;
  add(Math.min(rollout.cursor + 1, steps.length), { op: steps[rollout.cursor]?.op ?? "none" });
}

export const ROLLOUT_FAMILIES: readonly Family[] = [
  {
    name: "serin_rollout_info",
    help: "1 for the service's rollout, under way or the last one: its number, strategy and revisions.",
    type: "gauge",
    labels: ["number", "strategy", "candidate", "stable"],
    of: addInfo,
  },
  {
    name: "serin_rollout_phase",
    help: "1 for the phase of the service's rollout: forward, back or ended.",
    type: "gauge",
    labels: ["phase"],
    of: ({ state: { rollout } }, add) => {
      if (rollout) add(1, { phase: rollout.phase });
    },
  },
  {
    name: "serin_rollout_step",
    help: "The step under way, from 1, with what it does.",
    type: "gauge",
    labels: ["op"],
    of: addStep,
  },
  {
    name: "serin_rollout_steps",
    help: "Steps of the rollout under way.",
    type: "gauge",
    labels: [],
    of: ({ state }, add) => {
      const rollout = underWay(state);
      if (rollout) add(rollout.program.steps.length);
    },
  },
  {
    name: "serin_rollout_waiting",
    help: "1 for what the rollout under way waits for: replicas, router, time, evidence, person or hook.",
    type: "gauge",
    labels: ["for"],
    of: ({ state }, add) => {
      const waiting = underWay(state)?.waiting;
      if (waiting) add(1, { for: waiting.for });
    },
  },
  {
    name: "serin_rollout_paused",
    help: "1 while a person has paused the rollout under way, else 0.",
    type: "gauge",
    labels: [],
    of: ({ state }, add) => {
      const rollout = underWay(state);
      if (rollout) add(rollout.paused ? 1 : 0);
    },
  },
  {
    name: "serin_rollout_blind",
    help: "1 while the rollout under way cannot read its evidence, else 0; it goes no further until it can.",
    type: "gauge",
    labels: [],
    of: ({ state }, add) => {
      const rollout = underWay(state);
      if (rollout) add(rollout.blind === undefined ? 0 : 1);
    },
  },
  {
    name: "serin_rollout_started_timestamp_seconds",
    help: "When the rollout, under way or the last one, began.",
    type: "gauge",
    labels: [],
    of: ({ state: { rollout } }, add) => {
      if (rollout) add(rollout.startedMs / 1_000);
    },
  },
  {
    name: "serin_rollout_step_started_timestamp_seconds",
    help: "When the step under way began.",
    type: "gauge",
    labels: [],
    of: ({ state }, add) => {
      const rollout = underWay(state);
      if (rollout) add(rollout.stepSinceMs / 1_000);
    },
  },
  {
    name: "serin_rollout_ended_timestamp_seconds",
    help: "When the last rollout that ended did so, with its outcome: promoted, rolled-back, stopped or concluded.",
    type: "gauge",
    labels: ["outcome"],
    of: ({ state: { history } }, add) => {
      const [last] = history;
      if (last) add(last.endedMs / 1_000, { outcome: last.outcome });
    },
  },
];
