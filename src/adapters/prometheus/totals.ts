// How much has a series counted since it was first looked at, when its samples come again and again?

/** A sample: a counter's value, or a histogram's counts. */
export type Counted = readonly [atMs: number, raw: readonly number[]];

/** What is remembered of a series. */
export interface Total {
  readonly lastMs: number;
  readonly last: readonly number[];
  /** Since it was first looked at; it never becomes smaller. */
  readonly total: readonly number[];
}

/**
 * Adds samples that are newer than the last one, oldest first. A value below the one before began again at 0. Of a series
 * that was not there before, all is new, or nothing: whoever begins to look does not know how much of it is old.
 */
export function counted(known: Total | undefined, samples: readonly Counted[], isNew: boolean): Total | undefined {
  let state = known;
  if (state === undefined && !isNew) {
    const newest = samples.at(-1);
    return newest && { lastMs: newest[0], last: newest[1], total: newest[1].map(() => 0) };
  }
  for (const [atMs, raw] of samples) {
    if (state !== undefined && atMs <= state.lastMs) continue;
    state = { lastMs: atMs, last: raw, total: added(state, raw) };
  }
  return state;
}

function added(state: Total | undefined, raw: readonly number[]): readonly number[] {
  if (state === undefined) return raw;
  const { last, total } = state;
  const isLess = raw.length !== last.length || raw.some((one, index) => one < (last[index] ?? 0));
  return raw.map((one, index) => (total[index] ?? 0) + (isLess ? one : one - (last[index] ?? 0)));
}

/** The usual time between two samples; nothing of fewer than two. */
export function rhythmOf(moments: readonly number[]): number | undefined {
  const gaps = moments.slice(1).map((at, index) => at - (moments[index] ?? at));
  const sorted = gaps.filter((gap) => gap > 0).toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}
