// How does a scenario happen, in a world of virtual time?
import type { Command } from "../core/engine/input.ts";
import type { DecisionRecord, RolloutState, ServiceState } from "../core/engine/state.ts";
import { brief } from "../core/issues.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { ROLES, shareOf, type Route } from "../core/split.ts";
import { ms, WHOLE } from "../core/units.ts";
import type { JournalEntry } from "../ports/journal.ts";
import { applyOf } from "./ask.ts";
import { Cast } from "./cast.ts";
import { NO_FAULTS, type Faults } from "./faults.ts";
import { paceFor } from "./pace.ts";
import type { Event, Load, Scenario, Verb } from "./scenario.ts";
import type { SimService } from "./service.ts";
import { World, type Witness } from "./world.ts";

/** What is stable when a scenario begins, and what is rolled out unless the scenario says otherwise. */
const STABLE = "v1";
const CANDIDATE = "v2";

/** So long the stable version has been serving when a scenario begins: its evidence is known. */
const BEFORE_MS = 600_000;

/** Traffic and drifts are followed at least so often. */
const LONGEST_STEP_MS = 60_000;
const DAY_MS = 86_400_000;
const LINGER_MS = 500;
const PER_SECOND = 20;

export interface StageOptions {
  readonly rollout: Rollout;
  readonly scenario: Scenario;
  readonly seed: number;
  /** How much later than in the real world something may be seen, as a part of the time since the last change. */
  readonly slack: number;
  /** Told of everything, one line each. */
  readonly trace?: ((line: string) => void) | undefined;
}

/** What somebody asks for. */
interface Request {
  readonly verb: Verb;
  readonly full?: boolean | undefined;
  readonly actor: string;
  readonly reason: string;
}

/** A scenario's events in order of time; what is rolled out is applied at once unless a line says when. */
export function eventsOf({ events }: Scenario): readonly Event[] {
  const apply: Event = {
    kind: "apply",
    name: CANDIDATE,
    atMs: 0,
    timed: true,
    line: 0,
    text: `at 0s apply ${CANDIDATE}`,
  };
  const isApplied = events.some(({ kind }) => kind === "apply");
  return (isApplied ? events : [...events, apply]).toSorted((a, b) => a.atMs - b.atMs);
}

export class Stage implements Witness {
  readonly world: World;
  readonly service: SimService;
  /** Decisions since the beginning. */
  readonly records: DecisionRecord[] = [];
  readonly #options: StageOptions;
  readonly #cast: Cast;
  readonly #events: Event[];
  #load: Load = { low: PER_SECOND, high: PER_SECOND };
  #candidate: string;
  /** Rollouts before the beginning. */
  #before = Infinity;
  #asked = 0;
  /** What went wrong in the controller itself. */
  #trouble = "nothing says why";
  #metricsBackMs = 0;
  /** When what lasts for a while is over. */
  #ends: readonly number[] = [];
  #routerBackMs = Infinity;

