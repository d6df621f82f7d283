// How do many rehearsals use all cores of the machine?
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { messageOf } from "../core/issues.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import {
  groupSummaryOf,
  rehearseGroup,
  type GroupRehearsalOptions,
  type GroupRehearsed,
  type GroupSummary,
} from "./group-rehearsal.ts";
import { playScenario, type Played } from "./play.ts";
import { rehearse, summaryOf, type Rehearsed, type RehearsalOptions, type Summary } from "./rehearsal.ts";
import type { Scenario } from "./scenario.ts";

/** What a thread can do: plain data, so that it can be sent to one. */
export type Task =
  | { readonly kind: "runs"; readonly options: RehearsalOptions; readonly seeds: readonly number[] }
  | { readonly kind: "one"; readonly options: RehearsalOptions }
  | { readonly kind: "group-runs"; readonly options: GroupRehearsalOptions; readonly seeds: readonly number[] }
  | { readonly kind: "group-one"; readonly options: GroupRehearsalOptions }
  | { readonly kind: "play"; readonly scenario: Scenario; readonly rollout: Rollout };

export type Done =
  | { readonly kind: "runs"; readonly runs: readonly Summary[] }
  | { readonly kind: "one"; readonly rehearsed: Rehearsed }
  | { readonly kind: "group-runs"; readonly runs: readonly GroupSummary[] }
  | { readonly kind: "group-one"; readonly rehearsed: GroupRehearsed }
  | { readonly kind: "play"; readonly played: Played; readonly realMs: number }
  | { readonly kind: "failed"; readonly why: string };

interface Sent {
  readonly index: number;
  readonly task: Task;
}

interface Answered {
  readonly index: number;
  readonly done: Done;
}

export interface Crew {
  /** Threads at most. */
  readonly threads: number;
  /** Whether no task, not even a single one, is done by the thread that asks; each thread then has so many megabytes. */
  readonly apart?: { readonly megabytes: number } | undefined;
  /** Told of each task that is done. */
  readonly tell?: ((index: number, done: Done) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

const MARK = "serin-rehearse";

/** Does all tasks, several at once, and answers in their order. Whatever fails is an answer too. */
export async function inParallel(tasks: readonly Task[], crew: Crew): Promise<readonly Done[]> {
  const threads = Math.min(crew.threads, tasks.length);
  if (threads > 1 || (crew.apart && threads > 0)) return new Pool(tasks, crew).go(threads);
  const done: Done[] = [];
  for (const [index, task] of tasks.entries()) {
    crew.signal?.throwIfAborted();
    const one = await doTask(task);
    done.push(one);
    crew.tell?.(index, one);
  }
  return done;
}

class Pool {
  readonly #tasks: readonly Task[];
  readonly #crew: Crew;
  readonly #done: Done[] = [];
  #next = 0;

  constructor(tasks: readonly Task[], crew: Crew) {
    this.#tasks = tasks;
    this.#crew = crew;
  }

  async go(threads: number): Promise<readonly Done[]> {
    await Promise.all(Array.from({ length: threads }, () => this.#thread()));
    this.#crew.signal?.throwIfAborted();
    return this.#done;
  }

  /** One thread, until no task is left. */
  #thread(): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal, apart } = this.#crew;
      const resourceLimits = apart && { maxOldGenerationSizeMb: apart.megabytes };
      const worker = new Worker(import.meta.filename, {
        workerData: MARK,
        name: MARK,
        ...(apart && { resourceLimits }),
      });
      const end = (): void => void worker.terminate().then(() => resolve(), reject);
      const give = (): void => {
        const index = this.#next++;
        const task = this.#tasks[index];
        if (!task || signal?.aborted) return end();
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        worker.postMessage({ index, task } satisfies Sent);
      };
      signal?.addEventListener("abort", end, { once: true });
      worker.on("message", ({ index, done }: Answered) => {
        this.#done[index] = done;
        this.#crew.tell?.(index, done);
        give();
      });
      worker.on("error", reject);
      worker.on("exit", () => {
        signal?.removeEventListener("abort", end);
        resolve();
      });
      give();
    });
  }
}

/** How each kind of task is done. */
const DO: { readonly [K in Task["kind"]]: (task: Extract<Task, { readonly kind: K }>) => Promise<Done> } = {
  play: async ({ scenario, rollout }) => {
    const began = performance.now();
    const played = await playScenario(scenario, rollout);
    return { kind: "play", played: { ...played, trace: [] }, realMs: performance.now() - began };
  },
  one: async ({ options }) => ({ kind: "one", rehearsed: await rehearse(options) }),
  runs: async ({ options, seeds }) => {
    const runs: Summary[] = [];
    for (const seed of seeds) runs.push(summaryOf(await rehearse({ ...options, seed })));
    return { kind: "runs", runs };
  },
  "group-one": async ({ options }) => ({ kind: "group-one", rehearsed: await rehearseGroup(options) }),
  "group-runs": async ({ options, seeds }) => {
    const runs: GroupSummary[] = [];
    for (const seed of seeds) runs.push(groupSummaryOf(await rehearseGroup({ ...options, seed })));
    return { kind: "group-runs", runs };
  },
};

async function doTask(task: Task): Promise<Done> {
  try {
    return await DO[task.kind](task as never);
  } catch (error) {
    return { kind: "failed", why: messageOf(error) };
  }
}

// This file is what its threads run, too.
if (!isMainThread && workerData === MARK) {
  parentPort?.on("message", async ({ index, task }: Sent) => {
    const answered: Answered = { index, done: await doTask(task) };
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    parentPort?.postMessage(answered);
  });
}
