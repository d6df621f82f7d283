// Which settings do all parts that carry traffic have?
import * as z from "zod";
import { ms } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { written } from "./reading.ts";
import { fractionFormat } from "./weights.ts";

/** A time that something may take: more than nothing, at most a day. */
export const time = (text: string, description: string) =>
  written(durationFormat({ atLeast: ms(1), atMost: ms(86_400_000) }))
    .prefault(text)
    .describe(description);

export const count = (atMost: number, standard: number, description: string) =>
  z.int().min(1).max(atMost).default(standard).describe(description);

/** What is shown to clients. */
export const Tls = z.strictObject({
  cert: z.string().min(1).describe("Certificate chain, a PEM file. Read again when it changes."),
  key: z.string().min(1).describe("Its key, a PEM file."),
});

/** When a pool or a replica gets no more requests. */
export const Circuit = z
  .strictObject({
    connections: count(1_000_000, 1_024, "Connections to one replica at once, per worker."),
    pending: count(1_000_000, 1_024, "Requests that wait for a connection; more are answered with 503."),
    consecutiveFailures: count(1_000_000, 5, "Failed requests in a row after which a replica gets none for a while."),
    ejection: time("5s", "First time without requests; it doubles with every further ejection, up to ten times this."),
    maxEjected: written(fractionFormat({ atLeast: 0, atMost: 100 }))
      .prefault("50%")
      .describe("At most this share of a pool may be without requests at once."),
  })
  .transform(({ ejection, ...rest }) => ({ ...rest, ejectionMs: ejection }));

/** How a replica of a pool is chosen. */
export const Balance = z
  .enum(["round-robin", "least-request", "random"])
  .default("least-request")
  .describe("How a replica of a pool is chosen.");
