// What does a metrics page say just now?
import { Agent } from "node:http";
import type { PageFormat } from "../../core/exposition/line.ts";
import { type Page, parsePage } from "../../core/exposition/parse.ts";
import { fetchPage } from "./fetch.ts";

/** Where a page may be. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

const TIMEOUT_MS = 5_000;
const MOST_BYTES = 16 * 1_048_576;

/** Reads a page once, as the replicas' are read. Rejects with what was found instead. */
export async function lookAtPage(
  place: Place,
  signal: AbortSignal,
): Promise<{ readonly page: Page; readonly format: PageFormat }> {
  const agent = new Agent();
  try {
    const target = { ...place, agent, timeoutMs: TIMEOUT_MS, mostBytes: MOST_BYTES, signal };
    const { text, format } = await fetchPage(target);
    return { page: parsePage(text, format), format };
  } finally {
    agent.destroy();
  }
}
