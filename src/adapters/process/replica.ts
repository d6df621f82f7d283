// What does one replica do from its start to its end?
import type { ChildProcess } from "node:child_process";
import { pauseAfter } from "../../core/backoff.ts";
import { messageOf } from "../../core/issues.ts";
import type { ProcessTemplate } from "../../core/process-template.ts";
import type { Candidate } from "../../core/replica-choice.ts";
import { duration, ms, type Ms } from "../../core/units.ts";
import type { Replica } from "../../ports/workload.ts";
import { endLeftovers, signalGroup } from "./end.ts";
import type { House } from "./house.ts";
import { launch } from "./launch.ts";
import { isFree } from "./ports.ts";
import { probe } from "./probe.ts";
import type { Inside } from "./inside.ts";
import { logOf, type ReplicaRecord } from "./records.ts";
import { birthOf } from "./system.ts";

/** So many failed checks in a row, and a replica that was ready is not ready any more. */
const MISSES = 3;
/** How often a process that is not our child is asked whether it lives. */
const ADOPTED_CHECK_MS = 500;

interface Running {
  readonly pid: number;
  readonly birth: string | undefined;
  /** Only of a process that this controller has started; its end is an event. */
  readonly child?: ChildProcess | undefined;
}

/**
 * One replica. Its own loop is the only one that touches its process, so nothing here races; `apply` only tells what is
 * wished. Everything that must outlive the controller is in the record.
 */
export class ProcessReplica {
  readonly record: ReplicaRecord;
  /** Whether its process and all that it started are gone, and its record too. */
  gone = false;
  /** Not told before the first `apply`: until then a replica that has ended stays ended. */
  template: ProcessTemplate | undefined;
  readonly #house: House;
  /** Whether other replicas write to the same log. */
  readonly #alone: () => boolean;
  #running: Running | undefined;
  /** The session of a process that has ended, until nothing of it is left. */
  #leftover: Omit<Running, "child"> | undefined;
  #released = false;
  #killed = false;
  #lost = false;
  #hopeless = false;
  #why: string | undefined;
  #problem: string | undefined;
  #misses = 0;
  #restartMs = 0;
  #probedMs = 0;
  readonly #checks = { made: 0, failed: 0 };
  /** Whether its process has been ready: checks before are no signal, a process begins without being ready. */
  #wasReady = false;
  /** What an earlier controller has left: its process's birth, and the restarts until then. */
  #before: Inside["before"];
  #writing: Promise<void> = Promise.resolve();
  #bell = new AbortController();
  #life: Promise<void> | undefined;

  constructor(house: House, record: ReplicaRecord, alone: () => boolean) {
    this.#house = house;
    this.record = record;
    this.#alone = alone;
  }

  /** Takes over what an earlier controller has left: its process, or at least what that one may have started. */
  adopt(found: { readonly pid: number; readonly birth: string } | undefined): void {
    const { pid, birth } = this.record;
    this.#before = { birth: found?.birth, restarts: this.record.restarts };
    this.#wasReady = this.record.readySinceMs !== undefined;
    if (found) {
      this.#running = { pid: found.pid, birth: found.birth };
      this.record.pid = found.pid;
      this.record.birth = found.birth;
      return;
    }
    this.#leftover = { pid: pid ?? 0, birth };
    if (pid !== undefined) {
      this.record.readySinceMs = undefined;
      this.#why = "ended while no controller was watching";
      this.#lost = true;
    }
  }

