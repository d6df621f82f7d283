// What happens in a world of virtual time, where the engine and the runtime are the real ones?
import { createVirtualClock, type VirtualClock } from "../adapters/memory/clock.ts";
import { createMemoryStore, type MemoryStore } from "../adapters/memory/journal.ts";
import type { Answer, Command } from "../core/engine/input.ts";
import { underWay, type DecisionRecord, type ServiceState } from "../core/engine/state.ts";
import type { GroupCommand } from "../core/group/input.ts";
import { isGroupName, type GroupState } from "../core/group/state.ts";
import { messageOf } from "../core/issues.ts";
import { ms, type Ms } from "../core/units.ts";
import type { Message } from "../core/outbox/message.ts";
import type { Carriage } from "../ports/messenger.ts";
import type { JournalEntry } from "../ports/journal.ts";
import { Controller } from "../runtime/controller.ts";
import { PACE, type House, type Pace, type Told } from "../runtime/parts.ts";
import type { Faults } from "./faults.ts";
import { createKeptStore } from "./journal.ts";
import { Life } from "./life.ts";
import { random } from "./random.ts";
import { SimService, type ServicePlan } from "./service.ts";

/** One step of the world while anything is about to happen: clients send, replicas answer, watchers look. */
const STEP_MS = 100;

/** How long a killed controller stays away when nothing else is said. */
const AWAY_MS = 2_000;

export interface WorldOptions {
  readonly seed: number;
  readonly services: readonly ServicePlan[];
  readonly faults: Faults;
  readonly pace?: Partial<Pace> | undefined;
  /** One step of the world while nothing is about to happen by itself: at most this. Without it all steps are even. */
  readonly longestStepMs?: number | undefined;
  /** Looks become rarer while nothing changes; see `Calm`. Without it they are as far apart as the pace says. */
  readonly calm?: Calm | undefined;
  /** Told of everything, one line each. */
  readonly trace: (line: string) => void;
}

/** How a world saves looks: what is seen a little later is seen all the same, and the evidence holds at any pace. */
interface Calm {
  /** Pauses between looks are at most this part of the time since anything was decided or happened. */
  readonly slack: number;
  /** When something happens next that a look must not miss, since the world began. */
  readonly nextMs: () => number;
}

/** Told of what the controller asks for and writes down, before it takes effect. */
export interface Witness {
  confused(service: SimService, why: string): void;
  pools(service: SimService, asked: Parameters<SimService["workload"]["apply"]>[0]): void;
  route(service: SimService, asked: Parameters<SimService["plane"]["apply"]>[0]): void;
  written(service: SimService, before: ServiceState | undefined, entry: JournalEntry): void;
  /** The same of a group. */
  groupWritten?(group: string, entry: JournalEntry): void;
}

