// How does one service follow its decisions?
import { decide } from "../core/engine/decide.ts";
import type { Answer, Command, Decision, Input, RouterTrouble } from "../core/engine/input.ts";
import { FORMAT, underWay, type ServiceState } from "../core/engine/state.ts";
import { wantedPools, wantedRoute } from "../core/engine/wanted.ts";
import { describe, messageOf, SerinError } from "../core/issues.ts";
import type { Ms } from "../core/units.ts";
import { ABSENT, type Carried, type Observed, type RunningPool } from "../core/world.ts";
import type { AlertSource } from "../ports/alerts.ts";
import type { TestSource } from "../ports/tests.ts";
import { StaleWrite, type Seq } from "../ports/journal.ts";
import { lookAt, within } from "./ask.ts";
import { Due } from "./due.ts";
import { Outbox } from "./outbox.ts";
import { Meter } from "./measured.ts";
import { PACE, type House, type OwnedRouter, type OwnedTests, type OwnedWorkload, type Pace } from "./parts.ts";
import { drifted } from "./drift.ts";
import { pauseUntilNext } from "./pause.ts";
import { readState } from "./saved.ts";
import { readTest } from "./tests.ts";
import { turnOf } from "./turn.ts";
import { readAlerts, readSignals } from "./signals.ts";
import { notWrittenYet, routerTroubleOf, tooLate } from "./troubles.ts";

interface Pending {
  readonly command: Command;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** How often a route is tried that cannot be taken until a person does something. */
const HOPELESS_AGAIN_MS = 5_000;

/** A reason of its own would be an error with a stack. */
const WAKE = "wake";

/** Drives the world of one service towards what its state wants: observe, decide, journal, converge, again. */
export class ServiceLoop {
  state: ServiceState;
  /** What does not work right now, by part. */
  readonly troubles = new Map<string, string>();
  /** What the last look saw. */
  seen: { readonly pools: Observed<readonly RunningPool[]>; readonly traffic: Observed<Carried> } | undefined;
  readonly meter = new Meter();
  private readonly house: House;
  private readonly pace: Pace;
  private seq: Seq;
  private saved: ServiceState | undefined;
  private savedAtMs = 0;
  private readonly due = new Due();
  private turn: number;
  private failedLooks = 0;
  /** The last append failed: whether it was written is not known until the journal is read again. */
  private isUnsure = false;
  private pending: Pending[] = [];
  /** Aborts that the journal has not taken yet. */
  private owed: Command[] = [];
  private workload: OwnedWorkload | undefined;
  private router: OwnedRouter | undefined;
  private alerts: { readonly of: unknown; readonly sources: readonly AlertSource[] } | undefined;
  private tests: OwnedTests | undefined;
  private routerFor = "";
  private lastRoute = "";
  private routerTrouble: RouterTrouble | undefined;
  /** The attempt that was hopeless: the rollouts so far, and the route. */
  private hopeless = "";
  private lastIds: readonly string[] = [];
  private readonly outbox: Outbox | undefined;
  private readonly stopping = new AbortController();
  private wake = new AbortController();
  private done: Promise<void> = Promise.resolve();

  constructor(house: House, state: ServiceState, seq: Seq) {
    this.house = house;
    this.pace = { ...PACE, ...house.pace };
    this.state = state;
    this.seq = seq;
    this.saved = seq === 0 ? undefined : state;
    this.turn = turnOf(state.service);
    const { clock, messenger } = house;
    this.outbox = messenger && new Outbox({ clock, messenger, wake: () => this.rouse() });
  }

  start(): void {
    this.done = this.run();
  }

  /** Stops deciding. Traffic and replicas stay as they are. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake.abort();
    await this.done;
    this.refuseRest();
    await this.outbox?.stop();
    await this.workload?.close();
    await this.router?.close();
    this.tests?.close();
  }

  /** Stops, ends every replica, takes the data plane away and forgets the service. */
  async remove(): Promise<void> {
    this.stopping.abort();
    this.wake.abort();
    // The pass under way may still be making the parts, which must be made once.
    await this.done;
    this.refuseRest();
    await this.outbox?.stop();
    const [workload, router] = [await this.theWorkload(), await this.theRouter()];
    const { clock } = this.house;
    await within(clock, 60_000, (call) => router.router.remove(call));
    await workload.remove();
    await workload.close();
    await router.close();
    this.tests?.close();
    await this.house.journal.remove(this.state.service);
    this.house.tell?.({ kind: "removed", service: this.state.service });
  }

