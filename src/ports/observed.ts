// What does a look at the world answer?

/** What was seen: a value, nothing there, or nothing readable and why. Never a guess. */
export type Observed<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "absent" }
  | { readonly kind: "unreadable"; readonly why: string };

/** How long a call may take and when it is called off. Every call of a port gets one. */
export interface Call {
  readonly signal: AbortSignal;
}

/** Something was seen. */
export function seen<T>(value: T): Observed<T> {
  return { kind: "value", value };
}

/** Nothing is there. */
export const ABSENT = { kind: "absent" } as const;

/** It cannot be told. */
export function unreadable(why: string): Observed<never> {
  return { kind: "unreadable", why };
}
