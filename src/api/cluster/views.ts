// How is a Rollout followed by what its cluster tells?
import { setTimeout as sleep } from "node:timers/promises";
import { KubeError } from "../../adapters/kubernetes/client/errors.ts";
import { SerinError } from "../../core/issues.ts";
import type { Link, ServiceView, Viewing } from "../contract.ts";
import { withMissed } from "../views.ts";

/** How a Rollout is looked at, and what tells that it has changed. */
export interface Telling extends Pick<Link, "records"> {
  readonly look: () => Promise<ServiceView>;
  /** Something for each change, for as long as the cluster tells of them. */
  readonly changes: (signal: AbortSignal) => AsyncIterable<unknown>;
}

/** Pods change without a word of their Rollout. */
const PODS_MS = 5_000;
/** So often is enough to look where nobody is told of changes. */
const UNTOLD_MS = 1_000;
const AGAIN_MS = 500;
/** So long an API server may take to start again. */
const AWAY_MS = 10_000;

/** The service as it is now, and again when something has changed. Throws when it is gone, and when its cluster is. */
export async function* rolloutViews(
  { look, records, changes }: Telling,
  { service, after, signal }: Viewing,
): AsyncGenerator<ServiceView, void, undefined> {
  const ended = new AbortController();
  const news = new News(changes, AbortSignal.any([signal, ended.signal]));
  let known = after;
  let awayMs: number | undefined;
  try {
    while (!signal.aborted) {
      const view = await look().catch((error: unknown) => {
        if (signal.aborted) return undefined;
        awayMs ??= performance.now();
        if (!isSilent(error) || performance.now() - awayMs >= AWAY_MS) throw error;
        return undefined;
      });
      if (view) {
        awayMs = undefined;
        yield known === undefined
          ? view
          : await withMissed(view, known, (from, limit) => records(service, from, limit));
        known = view.version;
      }
      await news.come(view ? news.pauseMs : AGAIN_MS);
    }
  } finally {
    ended.abort();
  }
}

/** The API server is started again, or out of reach for a moment. */
const isSilent = (error: unknown): boolean =>
  error instanceof SerinError && error.trouble.code === "SERIN_KUBE_NO_ANSWER";

/** What has happened since somebody last asked. */
class News {
  readonly #signal: AbortSignal;
  #isTold = true;
  #has = false;
  #wake = (): void => undefined;

  constructor(changes: Telling["changes"], signal: AbortSignal) {
    this.#signal = signal;
    void this.#follow(changes);
  }

  /** How long nobody needs to look when nothing is told. */
  get pauseMs(): number {
    return this.#isTold ? PODS_MS : UNTOLD_MS;
  }

  /** Resolves when something has happened, or after a time. */
  async come(withinMs: number): Promise<void> {
    if (!this.#has) {
      const over = new AbortController();
      this.#wake = () => over.abort();
      const either = AbortSignal.any([over.signal, this.#signal]);
      await sleep(withinMs, undefined, { signal: either }).catch(() => undefined);
    }
    this.#has = false;
  }

  async #follow(changes: Telling["changes"]): Promise<void> {
    while (!this.#signal.aborted) {
      try {
        for await (const _change of changes(this.#signal)) this.#happened();
      } catch (error) {
        // To look at something does not mean to be told of it.
        if (error instanceof KubeError && error.status === 403) break;
      }
      await sleep(AGAIN_MS, undefined, { signal: this.#signal }).catch(() => undefined);
    }
    this.#isTold = false;
    this.#happened();
  }

  #happened(): void {
    this.#has = true;
    this.#wake();
  }
}