  /** Commands that came too late for the last pass: nobody will take them up. */
  private refuseRest(): void {
    for (const { command, reject } of this.pending.splice(0)) reject(tooLate(this.state.service, command));
  }

  /** Resolves with the answer once it is written down. */
  send(command: Command): Promise<Answer> {
    if (this.stopping.signal.aborted) return Promise.reject(tooLate(this.state.service, command));
    return new Promise((resolve, reject) => {
      this.pending.push({ command, resolve, reject });
      this.rouse();
    });
  }

  /** Looks now instead of later. */
  rouse(): void {
    this.due.by(this.house.clock.now());
    this.wake.abort(WAKE);
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.wake = new AbortController();
      try {
        this.due.begin(this.house.clock.now());
        await this.tick();
        this.house.passed?.({ state: this.state, ...this.due.end(this.house.clock.now()) });
        this.clear("controller");
      } catch (error) {
        this.trouble("controller", error);
      }
      if (this.stopping.signal.aborted) return;
      const pauseMs = this.pauseMs();
      this.due.by(this.house.clock.now() + pauseMs);
      if (this.pending.length === 0) await this.house.clock.sleep(pauseMs, this.wake.signal);
    }
  }

  private pauseMs(): Ms {
    // The first time of rest is a part of one: thousands that are taken up together do not look together ever after.
    const pace = { ...this.pace, idleMs: this.pace.idleMs * this.turn };
    if (!underWay(this.state)) this.turn = 1;
    this.failedLooks = this.troubles.size > 0 ? this.failedLooks + 1 : 0;
    const { state, seen, failedLooks: failures } = this;
    return pauseUntilNext(pace, { state, pools: seen?.pools, failures, nowMs: this.house.clock.now() });
  }

  /** One pass: look, decide, write down, then act. */
  async tick(): Promise<void> {
    if (this.isUnsure) await this.catchUp();
    const taken = this.pending.splice(0);
    try {
      const input = await this.observe([...this.owed, ...taken.map(({ command }) => command)]);
      const decision = decide(this.state, input);
      const { deliveries = [] } = input;
      const error = await this.write(decision, input.commands.length + deliveries.length > 0);
      if (error !== undefined) {
        if (error instanceof StaleWrite) this.pending.unshift(...taken.splice(0));
        for (const one of taken.splice(0)) this.unwritten(one, decision, error);
        this.outbox?.sync(this.state.outbox ?? [], this.house.clock.now());
        return await this.hold(input);
      }
      this.state = decision.state;
      this.due.decided(this.house.clock.now());
      this.owed = [];
      this.outbox?.confirm(deliveries);
      this.outbox?.sync(this.state.outbox ?? [], this.house.clock.now());
      for (const { command, resolve } of taken.splice(0)) {
        const answer = decision.answers.find(({ id }) => id === command.id);
        resolve(answer ?? { id: command.id, text: "" });
      }
      const { records } = decision;
      if (records.length > 0) this.house.tell?.({ kind: "decided", service: this.state.service, records });
      // A service whose first file was refused has nothing that could be brought about.
      if (this.state.rollouts > 0) await this.converge(input);
    } catch (error) {
      for (const { reject } of taken) reject(error);
      throw error;
    }
  }

