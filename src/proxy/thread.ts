// How does the main thread talk to one worker?
import { Worker } from "node:worker_threads";
import { messageOf } from "../core/issues.ts";
import type { Ports } from "./data-plane.ts";
import type { Asked, Command, Report, Said, WorkerStart } from "./messages.ts";

/** One worker thread, from its start to its end. */
export interface Thread {
  readonly worker: Worker;
  /** Resolves with its ports once it listens; rejects with the listen error, or when it ends before. */
  readonly listening: Promise<Ports>;
  /** Rejects when the worker refuses, ends (ThreadGone) or does not answer within `timeoutMs` (ThreadSilent). */
  ask(command: Command, timeoutMs: number): Promise<Report>;
  /** When it last said anything. */
  heardAt(): number;
}

export class ThreadGone extends Error {
  override readonly name = "ThreadGone";
}

export class ThreadSilent extends Error {
  override readonly name = "ThreadSilent";
}

interface Waiting {
  readonly resolve: (report: Report) => void;
  readonly reject: (error: Error) => void;
}

// The same file, compiled or not.
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./worker.ts" : "./worker.js", import.meta.url);

/**
 * For objects that have just been made: nearly all are gone with their request. With the runtime's default, four times as
 * much, a busy worker takes 20 MB more, for nothing that can be measured.
 */
const YOUNG_MB = 12;

/** Starts a worker; `onReport` hears whatever it has counted. */
export function startThread(start: WorkerStart, onReport: (report: Report) => void): Thread {
  const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_MB };
  const worker = new Worker(ENTRY, { workerData: start, name: "serin-proxy", resourceLimits });
  const waiting = new Map<number, Waiting>();
  const listening = Promise.withResolvers<Ports>();
  let heardAt = Date.now();
  let asked = 0;
  let over = false;
  let last: string | undefined;
  listening.promise.catch(() => undefined);

  const hear: { readonly [K in Said["kind"]]: (said: Extract<Said, { kind: K }>) => void } = {
    listening: (said) => listening.resolve(said.ports),
    unable: ({ message, code, port }) => listening.reject(Object.assign(new Error(message), { code, port })),
    done: (said) => {
      onReport(said.report);
      waiting.get(said.id)?.resolve(said.report);
    },
    refused: (said) => waiting.get(said.id)?.reject(new Error(said.why)),
    report: (said) => onReport(said.report),
  };
  worker.on("message", (said: Said) => {
    heardAt = Date.now();
    (hear[said.kind] as (said: Said) => void)(said);
  });
  worker.on("error", (error: unknown) => {
    last = messageOf(error);
    console.error(`worker ended: ${error instanceof Error ? error.stack : last}`);
  });
  worker.on("exit", (code) => {
    over = true;
    const gone = new ThreadGone(`the worker ended with ${last ?? `code ${code}`}`);
    listening.reject(gone);
    for (const { reject } of waiting.values()) reject(gone);
  });

  const ask = async (command: Command, timeoutMs: number): Promise<Report> => {
    if (over) throw new ThreadGone("the worker has ended");
    const id = ++asked;
    const answer = Promise.withResolvers<Report>();
    waiting.set(id, answer);
    const late = new ThreadSilent(`the worker did not answer within ${timeoutMs} ms`);
    const timer = setTimeout(() => answer.reject(late), timeoutMs);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    worker.postMessage({ id, command } satisfies Asked);
    try {
      return await answer.promise;
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  };
  return { worker, listening: listening.promise, ask, heardAt: () => heardAt };
}
