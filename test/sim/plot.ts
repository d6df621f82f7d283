// What happens in the run of one seed?
import { KINDS, PORTS, type Window } from "./faults.ts";
import { random, type Random } from "../../src/rehearse/random.ts";
import { QUALITIES, STRATEGIES, type Quality } from "./specs.ts";

/** Something that is done to the world at one moment. */
export type Event =
  | {
      readonly atMs: number;
      readonly kind: "apply";
      readonly revision: string;
      readonly strategy: string;
      /** What becomes of it while another one is under way. */
      readonly policy: Policy;
      readonly hotfix: boolean;
    }
  | { readonly atMs: number; readonly kind: "command"; readonly verb: Verb; readonly stale: boolean }
  | { readonly atMs: number; readonly kind: "kill"; readonly awayMs: number }
  | { readonly atMs: number; readonly kind: "crash-replica"; readonly nth: number }
  | { readonly atMs: number; readonly kind: "plane"; readonly awayMs: number; readonly keepsRoute: boolean };

export type Policy = "refuse" | "queue" | "supersede";

const POLICIES: readonly Policy[] = ["refuse", "queue", "supersede"];

export type Verb = "promote" | "promote-full" | "pause" | "resume" | "abort" | "retry" | "undo" | "scale";

const VERBS: readonly Verb[] = ["promote", "promote-full", "pause", "resume", "abort", "retry", "undo", "scale"];

export interface Plot {
  readonly seed: number;
  readonly strategy: string;
  readonly replicas: number;
  /** What each revision turns out to be. The first one is good most of the time. */
  readonly qualities: Readonly<Record<string, Quality>>;
  readonly perSecond: number;
  /** When no client sends anything. */
  readonly silence?: { readonly fromMs: number; readonly toMs: number } | undefined;
  /** How much replicas differ in errors. */
  readonly tau: number;
  /** Smallest step of a weight that the router takes, in parts per million. */
  readonly granularity: number;
  /** Hooks of the file, and how often each says no. */
  readonly hooks: string;
  readonly hookSaysNo: number;
  readonly windows: readonly Window[];
  readonly events: readonly Event[];
  /** Chance, per append, that the controller dies before or after it. */
  readonly deadlyAppends: number;
  /** When the last of all trouble is over. */
  readonly calmFromMs: number;
  /** Outcomes of the rollout of v2 that are right; none when trouble may bring any. */
  readonly right?: readonly string[] | undefined;
}

/** The candidate is applied once the first revision has had the time to come up. */
const CANDIDATE_MS = 15_000;
/** Trouble begins before that and is over by then. */
const TROUBLE_MS = 90_000;

/** Draws what happens. A third of all runs is calm, so that their end is known beforehand. */
export function plotOf(seed: number): Plot {
  const chance = random(seed, 1);
  const strategy = pick(chance, Object.keys(STRATEGIES));
  const quality = pick<Quality>(chance, ["good", ...QUALITIES]);
  const first = chance.chance(0.9) ? "good" : pick<Quality>(chance, QUALITIES);
  const isCalm = chance.chance(1 / 3);
  const hasFaults = !isCalm && chance.chance(0.75);
  const hasPeople = !isCalm && chance.chance(0.5);
  const hasDeaths = !isCalm && chance.chance(0.5);
  const hasHooks = chance.chance(0.3);
  const windows = hasFaults ? windowsOf(chance) : [];
  const events = [
    ...appliesOf(strategy, hasPeople ? chance : undefined),
    ...(hasPeople ? commandsOf(chance) : []),
    ...(hasDeaths ? killsOf(chance) : []),
    ...(hasFaults ? breakdownsOf(chance) : []),
  ].toSorted((a, b) => a.atMs - b.atMs);
  return {
    seed,
    strategy,
    replicas: (strategy === "rollingJudge" || strategy === "rollingBoth" || hasPeople ? 3 : 1) + chance.below(6),
    qualities: {
      v1: first,
      v2: quality,
      v3: pick(chance, QUALITIES),
      r2: pick<Quality>(chance, ["good", ...QUALITIES]),
      r3: pick<Quality>(chance, ["good", ...QUALITIES]),
    },
    perSecond: pick(chance, [60, 120]),
    silence: !isCalm && chance.chance(0.3) ? silenceOf(chance) : undefined,
    tau: chance.chance(0.5) ? 0.2 : 0,
    granularity: pick(chance, [1, 1, 10_000, 50_000]),
    hooks: hasHooks ? HOOKS : "",
    hookSaysNo: hasHooks && !isCalm ? 0.2 : 0,
    windows,
    events,
    deadlyAppends: hasDeaths && chance.chance(0.5) ? 0.01 : 0,
    calmFromMs: isCalm ? 0 : TROUBLE_MS,
    // Of several candidates the first one alone does not decide.
    right: isCalm && first === "good" && strategy !== "rivals" ? rightFor(strategy, quality) : undefined,
  };
}

