// How does an editor learn what a rollout file may say?
import * as z from "zod";
import { RolloutSchema } from "./rollout.ts";

/**
 * The JSON Schema of a rollout file, made from the one definition. It knows the shape; the rules between fields are
 * `serin check`'s. Draft 7, which every editor understands.
 */
export function rolloutJsonSchema(): Readonly<Record<string, unknown>> {
  const { $schema, ...schema } = z.toJSONSchema(RolloutSchema, {
    io: "input",
    target: "draft-7",
    unrepresentable: "any",
  });
  return { $schema, title: "Serin rollout", ...schema };
}
