// How does one run go, and was everything right?
import { createHash } from "node:crypto";
import type { Command } from "../../src/core/engine/input.ts";
import { weight } from "../../src/core/units.ts";
import { underWay } from "../../src/core/engine/state.ts";
import { WindowedFaults, type Faults } from "./faults.ts";
import type { Event, Plot, Verb } from "./plot.ts";
import { plotOf } from "./plot.ts";
import { random } from "../../src/rehearse/random.ts";
import type { SimService } from "../../src/rehearse/service.ts";
import { settledWrong } from "./settled.ts";
import { ANSWERS, applyOf, BEHAVIOURS, fileOf, rolloutOf, STRATEGIES } from "./specs.ts";
import { Watch } from "./watch.ts";
import { World } from "../../src/rehearse/world.ts";

export interface Result {
  readonly seed: number;
  /** SHA-256 of everything that happened: the same seed gives the same one. */
  readonly hash: string;
  readonly broken: readonly string[];
  readonly outcome: string;
  readonly trace: readonly string[];
  readonly virtualMs: number;
}

const SERVICE = "shop";
/** A run that has not settled by then never will. */
const MOST_MS = 600_000;
/** After the last trouble a rollout ends by itself within this, or waits for a person. */
const END_MS = 200_000;
/** After the last rollout's end all is tidy within this: drains, back-off of crashed replicas. */
const TIDY_MS = 45_000;

type Asked = Pick<Command, "id" | "actor" | "reason" | "expected">;

/** Replays the run of a seed. */
export function runSeed(seed: number): Promise<Result> {
  return new Run(plotOf(seed)).go();
}

class Run {
  readonly #plot: Plot;
  readonly #world: World;
  readonly #watch: Watch;
  readonly #trace: string[] = [];
  readonly #hash = createHash("sha256");
  #planeTroubleMs = -Infinity;
  #asked = 0;

