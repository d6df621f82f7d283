// How do copies get from a worker to their thread, and what if that dies?
import { Worker } from "node:worker_threads";
import { messageOf } from "../../core/issues.ts";
import type { Copy } from "./copy.ts";
import {
  noSums,
  type CopyRole,
  type FromMirror,
  type Handed,
  type Mirrored,
  type MirrorStart,
  type Target,
  type ToMirror,
} from "./messages.ts";
import { wallMs } from "./strain.ts";

// The same file, compiled or not.
const ENTRY = new URL(import.meta.url.endsWith(".ts") ? "./thread.ts" : "./thread.js", import.meta.url);

/** A thread that takes more has gone wrong, and shall not take the proxy with it. */
const MOST_MB = 256;
/**
 * A thread that takes all that it is handed late, for so long, gets too little of the processors, or has too much to do.
 * Then nothing is copied for a while: the services may share a machine with the proxy, and copies come last there.
 */
const LATE_FOR_MS = 200;
const PAUSE_MS = 1_000;
const LONGEST_WAIT_MS = 5_000;
/** Beyond the longest time that a copy may take: a thread with copies that says nothing for so long hangs. */
const SILENT_MS = 10_000;

/** A copy that is under way. */
interface Underway {
  readonly role: CopyRole;
  readonly replica: string;
  readonly bytes: number;
}

/**
 * The way of one mirror's copies, with a thread of its own for each worker. One thread for all of them would have to be
 * introduced to each worker by the main thread, anew after each death; a worker's own dies with it, needs nobody else, and
 * is there only while requests are mirrored. It runs at a low priority where the system has priorities for threads.
 */
export class Line {
  readonly start: MirrorStart;
  readonly #told: (mirrored: Mirrored) => void;
  readonly #over: () => void;
  readonly #underway = new Map<number, Underway>();
  #open: Record<CopyRole, number> = { canary: 0, baseline: 0 };
  #thread: Worker | undefined;
  #outbox: { readonly copy: Copy; readonly targets: readonly Target[] }[] = [];
  #closing = false;
  #deaths = 0;
  /** When the thread last said anything, or had nothing to say. */
  #heardAt = 0;
  #lateUntil = 0;
  #restart: NodeJS.Timeout | undefined;
  /** Bytes of copies under way. */
  bytes = 0;

  /** `told` hears what was counted; `over` is called once, when it was closed and its last copy has ended. */
  constructor(start: MirrorStart, told: (mirrored: Mirrored) => void, over: () => void) {
    this.start = start;
    this.#told = told;
    this.#over = over;
    this.#begin();
  }

  /** Whether it has a thread at this moment. */
  get up(): boolean {
    return this.#thread !== undefined && !this.#closing;
  }

  /** Whether its thread gets so little time that the machine has none left for copies. */
  isLate(now: number): boolean {
    return now < this.#lateUntil;
  }

  /** Copies to this role that are under way. */
  open(role: CopyRole): number {
    return this.#open[role];
  }

  busy(): readonly string[] {
    return [...this.#underway.values()].map(({ replica }) => replica);
  }

  /** Copies of one turn of the loop go together, in one message. */
  send(copy: Copy, targets: readonly Target[]): void {
    if (this.#underway.size === 0) this.#heardAt = performance.now();
    const bytes = (copy.head.length + copy.bodyBytes + copy.answerBytes) / targets.length;
    for (const { id, role, replica } of targets) {
      this.#underway.set(id, { role, replica, bytes });
      this.#open[role] += 1;
    }
    this.bytes += bytes * targets.length;
    if (this.#outbox.length === 0) setImmediate(() => this.#flush());
    this.#outbox.push({ copy, targets });
  }

  /** Ends a thread that hangs; another one takes its place. */
  look(): void {
    const silentMs = performance.now() - this.#heardAt;
    if (this.#underway.size === 0 || silentMs < this.start.timeoutMs + SILENT_MS) return;
    console.error(`the mirror's thread has said nothing for ${Math.round(silentMs)} ms and is ended`);
    void this.#thread?.terminate();
  }

  /** Lets copies under way end. */
  close(): void {
    this.#closing = true;
    clearTimeout(this.#restart);
    this.#flush();
    if (this.#thread) this.#thread.postMessage({ kind: "close" } satisfies ToMirror, []);
    else this.#over();
  }

  /** Ends the thread at once, as if it had died. */
  async terminate(): Promise<void> {
    await this.#thread?.terminate();
  }

  #begin(): void {
    const resourceLimits = { maxOldGenerationSizeMb: MOST_MB };
    const thread = new Worker(ENTRY, { workerData: this.start, name: "serin-mirror", resourceLimits });
    thread.unref();
    thread.on("message", (said: FromMirror) => this.#hear(said));
    thread.on("error", (error: unknown) => console.error(`the mirror's thread ends: ${messageOf(error)}`));
    thread.on("exit", () => this.#gone());
    this.#thread = thread;
  }

  #hear({ ended, lateMs, mirrored }: FromMirror): void {
    this.#deaths = 0;
    this.#heardAt = performance.now();
    if (lateMs > LATE_FOR_MS) this.#lateUntil = this.#heardAt + PAUSE_MS;
    for (const id of ended) {
      const copy = this.#underway.get(id);
      if (!copy) continue;
      this.bytes -= copy.bytes;
      this.#open[copy.role] -= 1;
      this.#underway.delete(id);
    }
    this.#told(mirrored);
  }

  /** What was under way is lost; the next thread begins with nothing. Users notice neither. */
  #gone(): void {
    this.#thread = undefined;
    const sums = noSums();
    for (const { role } of this.#underway.values()) sums[role].shed += 1;
    this.#underway.clear();
    this.#open = { canary: 0, baseline: 0 };
    this.#outbox = [];
    this.bytes = 0;
    this.#told({ key: this.start.key, counts: [], sums, fields: [] });
    if (this.#closing) {
      this.#over();
      return;
    }
    this.#deaths += 1;
    const waitMs = this.#deaths === 1 ? 0 : Math.min(LONGEST_WAIT_MS, 50 * 2 ** this.#deaths);
    this.#restart = setTimeout(() => this.#begin(), waitMs).unref();
  }

  /** All bytes go in one buffer, which is handed over, not copied once more. */
  #flush(): void {
    const waiting = this.#outbox;
    this.#outbox = [];
    if (!this.#thread || waiting.length === 0) return;
    let size = 0;
    for (const { copy } of waiting) size += copy.head.length + copy.bodyBytes + copy.answerBytes;
    const bytes = Buffer.from(new ArrayBuffer(size));
    let at = 0;
    const requests = waiting.map(({ copy, targets }): Handed => {
      const headBytes = bytes.write(copy.head, at, "latin1");
      at += headBytes;
      for (const part of copy.body) at += part.copy(bytes, at);
      for (const part of copy.answer) at += part.copy(bytes, at);
      return { targets, headBytes, bodyBytes: copy.bodyBytes, answerBytes: copy.answerBytes, whole: copy.whole };
    });
    this.#thread.postMessage({ kind: "handed", requests, bytes, at: wallMs() } satisfies ToMirror, [bytes.buffer]);
  }
}
