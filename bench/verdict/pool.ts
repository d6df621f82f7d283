// How are many rollouts shared out over the cores?
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Case, Outcome } from "./run.ts";
import type { Done, Job } from "./worker.ts";

/** So many rollouts at a time; a multiple of those that share a history. */
const CHUNK = 100;

/** Runs cases on all cores. Results do not depend on how many there are: a rollout is a function of its index. */
export class Pool {
  readonly #idle: Worker[] = [];
  readonly #workers: Worker[] = [];
  readonly #waiting: (() => void)[] = [];

  constructor() {
    for (let i = 0; i < Math.max(1, availableParallelism()); i++) {
      const worker = new Worker(new URL("worker.ts", import.meta.url));
      this.#workers.push(worker);
      this.#idle.push(worker);
    }
  }

  async #worker(): Promise<Worker> {
    for (;;) {
      const worker = this.#idle.pop();
      if (worker !== undefined) return worker;
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  async #run(job: Job): Promise<readonly Outcome[]> {
    const worker = await this.#worker();
    try {
      return await new Promise((resolve, reject) => {
        worker.once("error", reject);
        worker.once("message", (done: Done) => {
          worker.off("error", reject);
          resolve(done.outcomes);
        });
        // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
        worker.postMessage(job);
      });
    } finally {
      this.#idle.push(worker);
      this.#waiting.shift()?.();
    }
  }

  /** All rollouts of a case, in order. */
  async run(asked: Case): Promise<readonly Outcome[]> {
    const jobs: Promise<readonly Outcome[]>[] = [];
    for (let from = 0; from < asked.runs; from += CHUNK) {
      jobs.push(this.#run({ id: from, asked, from, to: Math.min(asked.runs, from + CHUNK) }));
    }
    return (await Promise.all(jobs)).flat();
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
