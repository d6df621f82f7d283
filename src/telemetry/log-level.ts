// How much is logged?

export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

/** The least that is logged. */
export type LogLevel = (typeof LOG_LEVELS)[number];
