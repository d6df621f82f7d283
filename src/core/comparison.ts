// In what do the copies' answers differ from those that users got?

/** One request of which a part of the answer differed, shortened for people. */
export interface DifferenceExample {
  /** `GET /orders/7?full=1`. */
  readonly request: string;
  /** What the user got, and what the candidate answered; `undefined` where the part was not there. At most 200 characters each. */
  readonly stable: string | undefined;
  readonly candidate: string | undefined;
}

/**
 * One part of the answers. Paths name a place by structure, list entries as `[]`: `status`, `header.cache-control`,
 * `body`, `body.items[].price`.
 */
export interface FieldCounts {
  readonly path: string;
  /** Answers of the candidate, and of a second copy of stable, in which it differed from what the user got. */
  readonly candidate: number;
  readonly noise: number;
  /** At most three, the first ones found. */
  readonly examples: readonly DifferenceExample[];
}

/** All that was compared since the mirror was last set. Counts only ever grow while the epoch stays. */
export interface Comparison {
  readonly epoch: string;
  /** Answers of the candidate, and of the second copy of stable, that were compared. */
  readonly candidate: number;
  readonly noise: number;
  /** Copies that were due and left out: the data plane was busy, the message too large, no replica ready, no answer. */
  readonly shed: number;
  readonly failed: number;
  /** The parts that differed at all, those with the most differences of the candidate first; at most 200. */
  readonly fields: readonly FieldCounts[];
}
