// How is an export printed?
import { stringify } from "yaml";
import type { Context } from "../io.ts";
import { atHandOf } from "./at-hand.ts";
import type { Exported, Exporter } from "./exporter.ts";

export interface ExportOptions {
  readonly exporter: Exporter;
  /** Rollout files that it is for. */
  readonly files: readonly string[];
  readonly options: unknown;
}

/** Prints what another program needs to know. */
export async function exportCommand(
  { exporter, files, options }: ExportOptions,
  { io, json, state }: Pick<Context, "io" | "json" | "state">,
): Promise<number> {
  const made = await exporter.make({ atHand: await atHandOf(files, state), options });
  io.out((json || made.as === "json" ? jsonOf(made) : yamlOf(made)).trimEnd());
  return 0;
}

/** One document as it is, several as a list. */
function jsonOf({ documents }: Exported): string {
  return JSON.stringify(documents.length === 1 ? documents[0] : documents, undefined, 2);
}

function yamlOf({ documents, about }: Exported): string {
  const head = about.map((line) => `# ${line}\n`).join("");
  return (
    head +
    documents.map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n")
  );
}
