// Which replica serves this request, and what came of it?
//
// Both fronts, HTTP/1.1 and HTTP/2, ask here: one `Turn` per request under way (reusable, one after another).
//
//   turn.begin(traffic.keyOf(cookieHeader, header))   chooses the role; `turn.cookie` is the Set-Cookie line, or ""
//   turn.next()                                       a replica to try, or undefined: nobody (503), or wait (`turn.waiting`)
//   turn.answered(status) / turn.failed() / turn.left()  the try is over: counted, and the replica's load goes down
import type { Backend } from "../core/split.ts";

/** Told when a replica has room again for a turn that waits. */
export interface Waiter {
  /** Call `turn.next()` again. */
  room(): void;
}

export interface Turn {
  /** Value of the Set-Cookie that the answer must carry; "" for none. */
  readonly cookie: string;
  /** True after `next` gave nothing because the pool's replicas are busy: `Waiter.room` follows. */
  readonly waiting: boolean;
  /** Chooses the role by the sticky key, or evenly without one. The time counts from here. */
  begin(key: string | undefined): void;
  /** The next replica to try, never the same twice; falls back to stable in the end. */
  next(): Backend | undefined;
  /** The answer is complete (for an upgrade: begun). 5xx count as failed. */
  answered(status: number, timed: boolean): void;
  /** No answer: refused, reset, timed out. Another `next` may follow. */
  failed(): void;
  /** The client went away: nothing is counted. Also gives up waiting. */
  left(): void;
}

export interface Traffic {
  /** Name of the header or cookie that keeps a user with a role, lower case for a header. */
  readonly sticky: { readonly kind: "cookie" | "header"; readonly name: string } | undefined;
  /** A request's sticky key: from its Cookie header, or the header that `sticky` names. */
  keyOf(cookie: string | undefined, header: string | undefined): string | undefined;
  turn(waiter: Waiter): Turn;
}
