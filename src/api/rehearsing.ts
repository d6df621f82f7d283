// How would a rollout go, as far as this machine has time to rehearse it?
import { availableParallelism } from "node:os";
import { messageOf, SerinError, type Trouble } from "../core/issues.ts";
import { readGroupLines } from "../rehearse/group-language.ts";
import { lineOf } from "../rehearse/group-stage.ts";
import { groupSuiteFor } from "../rehearse/group-suite.ts";
import { readLines } from "../rehearse/language.ts";
import { limitOf, SLACK } from "../rehearse/pace.ts";
import { ASSUMED, suiteFor, type Usually } from "../rehearse/suite.ts";
import { inParallel, type Done, type Task } from "../rehearse/workers.ts";
import type { RehearsalView, RehearsedFileView, RehearseRequest, GroupRehearsalView } from "./contract.ts";
import type { GroupFile } from "./group-file.ts";
import type { PlannedAny } from "./planning.ts";
import { groupScenarioView, scenarioView, type Chosen } from "./rehearsal-views.ts";
import { roomIn } from "./room.ts";
import { scenarioFrom } from "./scenario-text.ts";
import { stagedOf } from "./staged.ts";
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
  readonly read: (text: string, origin: string) => Promise<PlannedAny>;
  /** The usual traffic of a service; nothing of one that has not run for long enough. */
  readonly usually: (service: string) => Usually | undefined;
  /** Whoever asked has gone away. */
  readonly signal: AbortSignal;
}

/** One scenario to be played, many times or once with all that happens. */
interface Case {
  readonly once: Task;
  readonly many: (seeds: readonly number[]) => Task;
}

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
   * Mistakes in the file are a part of the answer. Throws SERIN_BAD_SCENARIO, SERIN_BUSY
   * when too many wait, and SERIN_NO_MEMORY when its turn has come and there is not enough.
   */
  async rehearse(request: RehearseRequest, about: Rehearsing): Promise<RehearsedFileView> {
    const planned = await about.read(request.text, request.origin);
    if (!planned.ok) return planned;
    if ("group" in planned)
      return { ok: true, issues: [], group: await this.#rehearseGroup(planned.group, request, about) };
    const { rollout, program } = planned;
    const service = rollout.metadata.name;
    const traffic = trafficOf(service, about);
    const chosen = chosenFrom(suiteFor(traffic, program), request.scenario);
    const limitMs = limitOf(program);
    const cases = chosen.map(({ lines }): Case => {
      const scenario = scenarioFrom(() => readLines(lines), NEXT);
      const options = { rollout, scenario, seed: seedOf(request), promote: false, limitMs };
      return {
        once: { kind: "one", options: { ...options, slack: SLACK.one } },
        many: (seeds) => ({ kind: "runs", options: { ...options, slack: SLACK.many }, seeds }),
      };
    });
    const { isCut, done } = await this.#play(cases, request, about.signal);
    const scenarios = chosen.map((one, index) => scenarioView(one, done(index)));
    return { ok: true, issues: [], rehearsal: { service, traffic, isCut, scenarios } };
  }

  async #rehearseGroup(file: GroupFile, request: RehearseRequest, about: Rehearsing): Promise<GroupRehearsalView> {
    const { staged, limitMs } = stagedOf(file);
    const members = lineOf(staged.plan).map((one) => Object.assign({}, one, trafficOf(one.service, about)));
    const names = staged.rollouts.map(({ metadata }) => metadata.name);
    const chosen = chosenFrom(groupSuiteFor(members), request.scenario);
    const cases = chosen.map(({ lines }): Case => {
      const scenario = scenarioFrom(() => readGroupLines(lines, names), NEXT);
      const options = { staged, scenario, seed: seedOf(request), promote: false, limitMs };
      return {
        once: { kind: "group-one", options: { ...options, slack: SLACK.one } },
        many: (seeds) => ({ kind: "group-runs", options: { ...options, slack: SLACK.many }, seeds }),
      };
    });
    const { isCut, done } = await this.#play(cases, request, about.signal);
    const scenarios = chosen.map((one, index) => groupScenarioView(one, done(index)));
    return { group: staged.group, members, isCut, scenarios };
  }

  /** Plays all cases as often as was asked for; what was done is answered case by case. */
  async #play(
    cases: readonly Case[],
    request: RehearseRequest,
    signal: AbortSignal,
  ): Promise<{ readonly isCut: boolean; readonly done: (of: number) => readonly Done[] }> {
    const tasks = tasksOf(cases, request);
    const { isCut, done } = tasks.length === 0 ? NOTHING : await this.#inTurn(tasks, signal);
    return {
      isCut,
      done: (of) => tasks.flatMap((task, index) => (task.of === of && done[index] ? [done[index]] : [])),
    };
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

const seedOf = ({ seed = 1 }: RehearseRequest): number => seed;

/** Some rehearsals of each scenario, then some more of each. */
function tasksOf(cases: readonly Case[], request: RehearseRequest): readonly Placed[] {
  const { runs = 20, timeline = false } = request;
  const isOne = timeline && cases.length === 1;
  const tasks: Placed[] = isOne ? cases.map(({ once }, of) => ({ of, task: once })) : [];
  for (let from = 0; from < runs; from += BATCH) {
    const length = Math.min(BATCH, runs - from);
    const seeds = Array.from({ length }, (_, index) => seedOf(request) + from + index);
    for (const [of, { many }] of cases.entries()) tasks.push({ of, task: many(seeds) });
  }
  return tasks;
}

/** The traffic that the usual scenarios take for a service's. */
function trafficOf(service: string, { usually }: Rehearsing): RehearsalView["traffic"] {
  const measured = usually(service);
  const { perSecond, errors } = measured ?? ASSUMED;
  return { source: measured ? "measured" : "assumed", perSecond, errors };
}

/** All usual scenarios, one of them by its name, or the lines themselves. */
function chosenFrom(suite: readonly Chosen[], asked: string | undefined): readonly Chosen[] {
  if (asked === undefined) return suite;
  const named = suite.find(({ name }) => name === asked);
  return [named ?? { about: "as you say", lines: asked }];
}

/** What to do about a scenario that cannot be read. */
const NEXT = "name a usual scenario, or write lines as in docs/rehearse.md";

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
