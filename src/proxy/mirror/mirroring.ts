// Which requests are copied, and what is left out first when there is too much?
import { AXIS } from "../../core/cohort.ts";
import type { Backend, Route } from "../../core/split.ts";
import { WHOLE, type Ms } from "../../core/units.ts";
import { anyTestOf, type Test } from "../match.ts";
import { Weyl } from "../shares.ts";
import { Sight, type Asked } from "../sight.ts";
import { Copy, type CopyDesk } from "./copy.ts";
import { Line } from "./line.ts";
import { keyOf, noSums, type CopyRole, type Mirrored, type Target } from "./messages.ts";

/** RFC 9110 9.2.1, without TRACE, which answers with what it was asked. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
/** Copies of one mirror that may be under way or about to be, in one worker; each role has its part of them. */
const MOST_COPIES = 256;
const MOST_BYTES = 64 * 1_024 * 1_024;

export interface MirroringOptions {
  readonly timeoutMs: Ms;
  /** Where the sequence of shares begins, 0…1. */
  readonly start: number;
  /** Whether the worker has no time for copies at this moment. */
  readonly isStrained: (now: number) => boolean;
}

/** One lane's mirroring in one worker: at any time it may be told to follow another route. */
export class Mirroring implements CopyDesk {
  readonly #options: MirroringOptions;
  readonly #weyl: Weyl;
  readonly #isStrained: (now: number) => boolean;
  readonly #lines = new Set<Line>();
  #line: Line | undefined;
  #targets: readonly { readonly role: CopyRole; readonly pool: string; readonly backends: readonly Backend[] }[] = [];
  #isMeant: Test | undefined;
  #cut = 0;
  #turn = 0;
  #ids = 0;
  /** Requests that are being kept, and bytes of them. */
  #kept = 0;
  #bytes = 0;
  #shed = noSums();
  #news: Mirrored[] = [];

  constructor(options: MirroringOptions) {
    this.#options = options;
    this.#weyl = new Weyl(options.start);
    this.#isStrained = options.isStrained;
  }

  /** The same mirror goes on; another one begins anew, while copies under way end. */
  follow(route: Route | undefined): void {
    const { mirror } = route?.split ?? {};
    const key = route && keyOf(route);
    // What cannot be compiled throws before anything has changed.
    this.#isMeant = mirror?.when && anyTestOf(mirror.when);
    if (this.#line && this.#line.start.key !== key) {
      this.#tellShed();
      this.#line.close();
      this.#line = undefined;
    }
    this.#targets = (mirror?.to ?? []).flatMap((role) => {
      const pool = route?.pools[role];
      return pool ? [{ role, ...pool }] : [];
    });
    if (!mirror || key === undefined) return;
    this.#cut = Math.round((mirror.share / WHOLE) * AXIS);
    this.#line ??= this.#begin({ mirror, key, timeoutMs: this.#options.timeoutMs });
  }

  /** A request that stable will answer begins: its copy, if there is to be one. */
  begin(asked: Asked, head: string, now: number): Copy | undefined {
    const line = this.#line;
    if (!line) return undefined;
    if (line.start.mirror.methods === "safe" && !SAFE.has(asked.verb)) return undefined;
    if (this.#isMeant?.(new Sight(asked, false)) === false) return undefined;
    if (this.#weyl.next() >= this.#cut) return undefined;
    const isFull = this.#kept >= MOST_COPIES || this.#bytes + line.bytes >= MOST_BYTES;
    if (
      line.up &&
      !isFull &&
      !this.#isStrained(now) &&
      !line.isLate(now) &&
      this.#targets.some(({ role }) => this.#hasRoom(line, role))
    ) {
      this.#kept += 1;
      return new Copy(head, line.start, this);
    }
    this.#leaveOut();
    return undefined;
  }

  keep(bytes: number): void {
    this.#bytes += bytes;
  }

  drop(copy: Copy, due: boolean): void {
    this.#release(copy);
    if (due) this.#leaveOut();
  }

  handOver(copy: Copy): void {
    this.#release(copy);
    const line = this.#line;
    // The mirror that meant this request is no more.
    if (line?.start !== copy.start) return;
    if (!line.up) {
      this.#leaveOut();
      return;
    }
    const targets: Target[] = [];
    this.#turn += 1;
    for (const { role, pool, backends } of this.#targets) {
      const backend = backends[this.#turn % Math.max(1, backends.length)];
      if (backend && this.#hasRoom(line, role)) {
        const { replica, host, port } = backend;
        targets.push({ id: ++this.#ids, role, pool, replica, host, port });
      } else this.#shed[role].shed += 1;
    }
    if (targets.length > 0) line.send(copy, targets);
  }

  /** Replicas that answer a copy at this moment. */
  busy(): readonly string[] {
    return [...this.#lines].flatMap((line) => line.busy());
  }

  /** What was counted since this was last asked. */
  news(): readonly Mirrored[] {
    for (const line of this.#lines) line.look();
    this.#tellShed();
    return this.#news.splice(0);
  }

  /** Whether it follows no mirror, and nothing more is to be heard of those before. */
  get over(): boolean {
    return this.#line === undefined && this.#lines.size === 0 && this.#news.length === 0;
  }

  /** Ends the thread in the midst of its work; another one takes its place. */
  async kill(): Promise<void> {
    await this.#line?.terminate();
  }

  /** Ends the threads; what they have not told is lost. */
  async terminate(): Promise<void> {
    const lines = [...this.#lines];
    this.#line = undefined;
    for (const line of lines) line.close();
    await Promise.all(lines.map((line) => line.terminate()));
  }

  #begin(start: Line["start"]): Line {
    const over = (): void => void this.#lines.delete(line);
    const line = new Line(start, (mirrored) => this.#news.push(mirrored), over);
    this.#lines.add(line);
    return line;
  }

  /** A replica that hangs fills its own role's part only. */
  #hasRoom(line: Line, role: CopyRole): boolean {
    return line.open(role) < MOST_COPIES / this.#targets.length;
  }

  #release(copy: Copy): void {
    this.#kept -= 1;
    this.#bytes -= copy.bodyBytes + copy.answerBytes;
  }

  #leaveOut(): void {
    for (const { role } of this.#targets) this.#shed[role].shed += 1;
  }

  #tellShed(): void {
    const { canary, baseline } = this.#shed;
    if (!this.#line || canary.shed + baseline.shed === 0) return;
    this.#news.push({ key: this.#line.start.key, counts: [], sums: this.#shed, fields: [] });
    this.#shed = noSums();
  }
}
