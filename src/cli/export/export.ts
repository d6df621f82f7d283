// How is an export printed?
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDocument, stringify } from "yaml";
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
  const nothing = { services: [], units: [], rollouts: [] };
  const made = await exporter.make({ atHand: exporter.alone ? nothing : await atHandOf(files, state), options });
  if (made.folder) {
    const written = await write(made.folder);
    io.out(json ? JSON.stringify({ written }) : written.join("\n"));
    return 0;
  }
  io.out((json || made.as === "json" ? jsonOf(made) : yamlOf(made)).trimEnd());
  return 0;
}

/** One document as it is, several as a list; objects of a cluster as a list of its own kind. */
function jsonOf({ documents }: Exported): string {
  const items = documents.map((document) => (isDocument(document) ? (document.toJS() as unknown) : document));
  const list = items.every(isKubeObject) ? { apiVersion: "v1", kind: "List", items } : items;
  return JSON.stringify(items.length === 1 ? items[0] : list, undefined, 2);
}

function isKubeObject(item: unknown): boolean {
  return typeof item === "object" && item !== null && "apiVersion" in item && "kind" in item && "metadata" in item;
}

function yamlOf({ documents, about }: Exported): string {
  const head = about.map((line) => `# ${line}\n`).join("");
  return (
    head +
    documents
      .map((document) => {
        if (isDocument(document)) return document.toString({ lineWidth: 0 });
        return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
      })
      .join("---\n")
  );
}

/** Writes the files, over those that are there; answers their names. */
async function write({ path, files }: NonNullable<Exported["folder"]>): Promise<readonly string[]> {
  const written: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const file = join(path, name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
    written.push(file);
  }
  return written;
}
