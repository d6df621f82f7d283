// How would a rollout go, as far as this machine has time to rehearse it?
import { availableParallelism } from "node:os";
import { messageOf, SerinError, type Trouble } from "../core/issues.ts";
import { distributionOf, fatesOf } from "../rehearse/distribution.ts";
import { readLines, ScenarioError } from "../rehearse/language.ts";
import { limitOf, SLACK } from "../rehearse/pace.ts";
import type { RehearsalOptions } from "../rehearse/rehearsal.ts";
import { ASSUMED, suiteFor, type Play, type Usually } from "../rehearse/suite.ts";
import { inParallel, type Done, type Task } from "../rehearse/workers.ts";
import type { RehearsalView, RehearsedFileView, RehearseRequest } from "./contract.ts";
import type { Planned } from "./planning.ts";
import { roomIn } from "./room.ts";
import { Turns } from "./turns.ts";

/** So long one call is worked on, in milliseconds; what was done by then is answered. */
const LONGEST_MS = 30_000;
/** So many calls wait for their turn at most: the last of them still has an answer in time. */
const MOST_WAITING = 2;
/** Rehearsals that a thread is given at once: few, so that each scenario has about as many when the time is up. */
const BATCH = 5;
/** Other work of the machine has cores of its own. */
const THREADS = Math.max(1, Math.min(4, availableParallelism() - 1));

/** Whoever asks, and what is known here. */
export interface Rehearsing {
  /** Reads a file as if it were applied. */
  readonly read: (text: string, origin: string) => Promise<Planned>;
  /** The usual traffic of a service; nothing of one that has not run for long enough. */
  readonly usually: (service: string) => Usually | undefined;
  /** Whoever asked has gone away. */
  readonly signal: AbortSignal;
}

/** One scenario as it was asked for. */
type Chosen = Omit<Play, "name" | "fault"> & Partial<Pick<Play, "name" | "fault">>;

interface Bounds {
  readonly longestMs?: number | undefined;
  readonly available?: (() => number) | undefined;
}

/** Rehearses files, one at a time, on threads of their own: the controller's turn is not delayed. */
export class Rehearser {
  readonly #turns = new Turns(MOST_WAITING);
  readonly #longestMs: number;
  readonly #available: () => number;

  /** The memory that this process may still take, in bytes: of its container, where it is in one. */
  constructor({ longestMs = LONGEST_MS, available = () => process.availableMemory() }: Bounds = {}) {
    this.#longestMs = longestMs;
    this.#available = available;
  }

  /**
   * Mistakes in the file are a part of the answer. Throws SERIN_BAD_SCENARIO, SERIN_BUSY when too many wait, and
   * SERIN_NO_MEMORY when its turn has come and there is not enough.
   */
  async rehearse(request: RehearseRequest, { read, usually, signal }: Rehearsing): Promise<RehearsedFileView> {
    const planned = await read(request.text, request.origin);
    if (!planned.ok) return planned;
    const { rollout, program } = planned;
    const service = rollout.metadata.name;
    const measured = usually(service);
    const { perSecond, errors } = measured ?? ASSUMED;
    const chosen = chosenFrom(suiteFor({ perSecond, errors }, program), request.scenario);
    const { runs = 20, seed = 1, timeline = false } = request;
    const limitMs = limitOf(program);
    const given = chosen.map(({ lines }): RehearsalOptions => {
      return { rollout, scenario: scenarioIn(lines), seed, promote: false, slack: SLACK.many, limitMs };
    });
    const tasks = tasksOf(given, { runs, once: timeline && chosen.length === 1 });
    const { isCut, done } = tasks.length === 0 ? NOTHING : await this.#inTurn(tasks, signal);
    const traffic = { source: measured ? "measured" : "assumed", perSecond, errors } as const;
    const scenarios = chosen.map((one, index) => scenarioView(one, ofScenario(index, tasks, done)));
    return { ok: true, issues: [], rehearsal: { service, traffic, isCut, scenarios } };
  }

