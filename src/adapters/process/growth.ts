// How much has a replica used so far, over the restarts of its process?

/** What is counted of one process so far. */
interface Counted {
  /** Which process: another one begins at 0. */
  readonly birth: string | undefined;
  readonly value: number;
}

/** A total that only grows, and the reading that it was brought up to. */
export interface Total extends Counted {
  readonly total: number;
}

/** A total before anything was read. Of a process that ran before, only what comes counts. */
export function startTotal(before: { readonly birth: string | undefined } | undefined, first: Counted): Total {
  const ranBefore = before !== undefined && before.birth !== undefined && before.birth === first.birth;
  return { ...first, total: ranBefore ? 0 : first.value };
}

/**
 * The total after another reading. Of another process all is new; what the one before used after its last reading is
 * lost. A reading of the same process may fall, when a child ends that nobody waits for: then nothing is new.
 */
export function grow(before: Total, now: Counted): Total {
  const more = now.birth === before.birth ? Math.max(0, now.value - before.value) : now.value;
  return { ...now, total: before.total + more };
}
