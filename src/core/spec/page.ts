// How does a rollout file say where replicas tell of themselves?
import * as z from "zod";
import { ms } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { shown, written } from "./reading.ts";

export const Page = z
  .strictObject({
    path: z
      .string()
      .regex(/^\/[\x21-\x7e]*$/u, {
        error: ({ input }) => `found ${shown(input)}, a path begins with a slash, such as /metrics`,
      })
      .default("/metrics")
      .describe("Path of the page, in the Prometheus text format or as OpenMetrics; it may have a query."),
    port: z.int().min(1).max(65_535).optional().describe("Its port. Default: the one that answers requests."),
    every: written(durationFormat({ atLeast: ms(500), atMost: ms(300_000) }))
      .prefault("5s")
      .describe("How often it is read."),
    timeout: written(durationFormat({ atLeast: ms(10), atMost: ms(60_000) }))
      .prefault("2s")
      .describe("Longest time that one replica may take to answer."),
  })
  .transform(({ every, timeout, ...rest }) => ({ ...rest, everyMs: every, timeoutMs: timeout }));

/** Where the metrics pages of a service are, as the file asks for them. */
export type PageSpec = Readonly<z.output<typeof Page>>;