interface Open {
  /** A service or a group. */
  readonly to: string;
  readonly command: Command | GroupCommand;
  readonly send: (controller: Controller) => Promise<Answer>;
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
  readonly #store: Pick<MemoryStore, "open" | "crash">;
  readonly #groups = new Map<string, GroupState>();
  #life: Life | undefined;
  #backMs = 0;
  #changedMs = 0;
  #open: Open[] = [];

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#store = options.longestStepMs === undefined ? createMemoryStore() : createKeptStore();
    const plans = options.services.map((plan, index) => {
      const chance = random(options.seed, 1_000 + index);
      const prompt = options.longestStepMs !== undefined;
      const made = { clock: this.clock, faults: options.faults, chance, prompt };
      return [plan.name, new SimService(plan, made)] as const;
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

  /** Something has happened: looks are close together again. */
  changed(): void {
    this.#changedMs = this.elapsedMs;
  }

  /** Kills the controller, if it lives. */
  kill(awayMs = AWAY_MS): void {
    this.#life?.kill();
    this.#bury(awayMs);
  }

  /** Asks the controller for something. Who insists asks again until there is an answer. */
  ask(service: string, command: Command, insists = false): void {
    this.#ask({ to: service, command, insists, againMs: 0, send: (controller) => controller.send(service, command) });
  }

  /** The same of a group, with insistence. */
  askGroup(group: string, command: GroupCommand): void {
    const send = (controller: Controller) => controller.groups.send(group, command);
    this.#ask({ to: group, command, insists: true, againMs: 0, send });
  }

  #ask(open: Open): void {
    this.#open.push(open);
    this.#put(open);
  }

  /** What stands in the journal of a group. */
  group(name: string): GroupState | undefined {
    return this.#groups.get(name);
  }

  /** What the controller knows now of a service, which is a little more than what is written down. */
  stateOf(service: SimService): ServiceState | undefined {
    const known = this.controller?.list().find(({ state }) => state.service === service.plan.name);
    return known?.state ?? service.truth;
  }

  /** Lets a moment pass, at most until `untilMs` since the world began. */
  async step(untilMs = Infinity): Promise<void> {
    if (this.#life?.dead && this.controller) this.#bury(AWAY_MS);
    if (!this.controller && this.nowMs >= this.#backMs) await this.#begin();
    for (const open of this.#open) if (open.againMs > 0 && this.nowMs >= open.againMs) this.#put(open);
    await this.clock.advance(ms(this.#stepMs(untilMs)));
    for (const service of this.services.values()) service.step();
  }

  #stepMs(untilMs: number): number {
    const { longestStepMs } = this.#options;
    if (longestStepMs === undefined) return STEP_MS;
    const most = Math.max(1, untilMs - this.elapsedMs);
    const isBusy = !this.controller || this.#open.length > 0;
    if (isBusy || [...this.services.values()].some((service) => !service.isCalm())) return Math.min(STEP_MS, most);
    const next = (this.clock.nextMs() ?? Infinity) - this.nowMs;
    return Math.max(1, Math.min(longestStepMs, most, next));
  }

  /** The pause between two looks, which the controller asks for as its pace says. */
  #pauseMs(durationMs: Ms): Ms {
    const { calm, pace } = this.#options;
    const { activeMs, idleMs } = { ...PACE, ...pace };
    if (!calm || (durationMs !== activeMs && durationMs !== idleMs)) return durationMs;
    const deadlines = [...this.services.values()].map(({ truth }) => deadlineOf(truth, this.nowMs) - this.startMs);
    const bakes = [...this.#groups.values()].map((group) => bakedMs(group, this.nowMs) - this.startMs);
    const nextMs = Math.min(calm.nextMs(), ...deadlines, ...bakes) - this.elapsedMs;
    const most = (this.elapsedMs - this.#changedMs) * calm.slack;
    return ms(Math.max(durationMs, Math.min(most, nextMs)));
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
      clock: life.clock(this.clock, (durationMs) => this.#pauseMs(durationMs)),
      journal: life.journal(journal, {
        fate: (service) => {
          this.appends += 1;
          return this.#options.faults.append(service, this.appends);
        },
        isDown: () => this.#options.faults.isJournalDown?.() ?? false,
        written: (name, entry) =>
          isGroupName(name) ? this.#groupWritten(name, entry) : this.#written(this.service(name), entry),
      }),
      factory: {
        workload: async (state) => ({
          workload: life.workload(this.service(state().service).watched(this.witness).workload),
          signals: () => [life.signals(this.service(state().service).source)],
          close: () => Promise.resolve(),
          remove: () => Promise.resolve(),
        }),
        router: async ({ service }) => ({
          router: life.router(this.service(service).watched(this.witness).router),
          metrics: life.metrics(this.service(service).watched(this.witness).metrics),
          close: () => Promise.resolve(),
        }),
      },
      messenger: { deliver: (message) => this.#deliver(message) },
      pace: this.#options.pace,
      tell: (event) => this.#told(event),
    };
    this.#life = life;
    this.controller = new Controller(house);
    this.trace("controller", "begins");
    await this.controller.start().catch((error: unknown) => {
      this.trace("controller", `cannot begin: ${messageOf(error).split("\n")[0]}`);
      this.kill();
    });
  }

  #told(event: Told): void {
    const { service } = event;
    if (event.kind === "trouble") this.trace(service, `trouble with ${event.part}: ${event.why}`);
    // Every other part may fail; in the controller itself something was wrong.
    if (event.kind === "trouble" && event.part === "controller" && !isGroupName(service)) {
      this.witness?.confused(this.service(service), event.why);
    }
    if (event.kind === "cleared") this.trace(service, `${event.part} works again`);
    // A real group looks every half second; one that looks rarely must not miss that a member is further.
    if (event.kind === "decided" && this.#options.calm && isNews(event.records))
      this.controller?.groups.lookAt(service);
  }

  /** Whoever is called answers as the plan says. Nobody is told anything in truth. */
  async #deliver({ id, name }: Message): Promise<Carriage> {
    const { plan } = this.service(id.slice(0, id.indexOf("/")));
    const { ok, afterMs } = plan.hook?.(name, this.elapsedMs) ?? { ok: true, afterMs: 200 };
    await this.clock.sleep(ms(afterMs));
    return { ok, result: ok ? "says yes" : "says no", output: "" };
  }

  #written(service: SimService, entry: JournalEntry): void {
    const before = service.truth;
    service.truth = entry.state as ServiceState;
    this.#recorded(service.plan.name, entry.records as readonly DecisionRecord[]);
    this.witness?.written(service, before, entry);
  }

  #groupWritten(group: string, entry: JournalEntry): void {
    this.#groups.set(group, entry.state as GroupState);
    this.#recorded(group, entry.records as readonly DecisionRecord[]);
    this.witness?.groupWritten?.(group, entry);
  }

  #recorded(name: string, records: readonly DecisionRecord[]): void {
    if (isNews(records)) this.changed();
    for (const record of records) {
      const who = record.actor ? ` (${record.actor})` : "";
      this.trace(name, `${record.kind.padEnd(8)} v${record.version} ${record.text}${who}`);
    }
  }

  #put(open: Open): void {
    const { to, command } = open;
    open.againMs = 0;
    if (!this.controller) {
      open.againMs = open.insists ? Math.max(this.#backMs, this.nowMs) + 1 : 0;
      return;
    }
    const life = this.#life;
    open.send(this.controller).then(
      (answer) => this.#answered(open, answer),
      (error: unknown) => {
        if (life?.dead) return;
        this.trace(to, `${command.kind} ${command.id} failed: ${messageOf(error).split("\n")[0]}`);
        if (open.insists) open.againMs = this.nowMs + 1_000;
      },
    );
  }

  #answered(open: Open, answer: Answer): void {
    const { to, command } = open;
    this.#open = this.#open.filter((other) => other !== open);
    this.answers.set(command.id, answer);
    const said = answer.refused ? `refused: ${answer.refused.what}` : answer.text;
    this.trace(to, `${command.kind} ${command.id}: ${said}`);
  }
}

/** A verdict alone changes nothing: what follows from it is told by another record. */
const isNews = (records: readonly DecisionRecord[]): boolean => records.some(({ kind }) => kind !== "verdict");

/** When a group's wave will have been watched for long enough, from now on; Infinity when none is. */
function bakedMs({ plan, run }: GroupState, nowMs: number): number {
  if (plan.kind !== "release" || run?.phase !== "forward" || run.bakesSinceMs === undefined) return Infinity;
  const atMs = run.bakesSinceMs + (plan.waves[run.wave]?.bakeMs ?? 0);
  return atMs > nowMs ? atMs : Infinity;
}

/** When the step under way will have had its time, from now on; Infinity when it waits for something else. */
function deadlineOf(truth: ServiceState | undefined, nowMs: number): number {
  const rollout = truth && underWay(truth);
  const step = rollout?.program.steps[rollout.cursor];
  if (!rollout || !step) return Infinity;
  const times = step.op === "hold" ? [step.durationMs] : step.op === "judge" ? [step.atLeastMs, step.atMostMs] : [];
  const moments = times.map((time: number = Infinity) => rollout.stepSinceMs + time);
  return Math.min(...moments.filter((atMs) => atMs > nowMs));
}
