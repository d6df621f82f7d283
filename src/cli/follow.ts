// How is a service watched while it changes?
import { createLogUpdate } from "log-update";
import { decision } from "../core/engine/decision-text.ts";
import type { Link, ServiceView } from "../api/contract.ts";
import { ms, type Ms } from "../core/units.ts";
import type { Io } from "./io.ts";
import { clockTime, painter } from "./paint.ts";
import { renderService } from "./view.ts";

/** When to stop watching, and what to show. */
export interface Follow {
  readonly service: string;
  /** Decisions up to this version are known already. */
  readonly afterVersion: number;
  /** Ends the watching. */
  readonly until: (view: ServiceView) => boolean;
  readonly json: boolean;
  readonly signal: AbortSignal;
}

const EVERY_MS = 250;

/** Shows every change of a service until there is nothing more to wait for; answers the last view. */
export function follow(link: Followed, io: Io, what: Follow): Promise<ServiceView> {
  const { service, afterVersion } = what;
  const render = (view: ServiceView): readonly string[] => {
    const width = Math.max(60, Math.min(process.stdout.columns ?? 100, 140));
    return renderService(view, { width, paint: painter(io.color), decisions: 5 });
  };
  const isLive = io.live && !what.json;
  const told = link.views?.bind(link);
  const views = told && ((signal: AbortSignal) => told({ service, signal, after: afterVersion }));
  return showUntil(isLive ? livePicture(render) : plainLines(io, what), {
    ...what,
    read: () => link.get(service),
    // A picture has a clock.
    views: views && isLive ? (signal) => ticking(views(signal), signal) : views,
  });
}

/** Tells by itself what changes, or is looked at again and again. */
type Followed = Pick<Link, "get" | "views">;

/** How one view after the other is shown. */
export interface Picture<View> {
  next(view: View): void;
  end(view: View): void;
}

/** What is looked at again and again, and when that ends. */
export interface Watched<View> {
  readonly read: () => Promise<View>;
  readonly until: (view: View) => boolean;
  readonly signal: AbortSignal;
  /** View after view as it changes, instead of looking. */
  readonly views?: ((signal: AbortSignal) => AsyncIterable<View>) | undefined;
}

/** Shows view after view until there is nothing more to wait for; answers the last one. */
export async function showUntil<View>(show: Picture<View>, what: Watched<View>): Promise<View> {
  const ended = new AbortController();
  const signal = AbortSignal.any([what.signal, ended.signal]);
  let last: View | undefined;
  try {
    for await (const view of what.views?.(signal) ?? looks(what)) {
      last = view;
      show.next(view);
      if (what.signal.aborted || what.until(view)) break;
    }
  } finally {
    ended.abort();
  }
  last ??= await what.read();
  show.end(last);
  return last;
}

async function* looks<View>({ read, signal }: Watched<View>): AsyncGenerator<View, void, undefined> {
  for (;;) {
    yield await read();
    if (signal.aborted) return;
    await pause(signal, EVERY_MS);
  }
}

const TICK_MS = 1_000;

/** The same views, and each again as time passes. */
export async function* ticking<View extends { readonly nowMs: Ms }>(
  views: AsyncIterable<View>,
  signal: AbortSignal,
): AsyncGenerator<View, void, undefined> {
  const all = views[Symbol.asyncIterator]();
  let shown: View | undefined;
  let atMs = 0;
  let next = all.next();
  while (!signal.aborted) {
    const one = await Promise.race([next, pause(signal, TICK_MS)]);
    if (one?.done) return;
    if (one) {
      shown = one.value;
      atMs = performance.now();
      next = all.next();
      yield shown;
    } else if (shown) yield { ...shown, nowMs: ms(Math.round(shown.nowMs + performance.now() - atMs)) };
  }
}

/** Nothing is shown. */
export const UNSEEN: Picture<unknown> = { next: () => undefined, end: () => undefined };

/** A picture that is drawn over itself, cut to the height of the terminal. */
export function livePicture<View>(render: (view: View) => readonly string[]): Picture<View> {
  const update = createLogUpdate(process.stdout, { showCursor: false });
  const draw = (view: View): void => {
    const lines = render(view);
    update(lines.slice(0, (process.stdout.rows ?? 50) - 1).join("\n"));
  };
  return {
    next: draw,
    end: (view) => {
      draw(view);
      update.done();
    },
  };
}

function plainLines(io: Io, { afterVersion, json }: Follow): Picture<ServiceView> {
  let shown = afterVersion;
  let waits = "";
  let trouble = "";
  const whys = new Map<string, string>();
  const line = (atMs: number, text: string): void => io.out(`${clockTime(atMs)}  ${text}`);
  const next = (view: ServiceView): void => {
    for (const record of view.recent) {
      if (record.version <= shown) continue;
      shown = record.version;
      if (json) io.out(JSON.stringify(record));
      else line(record.atMs, decision(record));
    }
    if (json) return;
    const troubles = Object.entries(view.troubles).map(([part, why]) => `${part}: ${why}`);
    if (trouble !== troubles.join()) for (const text of troubles) line(view.nowMs, text);
    trouble = troubles.join();
    // Why a replica is not ready is said when it happens, not only when the time for it is over.
    for (const { pool, role, why } of view.pools) {
      if (why !== undefined && role !== "leaving" && why !== whys.get(pool))
        line(view.nowMs, `${role} is not ready: ${why}`);
      if (why !== undefined) whys.set(pool, why);
    }
    // What a person must do is said once; what time or traffic will bring is left to the live view.
    const { waiting } = view.rollout ?? {};
    const person = waiting?.for === "person" ? waiting.text : "";
    if (person && person !== waits)
      line(view.nowMs, `${person} (serin promote ${view.service}, or serin abort ${view.service})`);
    waits = person;
  };
  return { next, end: next };
}

function pause(signal: AbortSignal, forMs: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, forMs);
    signal.addEventListener("abort", end, { once: true });
  });
}
