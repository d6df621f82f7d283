// Does the engine do what a scenario expects?
import type { Command } from "../../src/core/engine/input.ts";
import { ROLES, shareOf, type Role } from "../../src/core/split.ts";
import { ms } from "../../src/core/units.ts";
import type { Behaviour } from "../../src/adapters/memory/workload.ts";
import { NO_FAULTS, type Faults } from "../sim/faults.ts";
import type { SimService } from "../sim/service.ts";
import { applyOf, rolloutOf } from "../sim/specs.ts";
import type { Answers } from "../sim/traffic.ts";
import { World } from "../sim/world.ts";
import { readScenario, type Expectation, type Line, type Scenario, type Traits } from "./language.ts";

/** An expectation that did not come true. */
export interface Failure {
  readonly line: number;
  readonly expected: string;
  readonly found: string;
}

export interface Played {
  readonly failures: readonly Failure[];
  /** Everything that happened, for whoever looks for the reason. */
  readonly trace: readonly string[];
}

/** So long v1 has been serving when a scenario begins: its evidence is known. */
const BEFORE_MS = 60_000;
const GOOD: Traits = { errors: 0.001, p50Ms: 20, p99Ms: 120, ready: 1_000 };

/** Plays a scenario in virtual time. Throws a ScenarioError for one that cannot be read. */
export function playScenario(text: string): Promise<Played> {
  return new Play(readScenario(text)).go();
}

