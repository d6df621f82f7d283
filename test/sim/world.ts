// What happens in a world of virtual time, where the engine and the runtime are the real ones?
import { createVirtualClock, type VirtualClock } from "../../src/adapters/memory/clock.ts";
import { createMemoryStore } from "../../src/adapters/memory/journal.ts";
import type { Answer, Command } from "../../src/core/engine/input.ts";
import type { DecisionRecord, ServiceState } from "../../src/core/engine/state.ts";
import { messageOf } from "../../src/core/issues.ts";
import { ms, type Ms } from "../../src/core/units.ts";
import type { JournalEntry } from "../../src/ports/journal.ts";
import { Controller } from "../../src/runtime/controller.ts";
import type { House, Pace } from "../../src/runtime/parts.ts";
import type { Faults } from "./faults.ts";
import { Life } from "./life.ts";
import { random } from "./random.ts";
import { SimService, type ServicePlan } from "./service.ts";

/** One step of the world: clients send, replicas answer, watchers look. */
export const STEP_MS = ms(100);

/** How long a killed controller stays away when nothing else is said. */
const AWAY_MS = 2_000;

export interface WorldOptions {
  readonly seed: number;
  readonly services: readonly ServicePlan[];
  readonly faults: Faults;
  readonly pace?: Partial<Pace> | undefined;
  /** Told of everything, one line each. */
  readonly trace: (line: string) => void;
}

/** Told of what the controller asks for and writes down, before it takes effect. */
export interface Witness {
  confused(service: SimService, why: string): void;
  pools(service: SimService, asked: Parameters<SimService["workload"]["apply"]>[0]): void;
  route(service: SimService, asked: Parameters<SimService["plane"]["apply"]>[0]): void;
  written(service: SimService, before: ServiceState | undefined, entry: JournalEntry): void;
}

interface Open {
  readonly service: string;
  readonly command: Command;
  readonly insists: boolean;
  againMs: number;
}

export class World {
  readonly clock: VirtualClock = createVirtualClock();
  readonly startMs = this.clock.now();
  readonly services: ReadonlyMap<string, SimService>;
  /** What became of the commands that were answered, by id. */
  readonly answers = new Map<string, Answer>();
  witness: Witness | undefined;
  controller: Controller | undefined;
  appends = 0;
  deaths = 0;
  readonly #options: WorldOptions;
  readonly #store = createMemoryStore();
  #life: Life | undefined;
  #backMs = 0;
  #open: Open[] = [];

  constructor(options: WorldOptions) {
    this.#options = options;
    const plans = options.services.map((plan, index) => {
      const chance = random(options.seed, 1_000 + index);
      return [plan.name, new SimService(plan, { clock: this.clock, faults: options.faults, chance })] as const;
    });
    this.services = new Map(plans);
  }

  get nowMs(): Ms {
    return this.clock.now();
  }

  /** Since the world began. */
  get elapsedMs(): number {
    return this.clock.now() - this.startMs;
  }

  /** Commands that somebody insists on and that have no answer yet. */
  get unanswered(): number {
    return this.#open.filter(({ insists }) => insists).length;
  }

  trace(service: string, text: string): void {
    this.#options.trace(`${(this.elapsedMs / 1_000).toFixed(1).padStart(7)}s ${service.padEnd(10)} ${text}`);
  }

  service(name: string): SimService {
    const found = this.services.get(name);
    if (!found) throw new Error(`no service ${name} in this world`);
    return found;
  }

  /** Kills the controller, if it lives. */
  kill(awayMs = AWAY_MS): void {
    this.#life?.kill();
    this.#bury(awayMs);
  }

  /** Asks the controller for something. Who insists asks again until there is an answer. */
  ask(service: string, command: Command, insists = false): void {
    const open = { service, command, insists, againMs: 0 };
    this.#open.push(open);
    this.#put(open);
  }

  /** Lets a moment pass. */
  async step(): Promise<void> {
    if (this.#life?.dead && this.controller) this.#bury(AWAY_MS);
    if (!this.controller && this.nowMs >= this.#backMs) await this.#begin();
    for (const open of this.#open) if (open.againMs > 0 && this.nowMs >= open.againMs) this.#put(open);
    await this.clock.advance(STEP_MS);
    for (const service of this.services.values()) service.step(this.elapsedMs, STEP_MS);
  }

  #bury(awayMs: number): void {
    if (!this.controller) return;
    this.deaths += 1;
    this.trace("controller", `dies, away for ${awayMs} ms`);
    this.controller = undefined;
    this.#backMs = this.nowMs + awayMs;
    this.#store.crash();
    this.#open = this.#open.filter(({ insists }) => insists);
    for (const open of this.#open) open.againMs = this.#backMs + 1;
  }

  async #begin(): Promise<void> {
    const life = new Life();
    const journal = await this.#store.open();
    const house: House = {
      clock: life.clock(this.clock),
      journal: life.journal(journal, {
        fate: (service) => {
          this.appends += 1;
          return this.#options.faults.append(service, this.appends);
        },
        isDown: () => this.#options.faults.isJournalDown?.() ?? false,
        written: (service, entry) => this.#written(this.service(service), entry),
      }),
      factory: {
        workload: async ({ service }) => ({
          workload: life.workload(this.service(service).watched(this.witness).workload),
          close: () => Promise.resolve(),
          remove: () => Promise.resolve(),
        }),
        router: async ({ service }) => ({
          router: life.router(this.service(service).watched(this.witness).router),
          metrics: life.metrics(this.service(service).plane),
          close: () => Promise.resolve(),
        }),
      },
      pace: this.#options.pace,
      tell: (event) => {
        if (event.kind === "trouble") this.trace(event.service, `trouble with ${event.part}: ${event.why}`);
        // Every other part may fail; in the controller itself something was wrong.
        if (event.kind === "trouble" && event.part === "controller") {
          this.witness?.confused(this.service(event.service), event.why);
        }
        if (event.kind === "cleared") this.trace(event.service, `${event.part} works again`);
      },
    };
    this.#life = life;
    this.controller = new Controller(house);
    this.trace("controller", "begins");
    await this.controller.start().catch((error: unknown) => {
      this.trace("controller", `cannot begin: ${messageOf(error).split("\n")[0]}`);
      this.kill();
    });
  }

  #written(service: SimService, entry: JournalEntry): void {
    const before = service.truth;
    service.truth = entry.state as ServiceState;
    for (const record of entry.records as readonly DecisionRecord[]) {
      const who = record.actor ? ` (${record.actor})` : "";
      this.trace(service.plan.name, `${record.kind.padEnd(8)} v${record.version} ${record.text}${who}`);
    }
    this.witness?.written(service, before, entry);
  }

  #put(open: Open): void {
    const { service, command } = open;
    open.againMs = 0;
    if (!this.controller) {
      open.againMs = open.insists ? Math.max(this.#backMs, this.nowMs) + 1 : 0;
      return;
    }
    const life = this.#life;
    this.controller.send(service, command).then(
      (answer) => this.#answered(open, answer),
      (error: unknown) => {
        if (life?.dead) return;
        this.trace(service, `${command.kind} ${command.id} failed: ${messageOf(error).split("\n")[0]}`);
        if (open.insists) open.againMs = this.nowMs + 1_000;
      },
    );
  }

  #answered(open: Open, answer: Answer): void {
    const { service, command } = open;
    this.#open = this.#open.filter((other) => other !== open);
    this.answers.set(command.id, answer);
    const said = answer.refused ? `refused: ${answer.refused.what}` : answer.text;
    this.trace(service, `${command.kind} ${command.id}: ${said}`);
  }
}