  private async observe(commands: readonly Command[]): Promise<Input> {
    const { clock } = this.house;
    const limit = this.pace.callMs;
    const [{ workload, signals: told }, { router, metrics }] = [await this.theWorkload(), await this.theRouter()];
    const [pools, traffic, counters] = await Promise.all([
      lookAt(clock, limit, (call) => workload.observe(call)),
      lookAt(clock, limit, (call) => router.observe(call)),
      lookAt(clock, limit, (call) => metrics.read(call)),
    ]);
    this.seen = { pools, traffic };
    const now = traffic.kind === "value" ? JSON.stringify(traffic.value.split.weights) : undefined;
    if (counters.kind === "value") this.meter.add(counters.value, now);
    const sources = told?.(this.state) ?? [];
    const signals = await readSignals(this.state, { clock, limitMs: limit, sources, pools });
    const alerts = await readAlerts(await this.theAlerts(), { clock, limitMs: limit });
    const compares = this.state.split.mirror?.compare !== undefined && metrics.comparison !== undefined;
    const comparison = compares
      ? await lookAt(clock, limit, async (call) => metrics.comparison?.(call) ?? ABSENT)
      : undefined;
    const test = await readTest(this.state, () => this.theTests(), { clock, limitMs: limit, pools });
    const deliveries = this.outbox?.taken() ?? [];
    return {
      nowMs: clock.now(),
      pools,
      traffic,
      counters,
      ...(signals && { signals }),
      ...(alerts && { alerts }),
      ...(comparison && { comparison }),
      ...(test && { test }),
      ...(deliveries.length > 0 && { deliveries }),
      commands,
      routerTrouble: this.routerTrouble,
    };
  }

  /** Writes a decision down when it must be before anything follows from it. Why the state may not be acted upon. */
  private async write({ state, records }: Decision, now: boolean): Promise<unknown> {
    const { clock, journal } = this.house;
    if (!this.isUnsure && records.length === 0 && !now && !this.mustSave(state)) return undefined;
    try {
      this.seq = await journal.append(state.service, this.seq, { format: FORMAT, state, records });
      this.saved = state;
      this.savedAtMs = clock.now();
      this.isUnsure = false;
      this.clear("journal");
      return undefined;
    } catch (error) {
      this.trouble("journal", error);
      this.isUnsure = true;
      await this.catchUp();
      return error;
    }
  }

  private mustSave(state: ServiceState): boolean {
    const { saved } = this;
    if (!saved || saved.pools !== state.pools || saved.split !== state.split) return true;
    // A message that nobody would remember must not go out.
    if (saved.outbox !== state.outbox) return true;
    const isShown = saved.rollout?.waiting?.for === state.rollout?.waiting?.for;
    const activeMs = isShown ? this.pace.saveActiveMs : this.pace.showMs;
    const saveMs = underWay(state) ? activeMs : this.pace.saveIdleMs;
    return state !== saved && this.house.clock.now() - this.savedAtMs >= saveMs;
  }

  /** Reads what stands in the journal, when it is not known whether the last append was written. */
  private async catchUp(): Promise<void> {
    try {
      const saved = await this.house.journal.load(this.state.service);
      this.isUnsure = false;
      if (!saved) return;
      this.state = readState(this.state.service, saved);
      this.saved = this.state;
      this.seq = saved.seq;
    } catch (error) {
      this.trouble("journal", error);
    }
  }

  /** A command that could not be written down was not carried out; but an abort is not put off for the journal's sake. */
  private unwritten({ command, reject }: Pending, { answers }: Decision, error: unknown): void {
    const isRefused = answers.some(({ id, refused }) => id === command.id && refused);
    if (command.kind !== "abort" || isRefused) return reject(error);
    this.owed.push(command);
    reject(notWrittenYet(this.state.service, error));
  }

  /**
   * The journal is lost: traffic goes back to stable when the candidate is worse or a person has said so, else everything
   * is kept as it was last written down. Deadlines that pass meanwhile wait for the journal.
   */
  private async hold(input: Input): Promise<void> {
    const { state } = decide(this.state, { ...input, commands: this.owed });
    const { rollout } = state;
    const isWorse = rollout?.verdict?.kind === "worse" && !rollout.verdict.suspended;
    const mayGo = isWorse || this.owed.length > 0 || this.state.rollout?.phase === "back";
    if (rollout?.phase !== "back" || !mayGo) return this.isUnsure ? undefined : this.converge(input);
    // The candidate stays until that is written down; stable grows to where it can take everyone.
    const stable = state.pools.find(({ role }) => role === "stable");
    const pools = this.state.pools.map((pool) => (stable && pool.pool === stable.pool ? stable : pool));
    await this.populate({ ...this.state, pools }, input);
    if (input.pools.kind === "value") await this.route(state, input.pools.value, true);
  }

