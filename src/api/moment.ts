// Which moment does a text mean?

/** Milliseconds since 1970 of ISO 8601 with a zone: anything else would mean another moment on another machine. */
export function momentOf(text: string): number | undefined {
  const whole = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/u.test(text);
  const atMs = whole ? Date.parse(text.replace(" ", "T")) : NaN;
  return Number.isNaN(atMs) ? undefined : atMs;
}
