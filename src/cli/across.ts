// How does somebody go on watching when the controller is started again?
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "../api/client.ts";
import type { Viewing } from "../api/contract.ts";
import { SerinError } from "../core/issues.ts";

/** So long a controller may take to start again. */
const STARTS_MS = 10_000;
const AGAIN_MS = 250;

/** What is followed of a controller, how another one is found once this one is gone, and for how long it is looked for. */
export interface Finding<View> {
  readonly views: (link: Client, what: Viewing) => AsyncIterable<View>;
  readonly find: () => Promise<Client | undefined>;
  readonly withinMs?: number | undefined;
}

/** Views of a service or group, by one controller after another; throws what the last one said when none follows it. */
export async function* acrossRestarts<View extends { readonly version: number }>(
  first: Client,
  what: Viewing,
  { views, find, withinMs = STARTS_MS }: Finding<View>,
): AsyncGenerator<View, void, undefined> {
  let link = first;
  let { after } = what;
  for (;;) {
    try {
      for await (const view of views(link, { ...what, after })) {
        after = view.version;
        yield view;
      }
      return;
    } catch (error) {
      if (!isLost(error)) throw error;
      const next = await found(find, { withinMs, signal: what.signal });
      if (what.signal.aborted) return;
      if (!next) throw error;
      link = next;
    }
  }
}

/** Gone, or another one by now, which has another token. */
const isLost = (error: unknown): boolean =>
  error instanceof SerinError && ["SERIN_NO_ANSWER", "SERIN_NOT_ALLOWED"].includes(error.trouble.code);

async function found(
  find: Finding<never>["find"],
  { withinMs, signal }: { readonly withinMs: number; readonly signal: AbortSignal },
): Promise<Client | undefined> {
  const until = performance.now() + withinMs;
  do {
    const link = await find();
    if (link) return link;
    await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
  } while (performance.now() < until && !signal.aborted);
  return undefined;
}
