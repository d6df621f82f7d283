// How many refusals of one caller are written down?
import type { Clock } from "../../ports/clock.ts";
import type { Audit, AuditNote } from "./audit.ts";

/** So many of one caller in a minute: each is an entry that stays on disk. */
const MOST = 30;
const WINDOW_MS = 60_000;

interface Counted {
  readonly untilMs: number;
  readonly written: number;
  readonly leftOut: number;
}

/** Writes down what a caller had no right to, up to a number in a minute; the next entry says how many it left out. */
export class Refusals {
  readonly #clock: Clock;
  readonly #audit: Pick<Audit, "note">;
  readonly #counted = new Map<string, Counted>();

  constructor(clock: Clock, audit: Pick<Audit, "note">) {
    this.#clock = clock;
    this.#audit = audit;
  }

  /** Throws where it should be written down and cannot be. */
  note(note: AuditNote): void {
    const of = note.actor ?? note.from ?? "";
    const nowMs = this.#clock.now();
    const before = this.#counted.get(of);
    const leftOut = before?.leftOut ?? 0;
    const isOpen = before !== undefined && nowMs < before.untilMs;
    const { untilMs, written } = isOpen ? before : { untilMs: nowMs + WINDOW_MS, written: 0 };
    if (written >= MOST) {
      this.#counted.set(of, { untilMs, written, leftOut: leftOut + 1 });
      return;
    }
    this.#audit.note(leftOut > 0 ? { ...note, leftOut } : note);
    this.#counted.set(of, { untilMs, written: written + 1, leftOut: 0 });
  }
}
