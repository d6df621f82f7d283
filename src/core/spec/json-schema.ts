// How does an editor learn what a file may say?
import * as z from "zod";
import { FacadeSchema } from "./facade.ts";
import { ReleaseSchema } from "./release.ts";
import { RolloutSchema } from "./rollout.ts";

type Json = Readonly<Record<string, unknown>>;

/**
 * The JSON Schema of a rollout file, made from the one definition. It knows the shape; the rules between fields are
 * `serin check`'s. Draft 7, which every editor understands.
 */
export function rolloutJsonSchema(): Json {
  return jsonSchema("Serin rollout", RolloutSchema);
}

/** The same of a façade's file. */
export function facadeJsonSchema(): Json {
  return jsonSchema("Serin façade", FacadeSchema);
}

/** The same of a release's file. */
export function releaseJsonSchema(): Json {
  return jsonSchema("Serin release", ReleaseSchema);
}

function jsonSchema(title: string, of: z.ZodType): Json {
  const { $schema, ...schema } = z.toJSONSchema(of, { io: "input", target: "draft-7", unrepresentable: "any" });
  return { $schema, title, ...schema };
}
