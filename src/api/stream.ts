// How does a browser or a program follow what changes?
import type { StreamEvent } from "./contract.ts";
import type { Entry, Feed } from "./feed.ts";

/** So often something is sent, whatever happens: what stands between keeps the connection, and an end is noticed. */
const BEAT_MS = 15_000;
/** So much is put together before the connection is asked whether it takes more. */
const AT_ONCE = 64 * 1024;

type Said = Pick<Entry, "name" | "places">;

export interface Following {
  /** The place that the caller has read up to; nothing begins with what is now. */
  readonly from?: string | undefined;
  /** One service or group alone, with its whole view. */
  readonly service?: string | undefined;
  /** Whether the caller may see what was said of a service or group. */
  readonly sees: (said: Said) => boolean;
  /** Whether the caller is nobody any more: then the stream ends, and who comes again is asked who it is. */
  readonly isOver: () => boolean;
  /** Called once, when nobody follows any more. */
  readonly ended: () => void;
}

/**
 * Server-sent events from a place on. The next ones are made only when the connection has taken those before: a client
 * that does not read costs one piece of text, and is told `reset` when it missed something.
 */
export function streamOf(
  feed: Feed,
  { from, service, sees, isOver, ended: onEnd }: Following,
): ReadableStream<Uint8Array> {
  const ended = new AbortController();
  ended.signal.addEventListener("abort", onEnd, { once: true });
  let leave: (() => void) | undefined;
  let at = 0;
  const reset = (why: string): string => {
    at = feed.last;
    return eventText("reset", feed.name(at), JSON.stringify({ why }));
  };
  const begin = async (): Promise<Uint8Array> => {
    leave = await feed.open(service);
    if (ended.signal.aborted) leave();
    const place = from === undefined ? feed.last : feed.placeOf(from);
    if (place === undefined)
      return encoder.encode(`${RETRY}${reset("the place is of another controller, or of none")}`);
    at = place;
    // What is now is told to a stream of one service, which begins with it.
    const first = from === undefined && service !== undefined ? feed.viewOf(service) : undefined;
    return encoder.encode(`${RETRY}${first ? textOf(feed, first) : `id: ${feed.name(at)}\n\n`}`);
  };
  const next = async (): Promise<Uint8Array | undefined> => {
    for (;;) {
      if (isOver()) return undefined;
      const piece = pieceAfter(feed, at, { service, sees });
      if (piece === "forgotten") return encoder.encode(reset(FORGOTTEN));
      at = piece.at;
      if (piece.bytes.length > 0) return piece.bytes;
      if (feed.isClosed || ended.signal.aborted) return undefined;
      const isNews = await feed.news(ended.signal, BEAT_MS);
      // A place without an event: whoever is cut off goes on from here.
      if (!isNews && !feed.isClosed) return encoder.encode(`: nothing new\nid: ${feed.name(at)}\n\n`);
    }
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const bytes = await (leave ? next() : begin());
        if (ended.signal.aborted) return;
        if (bytes) return controller.enqueue(bytes);
        ended.abort();
        leave?.();
        controller.close();
      },
      cancel: () => {
        ended.abort();
        leave?.();
      },
    },
    { highWaterMark: 0 },
  );
}

const FORGOTTEN = "too much has happened since";

/** The same of one service or group for whoever is in this process, from what is now on, until the signal fires. */
export async function* eventsHere(
  feed: Feed,
  { service, signal }: { readonly service: string; readonly signal: AbortSignal },
): AsyncGenerator<StreamEvent, void, undefined> {
  const leave = await feed.open(service);
  try {
    let at = feed.last;
    const first = feed.viewOf(service);
    if (first) yield eventOf(first);
    while (!signal.aborted) {
      const read = feed.after(at, AT_ONCE, service);
      at = read === "forgotten" ? feed.last : read.at;
      if (read === "forgotten") yield { type: "reset", data: { why: FORGOTTEN } };
      else yield* read.entries.map(eventOf);
      if (read !== "forgotten" && read.entries.length > 0) continue;
      if (feed.isClosed) return;
      await feed.news(signal, BEAT_MS);
    }
  } finally {
    leave();
  }
}

function eventOf({ type, text = "null" }: Entry): StreamEvent {
  return { type, data: JSON.parse(text) as unknown } as StreamEvent;
}

const encoder = new TextEncoder();

/** What comes after a place, as it is sent. */
interface Piece {
  readonly at: number;
  readonly bytes: Uint8Array;
  /** What its events are of. */
  readonly said: readonly Said[];
}

/** So many pieces are kept, some 2 MB: those who follow are seldom further apart. */
const MOST_PIECES = 16;

/** The last pieces of everything, by the place that they come after. Hundreds of streams are sent the same bytes. */
const pieces = new WeakMap<Feed, Map<number, Piece>>();

function pieceAfter(
  feed: Feed,
  at: number,
  { service, sees }: Pick<Following, "service" | "sees">,
): Piece | "forgotten" {
  const kept = pieces.get(feed) ?? new Map<number, Piece>();
  const known = service === undefined ? kept.get(at) : undefined;
  if (known?.said.every(sees)) return known;
  const read = feed.after(at, AT_ONCE, service);
  if (read === "forgotten") return read;
  const seen = read.entries.filter(sees);
  const bytes = encoder.encode(seen.map((entry) => textOf(feed, entry)).join(""));
  const piece = { at: read.at, bytes, said: seen.map(({ name, places }) => ({ name, places })) };
  if (service !== undefined || seen.length === 0 || seen.length < read.entries.length) return piece;
  kept.set(at, piece);
  pieces.set(feed, kept);
  const [oldest = at] = kept.keys();
  if (kept.size > MOST_PIECES) kept.delete(oldest);
  return piece;
}

/** How long a browser waits before it comes again. */
const RETRY = "retry: 1000\n";

function textOf(feed: Feed, { at, type, text = "" }: Entry): string {
  return eventText(type, feed.name(at), text);
}

/** JSON has no line ends: one line of data. */
function eventText(type: string, id: string, data: string): string {
  return `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;
}
