// How does a file say which requests are copied?
import * as z from "zod";
import { MatchListSchema } from "./matches.ts";
import { written } from "./reading.ts";
import { WEIGHT } from "./weights.ts";

/** The fields that say which requests are copied. */
export const mirrorFields = {
  share: written(WEIGHT).prefault("100%").describe("Share of the requests that is copied."),
  match: MatchListSchema.optional().describe("Only requests of which all conditions of any entry hold."),
  methods: z
    .enum(["safe", "all"])
    .default("safe")
    .describe("safe: GET, HEAD and OPTIONS. all: everything; what a request does is then done twice."),
};

/** Which requests are copied, as the file asks for it. */
export type CopiesSpec = Readonly<z.output<z.ZodObject<typeof mirrorFields>>>;
