// What does an API server say when it says no?
import { SerinError } from "../../../core/issues.ts";

/** An answer that is no success. */
export class KubeError extends Error {
  override readonly name = "KubeError";
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** Machine-readable: `Conflict`, `NotFound`, `Expired`. */
  readonly reason: string;

  constructor(asked: string, answer: { status: number; reason: string; message: string }, options?: ErrorOptions) {
    super(`${asked}: ${answer.message}`, options);
    this.status = answer.status;
    this.reason = answer.reason;
  }
}

/** Whether somebody else has written in between, or the object is another one now. */
export function isConflict(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 409;
}

/** Whether it is not there. */
export function isMissing(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 404;
}

/** Whether a place in the watch's history is not known any more: list again. */
export function isExpired(error: unknown): error is KubeError {
  return error instanceof KubeError && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}

/** A failure with its remedy, for people. */
export function explained(error: KubeError): SerinError {
  const { status, message } = error;
  if (status === 403) {
    return new SerinError(
      {
        code: "SERIN_KUBE_FORBIDDEN",
        what: "the cluster does not allow it",
        found: message,
        now: "nothing was changed",
        next: "compare the permissions with: serin export install",
      },
      { cause: error },
    );
  }
  return new SerinError(
    {
      code: status === 0 ? "SERIN_KUBE_NO_ANSWER" : "SERIN_KUBE_REFUSED",
      what: "the cluster did not do it",
      found: message,
    },
    { cause: error },
  );
}
