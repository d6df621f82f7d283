// How does one rollout end when exactly one thing goes wrong, whichever it is?
import { ms } from "../../src/core/units.ts";
import { underWay } from "../../src/core/engine/state.ts";
import type { Faults } from "./faults.ts";
import { settledWrong } from "./settled.ts";
import { ANSWERS, applyOf, BEHAVIOURS, fileOf, rolloutOf, type Quality } from "./specs.ts";
import { Watch } from "./watch.ts";
import { World } from "../../src/rehearse/world.ts";

/** A rollout that is repeated with one fault after the other. */
export interface Case {
  readonly strategy: string;
  readonly quality: Quality;
  readonly replicas: number;
}

/** How it ended. */
export interface Ending {
  readonly outcome: string;
  /** Pools that run in the end, with their replicas. */
  readonly running: string;
  readonly broken: readonly string[];
  /** Whether the n-th of whatever the faults count came to pass. */
  readonly appends: number;
  readonly deaths: number;
  readonly virtualMs: number;
}

const SERVICE = "shop";
const CANDIDATE_MS = 4_000;
const MOST_MS = 240_000;
const TIDY_MS = 12_000;

/** Brings up v1, rolls v2 out and says how that ended. */
export async function endingOf({ strategy, quality, replicas }: Case, faults: Faults, isLate = false): Promise<Ending> {
  const qualities: Readonly<Record<string, Quality>> = { v1: "good", v2: quality };
  const of = (revision: string): Quality => qualities[revision] ?? "good";
  const lines: string[] = [];
  const world = new World({
    seed: 1,
    faults,
    services: [
      {
        name: SERVICE,
        answers: (revision) => ANSWERS[of(revision)],
        behaviour: (revision) => BEHAVIOURS[of(revision)],
        perSecond: () => 60,
        drainMs: ms(5_000),
        lingerMs: 0,
      },
    ],
    trace: (line) => lines.push(line),
  });
  const watch = new Watch(world, {
    // One fault excuses nothing for longer than its own time: a call of 8 s, an absence of 2 s.
    calmFromMs: 0,
    late: () => isLate,
    planeTrouble: () => false,
    frail: (revision) => ["never", "crashing"].includes(of(revision)),
  });
  const spec = rolloutOf(fileOf(SERVICE, replicas, { strategy }));
  const service = world.service(SERVICE);
  const pass = async (untilMs: number, over: () => boolean): Promise<void> => {
    while (world.elapsedMs < untilMs && !over()) {
      await world.step();
      watch.look();
    }
  };
  const ended = (number: number) => (service.truth?.history[0]?.number ?? 0) >= number;
  const idle = () => service.truth !== undefined && underWay(service.truth) === undefined;
  world.ask(SERVICE, applyOf(spec, { id: "a", revision: "v1" }), true);
  await pass(MOST_MS, () => ended(1) && world.elapsedMs >= CANDIDATE_MS);
  world.ask(SERVICE, applyOf(spec, { id: "b", revision: "v2" }), true);
  await pass(MOST_MS, () => ended(2) && idle());
  await pass(world.elapsedMs + TIDY_MS, () => false);
  const running = service.workload.running().map(({ revision, replicas: all }) => `${revision} ×${all.length}`);
  const outcome = service.truth?.history.map(({ candidate, outcome: how }) => `${candidate} ${how}`).join(", ");
  return {
    outcome: outcome ?? "nothing",
    running: running.join(", "),
    broken: [...watch.broken, ...settledWrong(service, qualities)],
    appends: world.appends,
    deaths: world.deaths,
    virtualMs: world.elapsedMs,
  };
}
