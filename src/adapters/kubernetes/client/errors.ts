// What does an API server say when it says no?
import { SerinError, type Trouble } from "../../../core/issues.ts";

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
  const because = { cause: error };
  if (status === 403) return new SerinError(forbidden(message), because);
  if (status === 401) {
    const what = "the cluster does not know who asks";
    const next = "log in again, or name another --kubeconfig or --context; kubectl auth whoami shows who you are";
    return new SerinError({ code: "SERIN_KUBE_NOT_ALLOWED", what, found: message, now: NOTHING, next }, because);
  }
  if (status === 0) {
    const next = "look whether it can be reached: kubectl version";
    const now = "traffic stays at the last split";
    const what = "the cluster does not answer";
    return new SerinError({ code: "SERIN_KUBE_NO_ANSWER", what, found: message, now, next }, because);
  }
  return new SerinError({ code: "SERIN_KUBE_REFUSED", what: "the cluster did not do it", found: message }, because);
}

const NOTHING = "nothing was changed";

/** As the API server says it: `User "ana" cannot patch resource "rollouts" in API group "serin.dev" in the namespace "prod"`. */
const CANNOT = /User "([^"]+)" cannot (\S+) resource "([^"]+)"[^:]*?(?: in the namespace "([^"]+)")?$/u;

function forbidden(message: string): Trouble {
  const [, user, verb = "", resource = "", namespace] = CANNOT.exec(message) ?? [];
  const code = "SERIN_KUBE_FORBIDDEN";
  if (user === undefined) return { code, what: "the cluster does not allow it", found: message, now: NOTHING };
  const where = namespace === undefined ? "in all namespaces" : `in ${namespace}`;
  const isOwn = resource === "rollouts";
  const role = LOOKS.has(verb) ? (isOwn ? "serin-view" : "view") : isOwn ? "serin-edit" : "edit";
  return {
    code,
    what: `${user} may not ${verb} ${resource} ${where}`,
    now: NOTHING,
    next: `have whoever administers the cluster bind the ClusterRole ${role} to ${user} ${where}`,
  };
}

const LOOKS: ReadonlySet<string> = new Set(["get", "list", "watch"]);
