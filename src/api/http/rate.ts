// How often may one address call?
import type { MiddlewareHandler } from "hono";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import type { Trouble } from "../../core/issues.ts";
import type { Asked, Env } from "./call.ts";
import { problem } from "./problem.ts";

/** So many calls in so many seconds are one address's. */
export interface Rate {
  readonly calls: number;
  readonly seconds: number;
}

/** A dashboard that opens a page makes some ten calls; a script that looks at a thousand services once is let through. */
const RATE: Rate = { calls: 3_000, seconds: 10 };

/** Refuses calls from an address that calls too often, whoever it is: logins and wrong tokens, too. */
export function limited({ calls, seconds }: Rate = RATE, addressOf: (c: Asked) => string): MiddlewareHandler<Env> {
  const limiter = new RateLimiterMemory({ points: calls, duration: seconds });
  return async (c, next) => {
    try {
      await limiter.consume(addressOf(c));
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      c.header("retry-after", String(Math.max(1, Math.ceil(refused.msBeforeNext / 1_000))));
      return problem(c, TOO_OFTEN, 429);
    }
    return next();
  };
}

const TOO_OFTEN: Trouble = {
  code: "SERIN_TOO_OFTEN",
  what: "too many calls in a short time",
  next: "wait for as long as Retry-After says; follow changes by /v1/events",
};
