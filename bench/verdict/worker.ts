// Which rollouts does one worker of the bench run?
import { parentPort } from "node:worker_threads";
import { type Case, type Outcome, runOf } from "./run.ts";

/** Rollouts `from` to `to` − 1 of a case. */
export interface Job {
  readonly id: number;
  readonly asked: Case;
  readonly from: number;
  readonly to: number;
}

export interface Done {
  readonly id: number;
  readonly outcomes: readonly Outcome[];
}

parentPort?.on("message", (job: Job) => {
  const outcomes = Array.from({ length: job.to - job.from }, (_, i) => runOf(job.asked, job.from + i));
  const done: Done = { id: job.id, outcomes };
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
  parentPort?.postMessage(done);
});