  constructor(options: StageOptions) {
    const { rollout, scenario, seed, slack, trace = () => {} } = options;
    this.#options = options;
    this.#events = [...eventsOf(scenario)];
    const applied = this.#events.find((event) => event.kind === "apply");
    this.#candidate = applied?.kind === "apply" ? applied.name : CANDIDATE;
    this.#cast = new Cast({ nowMs: () => this.nowMs, share: (revision) => this.#shareOf(revision) });
    this.world = new World({
      seed,
      faults: this.#faults(),
      pace: paceFor(scenario),
      longestStepMs: LONGEST_STEP_MS,
      calm: { slack, nextMs: () => this.nextMs + BEFORE_MS },
      services: [
        {
          name: rollout.metadata.name,
          answers: (revision) => this.#cast.answers(revision),
          behaviour: (revision) => this.#cast.behaviour(revision),
          tells: (revision) => this.#cast.tells(revision, STABLE),
          perSecond: (elapsedMs) => perSecond(this.#load, elapsedMs - BEFORE_MS),
          drainMs: rollout.spec.workload.process?.drainMs ?? ms(0),
          lingerMs: LINGER_MS,
        },
      ],
      trace,
    });
    this.service = this.world.service(rollout.metadata.name);
    this.world.witness = this;
  }

  /** Since the scenario began. */
  get nowMs(): number {
    return this.world.elapsedMs - BEFORE_MS;
  }

  /** What the controller knows now. */
  get state(): ServiceState | undefined {
    return this.world.stateOf(this.service);
  }

  /** The last rollout that the scenario has brought about. */
  get rollout(): RolloutState | undefined {
    const rollout = this.state?.rollout;
    return rollout && rollout.number > this.#before ? rollout : undefined;
  }

  /** When something happens next, by the scenario; Infinity when nothing does any more. */
  get nextMs(): number {
    return Math.min(this.#events[0]?.atMs ?? Infinity, this.#routerBackMs, ...this.#ends);
  }

  /** Whether the scenario still has somebody ask for something. */
  get asksMore(): boolean {
    return this.#events.some(({ kind }) => kind === "apply" || kind === "command");
  }

  /** Lets the stable version serve for a while. What is said of the beginning holds before it. */
  async begin(): Promise<void> {
    const early = this.#events.filter((event) => isBefore(event));
    for (const event of early) this.#happen(event);
    this.#events.splice(0, this.#events.length, ...this.#events.filter((event) => !isBefore(event)));
    this.#apply(STABLE);
    while (this.nowMs < 0) await this.world.step(BEFORE_MS);
    if (this.service.truth?.stable === undefined) {
      const refused = [...this.world.answers.values()].find((answer) => answer.refused)?.refused;
      const why = refused ? brief(refused) : (this.service.truth?.rollout?.waiting?.text ?? this.#trouble);
      throw new Error(`${STABLE} did not come up before the scenario begins: ${why}`);
    }
    this.#before = this.service.truth.rollouts;
    this.service.begin(STABLE);
    this.#happenDue();
  }

  /** Lets a moment pass, at most until `untilMs` since the beginning; what happens by then happens. */
  async step(untilMs: number): Promise<void> {
    await this.world.step(Math.min(untilMs, this.nextMs) + BEFORE_MS);
    this.#happenDue();
  }

  /** Somebody asks for something, and insists on an answer. */
  ask({ verb, full = false, actor, reason }: Request): void {
    const asked = { id: `c${(this.#asked += 1)}`, actor, reason };
    const command: Command = verb === "promote" ? { ...asked, kind: verb, full } : { ...asked, kind: verb };
    this.world.ask(this.#name, command, true);
  }

  confused(_service: SimService, why: string): void {
    this.#trouble = why;
  }

  pools(): void {
    // What is asked of the workload is of no interest here.
  }

  route(): void {
    // What is in force is looked at instead.
  }

  written(_service: SimService, _before: ServiceState | undefined, entry: JournalEntry): void {
    if (this.#before < Infinity) this.records.push(...(entry.records as readonly DecisionRecord[]));
  }

  get #name(): string {
    return this.#options.rollout.metadata.name;
  }

  #happenDue(): void {
    if (this.#ends.some((atMs) => atMs <= this.nowMs)) {
      this.#ends = this.#ends.filter((atMs) => atMs > this.nowMs);
      this.world.changed();
    }
    if (this.nowMs >= this.#routerBackMs) {
      this.service.plane.revive(true);
      this.#routerBackMs = Infinity;
      this.world.changed();
    }
    for (let next = this.#events[0]; next && next.atMs <= this.nowMs; next = this.#events[0]) {
      this.#events.shift();
      this.#happen(next);
      this.world.changed();
    }
  }

  #happen(event: Event): void {
    switch (event.kind) {
      case "load":
        this.#load = event.load;
        return;
      case "traits":
        return this.#cast.say({ of: this.#meant(event.of), traits: event.traits, atMs: event.atMs });
      case "outage": {
        const { atMs, forMs, errors } = event;
        this.#ends = [...this.#ends, atMs + forMs];
        return this.#cast.outage({ of: this.#meant(event.of), fromMs: atMs, toMs: atMs + forMs, errors });
      }
      case "apply":
        return this.#apply(event.name);
      case "crash":
        return this.#crash(event.role, event.count);
      case "command": {
        const { verb, full } = event;
        return this.ask({ verb, full, actor: "ann", reason: "scenario" });
      }
      case "gone":
        return this.#gone(event);
    }
  }

  #gone({ what, atMs, forMs }: Extract<Event, { readonly kind: "gone" }>): void {
    this.#ends = [...this.#ends, atMs + forMs];
    if (what === "metrics") this.#metricsBackMs = atMs + forMs;
    else if (what === "controller") this.world.kill(forMs);
    else {
      this.service.plane.kill();
      this.#routerBackMs = atMs + forMs;
    }
  }

  #apply(revision: string): void {
    if (revision !== STABLE) this.#candidate = revision;
    const id = `c${(this.#asked += 1)}`;
    this.world.ask(this.#name, applyOf(this.#options.rollout, { id, revision, actor: "rehearsal" }), true);
  }

  #crash(role: string, count: number): void {
    const pool = this.service.truth?.pools.find((entry) => entry.role === role)?.pool;
    const running = this.service.workload.running().find((entry) => entry.pool === pool);
    for (const { id } of (running?.replicas ?? []).slice(0, count)) this.service.workload.crash(id);
  }

  #meant(who: string): string {
    if (who === "canary") return this.#candidate;
    return who === "stable" ? (this.service.truth?.stable?.revision ?? STABLE) : who;
  }

  /** The share of the pools that run a revision, under whichever role. */
  #shareOf(revision: string): number {
    const route: Route | undefined = this.service.plane.inForce();
    const pools = this.service.truth?.pools.filter((pool) => pool.revision === revision).map(({ pool }) => pool) ?? [];
    const mine = ROLES.filter((role) => pools.includes(route?.pools[role]?.pool ?? ""));
    return mine.reduce((sum, role) => sum + shareOf(route?.split.weights ?? {}, role), 0) / WHOLE;
  }

  #faults(): Faults {
    return {
      ...NO_FAULTS,
      plane: (_service, op) => (op === "read" && this.nowMs < this.#metricsBackMs ? "unreadable" : undefined),
    };
  }
}

/** Load and traits without a time hold from before the beginning. */
function isBefore({ kind, timed }: Event): boolean {
  return !timed && (kind === "load" || kind === "traits");
}

/** Half way up at the beginning of the scenario. */
function perSecond({ low, high }: Load, atMs: number): number {
  if (low === high) return low;
  return (low + high) / 2 + ((high - low) / 2) * Math.sin((2 * Math.PI * atMs) / DAY_MS);
}