/** One of each kind, so that each is somewhere in every program. */
const HOOKS = `  hooks:
    - { name: smoke, at: before, command: [smoke], retries: 1 }
    - { name: more, at: increase, gate: true, every: 1s, command: [more] }
    - { name: pulse, at: during, every: 3s, threshold: 3, command: [pulse] }
    - { name: warm, at: after, command: [warm] }
    - { name: tidy, at: rollback, command: [tidy] }
  notify: [{ name: team, command: [tell], perMinute: 5 }]
`;

/** Strategies after which nothing is promoted. */
const CONCLUDE: ReadonlySet<string> = new Set(["shadow", "experiment"]);

/** Strategies that wait for a person. */
const BY_HAND: ReadonlySet<string> = new Set(["gated", "blueGreenManual"]);

/** Strategies that compare both versions long enough to see a version that fails half of its requests. */
const COMPARES: ReadonlySet<string> = new Set([
  "canary",
  "sameSize",
  "shorthand",
  "downAndUp",
  "gated",
  "blueGreenMirror",
  "shadow",
  "shadowCanary",
  "experiment",
  "matched",
  "stepsBack",
]);

/** How a rollout must end when nothing interferes. */
export function rightFor(strategy: string, quality: Quality): readonly string[] {
  if (quality === "never") return ["rolled-back"];
  // A recreate looks at nothing but readiness, once.
  if (strategy === "recreate") return quality === "crashing" ? ["promoted", "rolled-back"] : ["promoted"];
  // A gate may be answered with an abort.
  const byHand = BY_HAND.has(strategy) ? ["stopped"] : [];
  const fine = CONCLUDE.has(strategy) ? "concluded" : "promoted";
  if (quality === "other" && strategy.startsWith("shadow")) return ["rolled-back"];
  if (quality === "good" || quality === "other") return [fine, ...byHand];
  if (quality === "errors" && (COMPARES.has(strategy) || strategy === "rollingJudge"))
    return ["rolled-back", ...byHand];
  if (quality === "crashing" && !strategy.startsWith("rolling")) return ["rolled-back", ...byHand];
  // Seconds are enough to show an error rate of 50 %, and not always a slower tail or a cold start; nor is there
  // anything left to compare with once a rolling update has reached everyone.
  return [fine, "rolled-back", ...byHand];
}

function appliesOf(strategy: string, people: Random | undefined): readonly Event[] {
  const first: Event[] = [
    { atMs: 0, kind: "apply", revision: "v1", strategy, policy: "refuse", hotfix: false },
    { atMs: CANDIDATE_MS, kind: "apply", revision: "v2", strategy, policy: "refuse", hotfix: false },
  ];
  if (!people) return first;
  const more = Array.from({ length: people.below(3) }, (): Event => {
    const revision = pick(people, ["v1", "v2", "v3"]);
    return {
      atMs: between(people, CANDIDATE_MS),
      kind: "apply",
      revision,
      strategy: pick(people, Object.keys(STRATEGIES)),
      policy: pick(people, POLICIES),
      hotfix: people.chance(0.1),
    };
  });
  return [...first, ...more];
}

function commandsOf(chance: Random): readonly Event[] {
  return Array.from({ length: 1 + chance.below(6) }, () => ({
    atMs: between(chance, 100),
    kind: "command",
    verb: pick(chance, VERBS),
    stale: chance.chance(0.15),
  }));
}

function killsOf(chance: Random): readonly Event[] {
  return Array.from({ length: 1 + chance.below(4) }, () => ({
    atMs: between(chance, 1_000),
    kind: "kill",
    awayMs: 100 + chance.below(8_000),
  }));
}

function breakdownsOf(chance: Random): readonly Event[] {
  const replicas = Array.from({ length: chance.below(chance.chance(0.3) ? 30 : 4) }, (): Event => {
    return { atMs: between(chance, 5_000), kind: "crash-replica", nth: chance.below(10) };
  });
  const planes = Array.from({ length: chance.below(2) }, (): Event => {
    const keepsRoute = chance.chance(0.7);
    return { atMs: between(chance, 5_000), kind: "plane", awayMs: 100 + chance.below(5_000), keepsRoute };
  });
  return [...replicas, ...planes];
}

function silenceOf(chance: Random): { readonly fromMs: number; readonly toMs: number } {
  const fromMs = between(chance, CANDIDATE_MS);
  return { fromMs, toMs: Math.min(TROUBLE_MS, fromMs + 5_000 + chance.below(50_000)) };
}

function windowsOf(chance: Random): readonly Window[] {
  return Array.from({ length: 1 + chance.below(5) }, () => {
    const port = pick(chance, PORTS);
    const fromMs = between(chance, 1_000);
    const toMs = Math.min(TROUBLE_MS, fromMs + 1_000 + chance.below(40_000));
    return { fromMs, toMs, port, kind: pick(chance, KINDS[port]), chance: pick(chance, [0.2, 0.5, 1]) };
  });
}

function between(chance: Random, fromMs: number): number {
  return fromMs + chance.below(TROUBLE_MS - 10_000 - fromMs);
}

function pick<T>(chance: Random, from: readonly T[]): T {
  const found = from[chance.below(from.length)];
  if (found === undefined) throw new Error("nothing to choose from");
  return found;
}
