// How does a failure look as the answer to a call?
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { z } from "@hono/zod-openapi";
import { SerinError, type Trouble } from "../../core/issues.ts";
import type { Problem } from "../contract.ts";
import { Stale } from "../stale.ts";

/** A refusal that its code does not give the status of. */
export class Refused extends SerinError {
  readonly status: ProblemStatus;

  constructor(trouble: Trouble, status: ProblemStatus) {
    super(trouble);
    this.status = status;
  }
}

type ProblemStatus = 400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 421 | 429 | 500 | 503;

/** When it may be worth to ask again, in seconds, where nobody knows better. */
const AGAIN_S = 10;

/** A trouble as the answer to a call. */
export function problem(c: Context, trouble: Trouble, status: ProblemStatus): Response {
  return said(c, status, { trouble });
}

function said(
  c: Context,
  status: ProblemStatus,
  { trouble, ...more }: Pick<Problem, "trouble" | "changes" | "version">,
): Response {
  // It may have been named already, and a refusal is no version of it.
  c.header("etag", undefined);
  if (status === 503) c.header("retry-after", String(AGAIN_S));
  const body: Problem = { type: `urn:serin:${trouble.code}`, title: trouble.what, status, trouble, ...more };
  return c.body(JSON.stringify(body), status, { "content-type": "application/problem+json" });
}

/** Whatever was thrown. What nobody expected is said to the log, and not to whoever asked: it may name files, or more. */
export function answerTo(error: unknown, c: Context): Response {
  if (error instanceof Stale) {
    const { trouble, changes, version } = error;
    return said(c, 409, { trouble, changes, version });
  }
  if (error instanceof Refused) return problem(c, error.trouble, error.status);
  if (error instanceof SerinError) return problem(c, error.trouble, statusOf(error.trouble));
  if (error instanceof z.ZodError) return problem(c, { ...BAD_CALL, found: z.prettifyError(error) }, 400);
  if (error instanceof HTTPException && error.status < 500)
    return problem(c, { ...BAD_CALL, found: error.message }, 400);
  if (error instanceof HTTPException) return problem(c, SLOW, 503);
  console.error(error);
  return problem(c, FAILED, 500);
}

const BAD_CALL: Trouble = { code: "SERIN_BAD_CALL", what: "the call is not understood", exitCode: 2 };
const SLOW: Trouble = {
  code: "SERIN_SLOW",
  what: "the answer is not there in time",
  now: "what was asked may still be done",
  next: "look at the service before you ask again",
};
const FAILED: Trouble = {
  code: "SERIN_FAILED",
  what: "the call met a mistake in Serin",
  next: "look into the controller's output, and report it",
};

const STATUS: Readonly<Record<string, ProblemStatus>> = {
  SERIN_UNKNOWN_SERVICE: 404,
  SERIN_UNKNOWN_ROLLOUT: 404,
  SERIN_NO_LOG: 404,
  SERIN_BUSY: 503,
  SERIN_NO_MEMORY: 503,
  SERIN_NOTHING_PLANNED: 404,
};

function statusOf({ code, exitCode }: Trouble): ProblemStatus {
  return STATUS[code] ?? (exitCode === 2 ? 400 : 409);
}
