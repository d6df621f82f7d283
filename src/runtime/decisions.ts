// Which decisions were taken after a version, without keeping anything else waiting?
import { setImmediate as turn } from "node:timers/promises";
import type { DecisionRecord } from "../core/engine/state.ts";
import type { Journal, Seq } from "../ports/journal.ts";

type Reading = Pick<Journal, "records">;

/** Records read at once: a journal may keep everything else waiting until it has read and understood them. */
const PAGE = 200;

/** Decisions with a version above `after`, oldest first, at most `limit`. Other work has its turn in between. */
export async function decisionsAfter(
  journal: Reading,
  service: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly DecisionRecord[]> {
  const found: DecisionRecord[] = [];
  let seq = after > 0 ? await placeBefore(journal, service, after) : 0;
  while (found.length < limit) {
    const page = await journal.records(service, seq, PAGE);
    const last = page.at(-1);
    if (!last) break;
    found.push(...page.map(({ record }) => record as DecisionRecord).filter(({ version }) => version > after));
    seq = last.seq;
    // Also after the last page: whoever asks for the next ones at once must not be the only one who is served.
    if (page.length >= PAGE) await turn();
  }
  return found.slice(0, limit);
}

/**
 * A place up to which no version is above `after`, and at most about a page before the first that is. Versions grow with
 * their places, but not in step: an append may hold several decisions, or none.
 */
async function placeBefore(journal: Reading, service: string, after: number): Promise<Seq> {
  /** The place of the next decision, if that is not above. */
  const nextOf = async (seq: Seq): Promise<Seq | undefined> => {
    const [next] = await journal.records(service, seq, 1);
    return next && (next.record as DecisionRecord).version <= after ? next.seq : undefined;
  };
  let [low, high] = [0, Infinity];
  for (let step = PAGE; high - low > PAGE;) {
    const seq = high === Infinity ? low + step : Math.floor((low + high) / 2);
    const next = await nextOf(seq);
    // Another decision of the same append may be above.
    if (next === undefined) high = seq;
    else low = next - 1;
    step *= 2;
  }
  return low;
}
