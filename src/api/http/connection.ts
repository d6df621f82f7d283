// How long may a caller's connection take, and rest?

/** So long a call may take to come in. */
const REQUEST_MS = 30_000;
/** So long a connection stays for the next call: longer than clients keep theirs, so that none is closed as a call comes in. */
const IDLE_MS = 75_000;

/** As Node's servers want it. */
export const CONNECTION = {
  requestTimeout: REQUEST_MS,
  headersTimeout: REQUEST_MS,
  keepAliveTimeout: IDLE_MS,
} as const;