class Play {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #service: SimService;
  readonly #name: string;
  readonly #trace: string[] = [];
  readonly #revisions = new Map<string, Traits>([["v1", GOOD]]);
  readonly #refusals: string[] = [];
  readonly #failures: Failure[] = [];
  #perSecond = 20;
  #lost = 0;
  #asked = 0;
  #said = 0;
  #metricsBackMs = 0;
  #routerBackMs = Infinity;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const { metadata, spec } = rolloutOf(scenario.spec);
    this.#name = metadata.name;
    this.#world = new World({
      seed: 1,
      faults: this.#faults(),
      services: [
        {
          name: metadata.name,
          answers: (revision) => this.#answers(revision),
          behaviour: (revision) => this.#behaviour(revision),
          perSecond: () => this.#perSecond,
          drainMs: spec.workload.process.drainMs,
          lingerMs: 500,
        },
      ],
      trace: (line) => this.#trace.push(line),
    });
    this.#service = this.#world.service(metadata.name);
  }

  async go(): Promise<Played> {
    // What is said of the beginning holds before it; at one moment things happen before they are expected.
    for (const line of this.#scenario.lines) if (line.kind === "load" || line.kind === "revision") this.#early(line);
    this.#apply("v1");
    await this.#until(0);
    if (this.#service.truth?.stable === undefined) throw new Error("v1 did not come up before the scenario begins");
    this.#said = this.#trace.length;
    this.#lost = 0;
    const order = (line: Line): number => line.atMs + (line.kind === "expect" ? 0.5 : 0);
    for (const line of this.#scenario.lines.toSorted((a, b) => order(a) - order(b))) {
      await this.#until(line.atMs);
      if (line.kind === "expect") this.#expect(line.line, line.what);
      else await this.#happen(line);
    }
    return { failures: this.#failures, trace: this.#trace };
  }

  get #nowMs(): number {
    return this.#world.elapsedMs - BEFORE_MS;
  }

  async #until(atMs: number): Promise<void> {
    while (this.#nowMs < atMs) {
      if (this.#nowMs >= this.#routerBackMs) {
        this.#service.plane.revive(true);
        this.#routerBackMs = Infinity;
      }
      await this.#world.step();
      for (const count of Object.values(this.#service.dealt.unserved)) this.#lost += count;
    }
  }

  #early(line: Line): void {
    if (line.atMs > 0) return;
    if (line.kind === "load") this.#perSecond = line.perSecond;
    if (line.kind === "revision")
      this.#revisions.set(line.name, { ...GOOD, ...this.#revisions.get(line.name), ...line.traits });
  }

  async #happen(line: Exclude<Line, { kind: "expect" }>): Promise<void> {
    switch (line.kind) {
      case "load":
        this.#perSecond = line.perSecond;
        return;
      case "revision":
        this.#revisions.set(line.name, { ...GOOD, ...this.#revisions.get(line.name), ...line.traits });
        return;
      case "apply":
        return this.#apply(line.name);
      case "crash":
        return this.#crash(line.role, line.count);
      case "command":
        return this.#command(line);
      case "gone":
        if (line.what === "metrics") this.#metricsBackMs = line.atMs + line.forMs;
        else if (line.what === "controller") this.#world.kill(line.forMs);
        else {
          this.#service.plane.kill();
          this.#routerBackMs = line.atMs + line.forMs;
        }
    }
  }

  #apply(revision: string): void {
    const id = `c${(this.#asked += 1)}`;
    this.#world.ask(this.#name, applyOf(rolloutOf(this.#scenario.spec), { id, revision }), true);
  }

  #command({ verb, full }: Extract<Line, { kind: "command" }>): void {
    const asked = { id: `c${(this.#asked += 1)}`, actor: "ann", reason: "scenario" };
    const command: Command = verb === "promote" ? { ...asked, kind: verb, full } : { ...asked, kind: verb };
    this.#world.ask(this.#name, command, true);
  }

  #crash(role: string, count: number): void {
    const pool = this.#service.truth?.pools.find((entry) => entry.role === role)?.pool;
    const running = this.#service.workload.running().find((entry) => entry.pool === pool);
    for (const { id } of (running?.replicas ?? []).slice(0, count)) this.#service.workload.crash(id);
  }

  #expect(line: number, what: Expectation): void {
    const found = this.#found(what);
    if (found !== undefined) this.#failures.push({ line, expected: textOf(what), found });
  }

  /** What was found instead; `undefined` when it is as expected. */
  // oxlint-disable-next-line typescript/consistent-return -- every kind returns; `undefined` is one of the answers
  #found(what: Expectation): string | undefined {
    const { truth, plane } = this.#service;
    const rollout = truth?.rollout;
    switch (what.kind) {
      case "share": {
        const share = shareOf(plane.inForce()?.split.weights ?? {}, what.role as Role) / 10_000;
        return Math.abs(share - what.percent) <= what.within + 1e-4 ? undefined : this.#split();
      }
      case "outcome":
        return unlike(rollout?.outcome ?? "none", what.outcome, ` (${rollout?.waiting?.text ?? rollout?.why ?? ""})`);
      case "verdict":
        return unlike(rollout?.verdict?.kind ?? "none", what.verdict, ` (${rollout?.verdict?.text ?? ""})`);
      case "waiting":
        return unlike(rollout?.waiting?.for ?? "nothing", what.on, ` (${rollout?.waiting?.text ?? ""})`);
      case "stable":
        return unlike(truth?.stable?.revision ?? "none", what.revision, "");
      case "lost":
        return this.#lost <= what.atMost ? undefined : `${this.#lost} requests lost`;
      case "says":
        return this.#trace.slice(this.#said).some((text) => text.includes(what.text)) ? undefined : "nothing said so";
      case "refused": {
        for (const { refused } of this.#world.answers.values()) if (refused) this.#refusals.push(refused.what);
        return this.#refusals.some((text) => text.includes(what.text))
          ? undefined
          : this.#refusals.join("; ") || "no refusal";
      }
    }
  }

  #split(): string {
    const weights = this.#service.plane.inForce()?.split.weights ?? {};
    return ROLES.map((role) => `${role} ${shareOf(weights, role) / 10_000}%`).join(", ");
  }

  #answers(revision: string): Answers {
    const { errors = 0, p50Ms = 20, p99Ms = 120 } = this.#revisions.get(revision) ?? GOOD;
    return { errors, p50Ms, p99Ms };
  }

  #behaviour(revision: string): Behaviour {
    const { ready = 1_000, crashes } = this.#revisions.get(revision) ?? GOOD;
    const after = crashes === undefined ? {} : { crashAfterMs: ms(crashes) };
    return { readyAfterMs: ready === "never" ? "never" : ms(ready), ...after };
  }

  #faults(): Faults {
    return {
      ...NO_FAULTS,
      plane: (_service, op) => (op === "read" && this.#nowMs < this.#metricsBackMs ? "unreadable" : undefined),
    };
  }
}

function unlike(found: string, expected: string, why: string): string | undefined {
  return found === expected ? undefined : `${found}${why}`;
}

function textOf(what: Expectation): string {
  return Object.values(what).join(" ");
}
