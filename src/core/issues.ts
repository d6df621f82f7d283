// What can go wrong, and how is it said?

/** One mistake in a rollout file. Lines and columns count from 1. */
export interface Issue {
  readonly line: number;
  readonly column: number;
  /** Where in the document: `spec.strategy.canary.steps[1].weight`. Empty for the document itself. */
  readonly path: string;
  /** Stable name of the kind of mistake: `unknown-field`, `wrong-type`, `yaml`, … */
  readonly code: string;
  /** What was found and what would be right, one or two sentences. */
  readonly message: string;
}

/** What a failure tells the person who meets it. */
export interface Trouble {
  /** Stable, in capitals: `SERIN_PORT_IN_USE`. */
  readonly code: string;
  /** What was asked and what went wrong, one sentence. */
  readonly what: string;
  /** What was found instead. */
  readonly found?: string | undefined;
  /** What the traffic does now. */
  readonly now?: string | undefined;
  /** The next command, or the next thing to do. */
  readonly next?: string | undefined;
  /** What commands should answer: 1 failed, 2 bad input, 3 rolled back, 4 waiting for a person. */
  readonly exitCode?: 1 | 2 | 3 | 4 | undefined;
  /** Trying again will not help until a person does something: a port that somebody else holds. */
  readonly hopeless?: true | undefined;
}

/** A failure with its remedy. */
export class SerinError extends Error {
  override readonly name = "SerinError";
  readonly trouble: Trouble;

  constructor(trouble: Trouble, options?: { readonly cause?: unknown }) {
    super(describe(trouble), options);
    this.trouble = trouble;
  }
}

/** A trouble as text: one line, then `found`, `now` and `next` where there are any. */
export function describe(trouble: Trouble): string {
  const lines = [`${trouble.code} ${trouble.what}`];
  if (trouble.found) lines.push(`  found  ${trouble.found}`);
  if (trouble.now) lines.push(`  now    ${trouble.now}`);
  if (trouble.next) lines.push(`  next   ${trouble.next}`);
  return lines.join("\n");
}

/** A trouble in one sentence, for use within another one. */
export function brief({ code, what, found }: Trouble): string {
  return `${code} ${what.replace(/\.$/u, "")}${found ? ` (${found})` : ""}`;
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