  async #inTurn(tasks: readonly Placed[], signal: AbortSignal): Promise<Worked> {
    try {
      return await this.#turns.take(() => this.#work(tasks, signal), signal);
    } catch (error) {
      throw signal.aborted ? new SerinError(ENDED, { cause: error }) : error;
    }
  }

  async #work(tasks: readonly Placed[], signal: AbortSignal): Promise<Worked> {
    const { threads, megabytes } = roomIn(this.#available(), THREADS);
    const done: Done[] = [];
    const time = AbortSignal.timeout(this.#longestMs);
    // Ends the other threads when one has failed.
    const end = new AbortController();
    try {
      await inParallel(
        tasks.map(({ task }) => task),
        {
          threads,
          apart: { megabytes },
          signal: AbortSignal.any([signal, time, end.signal]),
          tell: (index, one) => {
            done[index] = one;
          },
        },
      );
      return { isCut: false, done };
    } catch (error) {
      signal.throwIfAborted();
      if (time.aborted) return { isCut: true, done };
      throw failed(error);
    } finally {
      end.abort();
    }
  }
}

/** A task, and which scenario it is of. */
interface Placed {
  readonly of: number;
  readonly task: Task;
}

/** What was done, by the index of its task, and whether that is not all. */
interface Worked {
  readonly isCut: boolean;
  readonly done: readonly Done[];
}

const NOTHING: Worked = { isCut: false, done: [] };

/** Some rehearsals of each scenario, then some more of each. */
function tasksOf(
  given: readonly RehearsalOptions[],
  { runs, once }: { readonly runs: number; readonly once: boolean },
): readonly Placed[] {
  const tasks: Placed[] = once
    ? given.map((options, of) => ({ of, task: { kind: "one", options: { ...options, slack: SLACK.one } } }))
    : [];
  for (let from = 0; from < runs; from += BATCH) {
    const length = Math.min(BATCH, runs - from);
    for (const [of, options] of given.entries()) {
      const seeds = Array.from({ length }, (_, index) => options.seed + from + index);
      tasks.push({ of, task: { kind: "runs", options, seeds } });
    }
  }
  return tasks;
}

const ofScenario = (of: number, tasks: readonly Placed[], done: readonly Done[]): readonly Done[] =>
  tasks.flatMap((task, index) => (task.of === of && done[index] ? [done[index]] : []));

function scenarioView(
  { name, about, lines, fault }: Chosen,
  done: readonly Done[],
): RehearsalView["scenarios"][number] {
  const all = done.flatMap((one) => (one.kind === "runs" ? one.runs : []));
  const once = done.find((one) => one.kind === "one")?.rehearsed;
  const why = done.find((one) => one.kind === "failed")?.why;
  const told = { name, about, lines, fault, runs: all.length, once, failed: why };
  return all.length === 0
    ? { ...told, endings: [] }
    : { ...told, endings: distributionOf(all).endings, fates: fatesOf(all) };
}

/** All usual scenarios, one of them by its name, or the lines themselves. */
function chosenFrom(suite: readonly Play[], asked: string | undefined): readonly Chosen[] {
  if (asked === undefined) return suite;
  const named = suite.find(({ name }) => name === asked);
  return [named ?? { about: "as you say", lines: asked }];
}

function scenarioIn(lines: string): RehearsalOptions["scenario"] {
  try {
    return readLines(lines);
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    throw new SerinError(
      {
        code: "SERIN_BAD_SCENARIO",
        what: "the scenario cannot be read",
        found: error.message,
        next: "name a usual scenario, or write lines as in docs/rehearse.md",
        exitCode: 2,
      },
      { cause: error },
    );
  }
}

const ENDED: Trouble = {
  code: "SERIN_REHEARSAL_ENDED",
  what: "the rehearsal was ended before it was done",
  now: "nothing was changed; traffic is not touched by rehearsals",
};

function failed(error: unknown): SerinError {
  return new SerinError(
    {
      code: "SERIN_REHEARSAL_FAILED",
      what: "the rehearsal could not be played",
      found: messageOf(error),
      now: "nothing was changed; traffic is not touched by rehearsals",
      next: "rehearse less of it at once, or where you are: serin rehearse FILE",
    },
    { cause: error },
  );
}