  constructor(plot: Plot) {
    this.#plot = plot;
    const { seed, windows, qualities, perSecond, silence, tau, hookSaysNo } = plot;
    const hooks = random(seed, 4);
    const faults = new WindowedFaults(windows, random(seed, 2), () => this.#world.elapsedMs);
    const quality = (revision: string) => qualities[revision] ?? "good";
    this.#world = new World({
      seed,
      faults: withDeaths(faults, plot),
      services: [
        {
          name: SERVICE,
          answers: (revision) => ({ ...ANSWERS[quality(revision)], tau }),
          behaviour: (revision) => BEHAVIOURS[quality(revision)],
          perSecond: (at) => (silence && at >= silence.fromMs && at < silence.toMs ? 0 : perSecond),
          hook: () => ({ ok: !hooks.chance(hookSaysNo), afterMs: hooks.below(3_000) }),
          drainMs: 5_000 as never,
          lingerMs: 2_000,
        },
      ],
      trace: (line) => this.#say(line),
    });
    this.#watch = new Watch(this.#world, {
      calmFromMs: plot.calmFromMs,
      late: (elapsed) =>
        windows.some(({ kind, toMs, fromMs }) => kind === "late" && elapsed >= fromMs && elapsed < toMs + 9_000),
      planeTrouble: (elapsed) => elapsed - this.#planeTroubleMs < 15_000,
      frail: (revision) => ["never", "crashing"].includes(quality(revision)),
    });
  }

  async go(): Promise<Result> {
    const { seed, strategy, replicas, qualities, windows, events, silence, right } = this.#plot;
    this.#say(`seed ${seed}: ${strategy}, ${replicas} replicas, v2 ${qualities["v2"]}, v3 ${qualities["v3"]}`);
    if (silence) this.#say(`fault nobody sends anything ${JSON.stringify(silence)}`);
    for (const window of windows) this.#say(`fault ${JSON.stringify(window)}`);
    const service = this.#world.service(SERVICE);
    try {
      await this.#until(Math.max(this.#plot.calmFromMs, (events.at(-1)?.atMs ?? 0) + 2_000), () => false);
      await this.#until(this.#world.elapsedMs + END_MS, () => !this.#busy(service) || this.#waits(service));
      // What was queued may begin, and wait, too.
      for (let round = 0; round < 3 && this.#busy(service); round += 1) await this.#byHand(service);
      await this.#until(this.#world.elapsedMs + TIDY_MS, () => false);
      this.#check(service, right);
    } catch (error) {
      this.#watch.broken.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
    return {
      seed,
      hash: this.#hash.digest("hex").slice(0, 16),
      broken: this.#watch.broken,
      outcome:
        service.truth?.history.map(({ candidate, outcome }) => `${candidate} ${outcome}`).join(", ") ?? "nothing",
      trace: this.#trace,
      virtualMs: this.#world.elapsedMs,
    };
  }

  #check(service: SimService, right: readonly string[] | undefined): void {
    for (const wrong of settledWrong(service, this.#plot.qualities)) this.#watch.fail(service, wrong);
    const ended = service.truth?.history.find(({ candidate }) => candidate === "v2");
    if (right && !right.includes(ended?.outcome ?? "nothing")) {
      this.#watch.fail(service, `v2 ended ${ended?.outcome} (${ended?.why}), right would be ${right.join(" or ")}`);
    }
    if (this.#busy(service)) this.#watch.fail(service, `never ends: ${service.truth?.rollout?.waiting?.text}`);
  }

  /** What still waits for somebody is ended by somebody. */
  async #byHand(service: SimService): Promise<void> {
    if (!this.#waits(service)) return;
    const verbs: readonly Verb[] = this.#plot.seed % 2 === 0 ? ["resume", "promote-full"] : ["abort"];
    for (const verb of verbs) {
      this.#command(verb, undefined);
      await this.#until(this.#world.elapsedMs + 2_000, () => false);
    }
    await this.#until(this.#world.elapsedMs + END_MS, () => !this.#busy(service));
  }

  #busy(service: SimService): boolean {
    if (this.#world.unanswered > 0) return true;
    return service.truth === undefined || underWay(service.truth) !== undefined;
  }

  #waits(service: SimService): boolean {
    return service.truth?.rollout?.waiting?.for === "person" || service.truth?.rollout?.paused !== undefined;
  }

  async #until(elapsedMs: number, over: () => boolean): Promise<void> {
    while (this.#world.elapsedMs < Math.min(elapsedMs, MOST_MS) && !over()) {
      for (const event of this.#due()) this.#happen(event);
      await this.#world.step();
      this.#watch.look();
    }
  }

  #next = 0;
  #planeBackMs = Infinity;
  #planeKeeps = true;

  #due(): readonly Event[] {
    const { events } = this.#plot;
    const from = this.#next;
    while ((events[this.#next]?.atMs ?? Infinity) <= this.#world.elapsedMs) this.#next += 1;
    if (this.#world.elapsedMs >= this.#planeBackMs) {
      this.#world.service(SERVICE).plane.revive(this.#planeKeeps);
      this.#world.trace(SERVICE, `data plane is back${this.#planeKeeps ? "" : ", without its route"}`);
      this.#planeBackMs = Infinity;
      this.#planeTroubleMs = this.#world.elapsedMs;
    }
    return events.slice(from, this.#next);
  }

  #happen(event: Event): void {
    const service = this.#world.service(SERVICE);
    switch (event.kind) {
      case "apply": {
        const { replicas, hooks } = this.#plot;
        const lines = `  onNewRevision: ${event.policy}\n${event.strategy === "recreate" ? "" : hooks}`;
        const file = fileOf(SERVICE, replicas, {
          strategy: STRATEGIES[event.strategy] ?? "",
          more: lines,
        });
        const id = `c${(this.#asked += 1)}`;
        const rivals = ["r2", "r3"].map((name) => ({ name, revision: { id: name, template: {} } }));
        const more = { ...(event.strategy === "rivals" ? { rivals } : {}), ...(event.hotfix ? { hotfix: true } : {}) };
        const command = this.#coarse(applyOf(rolloutOf(file), { id, revision: event.revision }));
        return this.#world.ask(SERVICE, Object.assign({}, command, more), true);
      }
      case "command":
        return this.#command(event.verb, event.stale ? (service.truth?.version ?? 5) - 2 : undefined);
      case "kill":
        return this.#world.kill(event.awayMs);
      case "crash-replica": {
        const replicas = service.workload.running().flatMap((pool) => pool.replicas);
        const victim = replicas[event.nth % Math.max(1, replicas.length)];
        if (!victim) return undefined;
        service.workload.crash(victim.id);
        service.crashedMs = this.#world.elapsedMs;
        return this.#world.trace(SERVICE, `replica ${victim.id} crashes`);
      }
      case "plane":
        if (this.#planeBackMs !== Infinity) return undefined;
        service.plane.kill();
        this.#planeTroubleMs = this.#world.elapsedMs + event.awayMs;
        this.#planeBackMs = this.#world.elapsedMs + event.awayMs;
        this.#planeKeeps = event.keepsRoute;
        return this.#world.trace(SERVICE, `data plane dies, for ${event.awayMs} ms`);
    }
  }

  #command(verb: Verb, expected: number | undefined): void {
    const asked = { id: `c${(this.#asked += 1)}`, actor: "bob", reason: verb.replace("-full", ""), expected };
    const command = this.#commandOf(verb, asked);
    this.#world.ask(SERVICE, command, expected === undefined && ["resume", "abort", "promote-full"].includes(verb));
  }

  /** The router of this run takes weights in larger steps. */
  #coarse(command: Command): Command {
    if (command.kind !== "apply") return command;
    const router = { ...command.abilities.router, granularity: weight(this.#plot.granularity) };
    return { ...command, abilities: { ...command.abilities, router } };
  }

  #commandOf(verb: Verb, asked: Asked): Command {
    if (verb === "promote" || verb === "promote-full")
      return { ...asked, kind: "promote", full: verb === "promote-full" };
    if (verb === "scale") return { ...asked, kind: verb, replicas: 1 + ((this.#plot.seed + this.#asked) % 6) };
    return { ...asked, kind: verb };
  }

  #say(line: string): void {
    this.#trace.push(line);
    this.#hash.update(line).update("\n");
  }
}

/** The controller dies around some appends, by chance. */
function withDeaths(faults: WindowedFaults, { seed, deadlyAppends, calmFromMs }: Plot): Faults {
  if (deadlyAppends === 0) return faults;
  const chance = random(seed, 3);
  let deaths = 0;
  return {
    isJournalDown: faults.isJournalDown,
    workload: (service, op) => faults.workload(service, op),
    plane: (service, op) => faults.plane(service, op),
    append: () => {
      const isDeadly = deaths < calmFromMs / 10_000 && chance.chance(deadlyAppends);
      if (!isDeadly) return faults.append();
      deaths += 1;
      return chance.chance(0.5) ? "die-before" : "die-after";
    },
  };
}
