// How do changes of routes come one after another, and none gets lost when another proxy takes over?
import { setTimeout as pause } from "node:timers/promises";
import { changed, undoOf, type Change } from "./served.ts";
import { stageRoutes } from "./store.ts";
import type { Fleet } from "./workers.ts";

/** So long changes wait for a successor that has asked for it, and then never came. */
const HOLD_MS = 2_000;

export interface Changes {
  /** Every worker follows the change and it is kept for the next start; or nothing has changed and it rejects. */
  change(change: Change): Promise<void>;
  /** Resolves when no change is under way; those that come now wait for `end`, or for a moment. */
  hold(): Promise<void>;
  /** From now on every change is refused: this proxy stops. */
  end(): void;
}

export function changesOf(dir: string, fleet: Fleet): Changes {
  const inTurn = line();
  const ended = Promise.withResolvers<void>();
  let over = false;
  return {
    change: (change) =>
      inTurn(async () => {
        if (over) throw new Error("the proxy is being stopped");
        await take(change, dir, fleet);
      }),
    hold: () =>
      new Promise((resolve) => {
        void inTurn(async () => {
          resolve();
          await Promise.race([ended.promise, pause(HOLD_MS, undefined, { ref: false })]);
        });
      }),
    end: () => {
      over = true;
      ended.resolve();
    },
  };
}

/** Does one thing after another, in the order in which they came. */
function line(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}

/**
 * What is most likely to fail comes first: the file is written down to the disk, then the workers follow, then the file
 * takes its place. When one fails, what was done before it is undone.
 */
async function take(change: Change, dir: string, fleet: Fleet): Promise<void> {
  const before = fleet.routes;
  const staged = stageRoutes(dir, changed(before, change));
  try {
    await fleet.change(change);
    staged.commit();
  } catch (error) {
    staged.discard();
    if (fleet.routes !== before) await fleet.change(undoOf(change, before));
    throw error;
  }
}