  private async converge(input: Input): Promise<void> {
    await this.populate(this.state, input);
    if (input.pools.kind !== "value") return;
    const running = input.pools.value;
    await this.route(this.state, running, drifted(this.state, running, input.traffic));
  }

  private async populate(state: ServiceState, { pools, traffic }: Input): Promise<void> {
    const { workload } = await this.theWorkload();
    if (pools.kind === "value") this.lastIds = pools.value.flatMap(({ replicas }) => replicas.map(({ id }) => id));
    // A replica whose use cannot be told is taken to be in use.
    const busy = traffic.kind === "value" ? traffic.value.busy : traffic.kind === "absent" ? [] : this.lastIds;
    await this.act("workload", () =>
      within(this.house.clock, this.pace.callMs, (call) => workload.apply(wantedPools(state), busy, call)),
    );
  }

  private async route(state: ServiceState, running: readonly RunningPool[], anyway: boolean): Promise<void> {
    const route = wantedRoute(state, running);
    const text = JSON.stringify(route);
    // It is in force, whatever became of another one that was tried meanwhile.
    if (text === this.lastRoute && !anyway) {
      this.routerTrouble = undefined;
      return this.clear("router");
    }
    const [{ router }, { clock }] = [await this.theRouter(), this.house];
    const attempt = `${state.rollouts} ${text}`;
    // Every attempt may start a process.
    const againMs = (this.routerTrouble?.atMs ?? -Infinity) + HOPELESS_AGAIN_MS;
    if (attempt === this.hopeless && clock.now() < againMs) return;
    const error = await this.act("router", () => within(clock, this.pace.callMs, (call) => router.apply(route, call)));
    if (error === undefined) this.lastRoute = text;
    this.routerTrouble = error === undefined ? undefined : routerTroubleOf(error, clock.now());
    this.hopeless = this.routerTrouble?.hopeless ? attempt : "";
  }

  /** Does something and keeps what went wrong among the troubles; answers it too. */
  private async act(part: string, action: () => Promise<void>): Promise<unknown> {
    try {
      await action();
      this.clear(part);
      return undefined;
    } catch (error) {
      this.trouble(part, error);
      return error;
    }
  }

  /** Who runs its replicas. */
  async theWorkload(): Promise<OwnedWorkload> {
    this.workload ??= await this.house.factory.workload(() => this.state);
    return this.workload;
  }

  private async theTests(): Promise<TestSource | undefined> {
    this.tests ??= await this.house.factory.tests?.(() => this.state);
    return this.tests?.source;
  }

  /** Sources of alerts; made anew when the file names others. */
  private async theAlerts(): Promise<readonly AlertSource[]> {
    const named = this.state.spec.spec.analysis?.alerts;
    if (named === undefined || !this.house.factory.alerts) return [];
    if (this.alerts?.of === named) return this.alerts.sources;
    const sources = await this.house.factory.alerts(this.state);
    this.alerts = { of: named, sources };
    return sources;
  }

  /** The router; made anew when the file asks for other traffic settings. */
  private async theRouter(): Promise<OwnedRouter> {
    // Paths in it start from the file's folder.
    const wanted = JSON.stringify([this.state.spec.spec.traffic, this.state.origin]);
    if (this.router && this.routerFor === wanted) return this.router;
    const next = await this.house.factory.router(this.state);
    await this.router?.close();
    this.router = next;
    this.routerFor = wanted;
    this.lastRoute = "";
    this.hopeless = "";
    return next;
  }

  private trouble(part: string, error: unknown): void {
    const why = error instanceof SerinError ? describe(error.trouble) : messageOf(error);
    if (this.troubles.get(part) === why) return;
    this.troubles.set(part, why);
    const code = error instanceof SerinError ? error.trouble.code : undefined;
    this.house.tell?.({ kind: "trouble", service: this.state.service, part, why, code });
  }

  private clear(part: string): void {
    if (!this.troubles.delete(part)) return;
    this.house.tell?.({ kind: "cleared", service: this.state.service, part });
  }
}
