// Which values of a file are texts?
import * as z from "zod";
import { shown } from "./reading.ts";

/** Numbers and `true` need no quotes; the parser has already turned them into the text that stands in the file. */
export const Plain: z.ZodType<string, string | number | boolean> = z
  .union([z.string(), z.number(), z.boolean()], {
    error: ({ input }) => `found ${shown(input)}, a text must be here; an empty one is written ""`,
  })
  .transform(String);