  /** Starts the loop, after a first look at what is there. */
  async begin(): Promise<void> {
    if (this.#life) return;
    const first = this.#stepSafely();
    this.#life = first.then(() => this.#live());
    await first;
  }

  /** Resolves when the loop has ended: it is gone, or the controller lets go. */
  async over(): Promise<void> {
    await this.#life;
  }

  /** It is one too many: it goes on answering what it has, until it is released or its drain time is over. */
  async drain(): Promise<void> {
    if (this.record.drainingSinceMs !== undefined) return;
    this.record.drainingSinceMs = this.#house.clock.now();
    // A full disk must not keep anything running: without the note only the time begins anew after a crash.
    await this.save().catch(() => undefined);
    this.#house.trace("draining", this.record.id);
    this.ring();
  }

  /** Nobody sends it anything any more: it ends now. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.ring();
  }

  /** It is wanted again. */
  async takeBack(): Promise<void> {
    this.record.drainingSinceMs = undefined;
    await this.save().catch(() => undefined);
    this.ring();
  }

  /** Replaces the record by what it is now. One write after the other, so that the last one stays. */
  save(): Promise<void> {
    const write = this.#writing.then(() => (this.gone ? undefined : this.#house.records.write(this.record)));
    this.#writing = write.catch(() => undefined);
    return write;
  }

  candidate(): Candidate {
    const { id, drainingSinceMs, endingSinceMs, readySinceMs } = this.record;
    const ending = this.#released || endingSinceMs !== undefined || this.gone;
    return { id, ending, draining: drainingSinceMs !== undefined, condition: this.#condition(), readySinceMs };
  }

  view(): Replica {
    const { id, host, port, restarts, readySinceMs, drainingSinceMs, endingSinceMs } = this.record;
    const condition = this.#condition();
    const leaving = drainingSinceMs !== undefined || endingSinceMs !== undefined || this.#released;
    const why = condition === "ready" ? undefined : (this.#late() ?? this.#why);
    return {
      id,
      host,
      port,
      state: leaving ? "draining" : condition,
      restarts,
      ...(readySinceMs !== undefined && { readySinceMs }),
      ...(why !== undefined && { why }),
      ...(this.#hopeless && { hopeless: true }),
    };
  }

  inside(): Inside {
    const { id, pool, restarts, log } = this.record;
    const logs = this.#house.logs;
    return {
      replica: id,
      pool,
      process: this.#running,
      before: this.#before,
      restarts,
      checks: { ...this.#checks },
      ...(log !== undefined && { troubles: () => logs.troubles(log, this.#before === undefined) }),
    };
  }

  get busyWithProcess(): boolean {
    return this.#running !== undefined;
  }

  #condition(): "ready" | "starting" | "failing" {
    if (this.record.readySinceMs !== undefined) return "ready";
    const begins = this.#running ? this.#late() === undefined : this.#why === undefined;
    return begins && !this.#lost ? "starting" : "failing";
  }

  /** Why it fails although it runs: its time to become ready is over. */
  #late(): string | undefined {
    const { treatment, startedMs, readySinceMs } = this.record;
    const { readyTimeoutMs } = treatment;
    if (!this.#running || readySinceMs !== undefined || this.#lost) return undefined;
    if (this.#house.clock.now() - startedMs < readyTimeoutMs) return undefined;
    return `not ready after ${duration(readyTimeoutMs)}${this.#problem ? `: ${this.#problem}` : ""}`;
  }

  async #live(): Promise<void> {
    while (!this.gone && !this.#house.closing.aborted) {
      await this.#house.clock.sleep(this.#pause(), this.#bell.signal);
      if (this.#house.closing.aborted) return;
      this.#bell = new AbortController();
      await this.#stepSafely();
    }
  }

  async #stepSafely(): Promise<void> {
    try {
      await this.#step();
    } catch (error) {
      // A step is tried again. A disk that is full or a system without processes left is the usual reason.
      this.#why = messageOf(error);
    }
  }

  async #step(): Promise<void> {
    const now = this.#house.clock.now();
    if (this.#running && !(await this.#lives(this.#running))) await this.#ended(this.#running);
    if (this.#leftover && !(await this.#clearUp(this.#leftover))) return;
    if (this.#running) {
      if (this.#shallEnd(now)) await this.#end(this.#running, now);
      else await this.#check(this.#running, now);
    } else if (this.#shallEnd(now) || this.record.drainingSinceMs !== undefined) {
      await this.#forget();
    } else if (this.template && now >= this.#restartMs) {
      await this.#start(this.template);
    }
  }

  #pause(): Ms {
    const { pollMs, readyCheckMs } = this.#house.pace;
    const calm = this.#running && this.candidate().condition === "ready" && this.view().state === "ready";
    if (!calm) return pollMs;
    return ms(this.#running?.child ? readyCheckMs : Math.min(readyCheckMs, ADOPTED_CHECK_MS));
  }

  /** Looks again now. */
  ring(): void {
    this.#bell.abort();
  }

  async #lives({ child, pid, birth }: Running): Promise<boolean> {
    if (child) return child.exitCode === null && child.signalCode === null;
    return (await birthOf(pid)) === birth;
  }

  #shallEnd(now: Ms): boolean {
    const { drainingSinceMs, endingSinceMs, treatment } = this.record;
    if (this.#released || endingSinceMs !== undefined) return true;
    return drainingSinceMs !== undefined && now - drainingSinceMs >= treatment.drainMs;
  }

  async #end({ pid }: Running, now: Ms): Promise<void> {
    if (this.record.endingSinceMs === undefined) {
      this.record.endingSinceMs = now;
      this.record.readySinceMs = undefined;
      await this.save().catch(() => undefined);
      this.#house.trace("ending", this.record.id);
      signalGroup(pid, "SIGTERM");
      this.#house.trace("signalled", this.record.id);
    } else if (!this.#killed && now - this.record.endingSinceMs >= this.record.treatment.graceMs) {
      this.#killed = true;
      signalGroup(pid, "SIGKILL");
    }
  }

  /** The process has ended, of itself or because it was told to. */
  async #ended({ child, pid, birth }: Running): Promise<void> {
    const now = this.#house.clock.now();
    const { readySinceMs, logFrom } = this.record;
    const wentWell = readySinceMs !== undefined && now - readySinceMs >= this.#house.backoff.resetMs;
    this.record.failures = wentWell ? 1 : this.record.failures + 1;
    this.#restartMs = now + pauseAfter(this.record.failures, this.#house.backoff);
    this.#leftover = { pid, birth };
    this.#running = undefined;
    this.record.readySinceMs = undefined;
    const said = await this.#house.logs.lastWords(logOf(this.record), { from: logFrom, alone: this.#alone() });
    this.#why = said ? `${howEnded(child)}: ${said}` : howEnded(child);
  }

  /** Ends what the process has started and left behind. True when nothing is left. */
  async #clearUp(left: { readonly pid: number; readonly birth: string | undefined }): Promise<boolean> {
    const { endingSinceMs, treatment, id } = this.record;
    // Told to end, all of them have their time; those left by a crash would only be in the way of the next start.
    const patient = endingSinceMs !== undefined && this.#house.clock.now() - endingSinceMs < treatment.graceMs;
    const clear = await endLeftovers({ ...left, replica: id, state: this.#house.dir, kill: !patient });
    if (clear) this.#leftover = undefined;
    return clear;
  }

  async #forget(): Promise<void> {
    await this.#writing;
    this.#house.trace("ended", this.record.id);
    await this.#house.records.remove(this.record.id);
    this.#house.trace("forgotten", this.record.id);
    this.gone = true;
    this.#house.ports.giveBack(this.record.port);
  }

  async #start(template: ProcessTemplate): Promise<void> {
    try {
      await this.#plan();
      await this.#house.files.prepare(this.record.revision, template.files);
      // From here on it has a log of its own, if an older version has started it before.
      this.record.log = this.record.id;
      this.record.logFrom = await this.#house.logs.prepare(this.record.log);
      if (this.#house.closing.aborted) return;
      const launched = await launch(this.#house, this.record, template);
      if ("why" in launched) this.#failed(launched);
      else await this.#launched(launched);
    } catch (error) {
      this.#failed({ why: `cannot start: ${messageOf(error)}`, hopeless: false });
    }
  }

  /** The intent comes before the process: whatever happens in between, the next controller knows what to look for. */
  async #plan(): Promise<void> {
    const { record } = this;
    const again = record.pid !== undefined || this.#why !== undefined;
    if (again) record.restarts += 1;
    if (!(await isFree(record.host, record.port))) await this.#move();
    record.pid = undefined;
    record.birth = undefined;
    record.startedMs = this.#house.clock.now();
    // `apply` has written the first plan. Of a later one the disk may be full: its process is found without it.
    if (again) await this.save().catch(() => undefined);
    this.#house.trace("planned", record.id);
  }

  async #launched({ child, pid }: { readonly child: ChildProcess; readonly pid: number }): Promise<void> {
    this.#house.trace("spawned", this.record.id);
    child.once("exit", () => this.ring());
    const birth = await birthOf(pid);
    this.#running = { pid, birth, child };
    this.#hopeless = false;
    this.#lost = false;
    this.#wasReady = false;
    this.#misses = 0;
    this.#problem = undefined;
    this.record.pid = pid;
    this.record.birth = birth;
    await this.save().catch(() => undefined);
    this.#house.trace("recorded", this.record.id);
  }

  #failed({ why, hopeless }: { readonly why: string; readonly hopeless: boolean }): void {
    this.record.failures += 1;
    this.#restartMs = this.#house.clock.now() + pauseAfter(this.record.failures, this.#house.backoff);
    this.#why = why;
    this.#hopeless = hopeless;
  }

  /** Somebody else has taken the port while the process was down. */
  async #move(): Promise<void> {
    const port = await this.#house.ports.take(this.record.host);
    this.#house.ports.giveBack(this.record.port);
    this.record.port = port;
  }

  async #check(running: Running, now: Ms): Promise<void> {
    const { record } = this;
    const { pollMs, readyCheckMs } = this.#house.pace;
    const everyMs = record.readySinceMs === undefined || this.#misses > 0 ? pollMs : readyCheckMs;
    if (now - this.#probedMs < everyMs * 0.9) return;
    this.#probedMs = now;
    const { host, port, treatment } = record;
    const problem = await probe({ host, port, ready: treatment.ready, signal: this.#house.closing });
    if (this.#house.closing.aborted || !(await this.#lives(running))) return this.ring();
    this.#problem = problem;
    this.#count(problem === undefined);
    if (problem === undefined) {
      this.#misses = 0;
      if (record.readySinceMs !== undefined) return;
      record.readySinceMs = this.#house.clock.now();
      this.#lost = false;
    } else {
      this.#misses += 1;
      if (record.readySinceMs === undefined || this.#misses < MISSES) return;
      record.readySinceMs = undefined;
      this.#lost = true;
      this.#why = `not ready any more: ${problem}`;
    }
    await this.save().catch(() => undefined);
  }

  #count(passed: boolean): void {
    if (passed) this.#wasReady = true;
    if (!this.#wasReady) return;
    this.#checks.made += 1;
    if (!passed) this.#checks.failed += 1;
  }
}

function howEnded(child: ChildProcess | undefined): string {
  if (!child) return "ended; its exit code is not known, another controller had started it";
  if (child.signalCode) return `killed by ${child.signalCode}`;
  return `exited with code ${child.exitCode}`;
}
