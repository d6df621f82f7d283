// Is it still the same process whose page is read, and how much has it counted since it was first read?
import type { Page } from "../../core/exposition/parse.ts";
import type { Reading } from "../../core/signals.ts";

/**
 * Some libraries compute the time of the start anew for each page, from a clock that is set now and then; it moves by
 * up to a second. A process that lived shorter than this shows by its counters, which have become smaller.
 */
const SAME_START_SECONDS = 3;

/** A counter as it was last on the page, and what is added to it. */
interface Kept {
  readonly raw: readonly number[];
  readonly offset: readonly number[];
  /** It was asked for since, and was not there. */
  readonly missed?: boolean;
}

interface Life {
  readonly epoch: string;
  /** The time of the start as it was read last, in seconds; NaN when no page has told it. */
  readonly start: number;
  readonly kept: Map<string, Kept>;
  /** The names that its last page was read for. */
  readonly asked: ReadonlySet<string>;
}

/** What was read of a page. */
interface Read {
  readonly values: Readonly<Record<string, Reading>>;
  /** Names that were looked for, whether or not they are there. */
  readonly asked: ReadonlySet<string>;
}

/** What one page gives, in the terms of the replica's life. */
export interface Lived {
  readonly epoch: string;
  readonly values: Readonly<Record<string, Reading>>;
  /** Counters that have become smaller although the process is the same: a series that was added is gone. */
  readonly shrunk: readonly string[];
}

/** What is remembered of each replica between two pages. */
export class Lives {
  readonly #lives = new Map<string, Life>();
  /** Those whose first page could not be read. */
  readonly #late = new Set<string>();

  /** The page of a replica could not be read. */
  failed(replica: string): void {
    if (!this.#lives.has(replica)) this.#late.add(replica);
  }

  /**
   * Carries on the counters of a replica: they only grow within an epoch. All of a counter is new when its replica or its
   * series is. It begins at 0 when its replica has been there before, but it could not be read or was not asked for:
   * nobody knows how much of it is new.
   */
  live(replica: string, page: Page, read: Read): Lived {
    const start = page.samples.get("process_start_time_seconds")?.[0]?.value ?? Number.NaN;
    const known = this.#lives.get(replica);
    const goesOn = known !== undefined && isSame(known.start, start);
    const life: Life = goesOn ? { ...known, start, asked: read.asked } : newLife(start, read.asked);
    this.#lives.set(replica, life);
    const late = this.#late.delete(replica);
    const shrunk: string[] = [];
    const values = Object.entries(read.values).map(([name, reading]) => {
      const raw = numbersOf(reading);
      if (!raw) return [name, reading] as const;
      const last = life.kept.get(name);
      const isAdded = goesOn && (!known.asked.has(name) || last?.missed === true);
      const before = isAdded ? undefined : last;
      const isLess = before !== undefined && isBelow(raw, before.raw);
      if (isLess && life.epoch !== "") shrunk.push(name);
      const kept = before ? carried(before, raw, { isLess, epoch: life.epoch }) : firstOf(raw, late || isAdded);
      life.kept.set(name, kept);
      return [name, shown(reading, kept)] as const;
    });
    for (const [name, last] of life.kept) if (!read.values[name]) life.kept.set(name, { ...last, missed: true });
    return { epoch: life.epoch, values: Object.fromEntries(values), shrunk };
  }

  /** Forgets all others. */
  keep(replicas: ReadonlySet<string>): void {
    for (const replica of this.#late) if (!replicas.has(replica)) this.#late.delete(replica);
    for (const replica of this.#lives.keys()) if (!replicas.has(replica)) this.#lives.delete(replica);
  }
}

function newLife(start: number, asked: Life["asked"]): Life {
  return { epoch: Number.isFinite(start) ? String(start) : "", start, kept: new Map(), asked };
}

function isSame(before: number, now: number): boolean {
  if (!Number.isFinite(before) || !Number.isFinite(now)) return !Number.isFinite(before) && !Number.isFinite(now);
  return Math.abs(now - before) <= SAME_START_SECONDS;
}

/** Nothing for what does not count. */
function numbersOf(reading: Reading): Kept["raw"] | undefined {
  if (reading.kind === "gauge") return undefined;
  return reading.kind === "counter" ? [reading.value] : reading.counts;
}

function isBelow(now: readonly number[], before: readonly number[]): boolean {
  return now.length !== before.length || now.some((one, index) => one < (before[index] ?? 0));
}

function firstOf(raw: readonly number[], begins: boolean): Kept {
  return { raw, offset: raw.map((one) => (begins ? -one : 0)) };
}

/** When it has become smaller, nothing of it is new if the process is the same, and all of it if it may be another. */
function carried(
  before: Kept,
  raw: readonly number[],
  now: { readonly isLess: boolean; readonly epoch: string },
): Kept {
  if (!now.isLess) return { raw, offset: before.offset };
  if (raw.length !== before.raw.length) return firstOf(raw, false);
  const total = (index: number): number => (before.raw[index] ?? 0) + (before.offset[index] ?? 0);
  return { raw, offset: raw.map((one, index) => total(index) - (now.epoch === "" ? 0 : one)) };
}

function shown(reading: Reading, { raw, offset }: Kept): Reading {
  const numbers = raw.map((one, index) => one + (offset[index] ?? 0));
  if (reading.kind === "histogram") return { ...reading, counts: numbers };
  return { ...reading, value: numbers[0] ?? 0 };
}
