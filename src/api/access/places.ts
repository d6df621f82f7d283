// Which services is a file about, and where do they run?
import type { Issue } from "../../core/issues.ts";
import { parseDocument } from "../../core/spec/parse.ts";
import { KIND, type Rollout } from "../../core/spec/rollout.ts";
import { readGroupFile } from "../group-file.ts";
import { NO_ENVIRONMENT } from "./may.ts";

export interface Place {
  readonly service: string;
  readonly environment: string;
  /** In a cluster, where what it runs reaches what is there; nothing elsewhere. */
  readonly namespace?: string | undefined;
}

/** Where something is, as far as it is known. */
export type Somewhere = Pick<Place, "service"> & { readonly environment?: string | undefined };

/** The environment that a file names: its label, else its namespace. */
export function environmentIn({ labels, namespace }: Rollout["metadata"]): string {
  return labels?.["environment"] ?? namespace ?? NO_ENVIRONMENT;
}

/** Services, or mistakes. */
export type PlacesResult =
  | { readonly ok: true; readonly places: readonly Place[] }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** The services of a file of any kind, or its mistakes. */
export async function placesIn(text: string, origin: string): Promise<PlacesResult> {
  const parsed = parseDocument(text);
  if (!parsed.ok) return parsed;
  const { document, at } = parsed;
  if (document.kind === KIND) {
    const { metadata } = document;
    return { ok: true, places: [{ service: metadata.name, environment: environmentIn(metadata) }] };
  }
  const read = await readGroupFile(document, { origin, at });
  if (!read.ok) return read;
  const places = read.file.members.map(({ service, rollout }) => ({
    service,
    environment: environmentIn(rollout.metadata),
  }));
  return { ok: true, places };
}
