// How does a browser or a program follow what changes?
import type { Entry, Feed } from "./feed.ts";

/** So often something is sent, whatever happens: what stands between keeps the connection, and an end is noticed. */
const BEAT_MS = 15_000;
/** So much is put together before the connection is asked whether it takes more. */
const AT_ONCE = 64 * 1024;

export interface Following {
  /** The place that the caller has read up to; nothing begins with what is now. */
  readonly from?: string | undefined;
  /** One service alone, with its whole view. */
  readonly service?: string | undefined;
  /** Whether the caller may see a service or group. */
  readonly sees: (name: string) => boolean;
  /** Called once, when nobody follows any more. */
  readonly ended: () => void;
}

/**
 * Server-sent events from a place on. The next ones are made only when the connection has taken those before: a client
 * that does not read costs one piece of text, and is told `reset` when it missed something.
 */
export function streamOf(feed: Feed, { from, service, sees, ended: onEnd }: Following): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const ended = new AbortController();
  ended.signal.addEventListener("abort", onEnd, { once: true });
  let leave: (() => void) | undefined;
  let at = 0;
  const reset = (why: string): string => {
    at = feed.last;
    return eventText("reset", feed.name(at), JSON.stringify({ why }));
  };
  const begin = async (): Promise<string> => {
    leave = await feed.open(service);
    if (ended.signal.aborted) leave();
    const place = from === undefined ? feed.last : feed.placeOf(from);
    if (place === undefined) return `${RETRY}${reset("the place is of another controller, or of none")}`;
    at = place;
    // What is now is told to a stream of one service, which begins with it.
    const first = from === undefined && service !== undefined ? feed.viewOf(service) : undefined;
    return `${RETRY}${first ? textOf(feed, first) : `id: ${feed.name(at)}\n\n`}`;
  };
  const next = async (): Promise<string> => {
    for (;;) {
      const read = feed.after(at, AT_ONCE, service);
      if (read === "forgotten") return reset("too much has happened since");
      at = read.at;
      const seen = read.entries.filter(({ name }) => sees(name));
      if (seen.length > 0) return seen.map((entry) => textOf(feed, entry)).join("");
      if (feed.isClosed || ended.signal.aborted) return "";
      const isNews = await feed.news(ended.signal, BEAT_MS);
      // A place without an event: whoever is cut off goes on from here.
      if (!isNews && !feed.isClosed) return `: nothing new\nid: ${feed.name(at)}\n\n`;
    }
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const text = await (leave ? next() : begin());
        if (ended.signal.aborted) return;
        if (text !== "") return controller.enqueue(encoder.encode(text));
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

/** How long a browser waits before it comes again. */
const RETRY = "retry: 1000\n";

function textOf(feed: Feed, { at, type, text = "" }: Entry): string {
  return eventText(type, feed.name(at), text);
}

/** JSON has no line ends: one line of data. */
function eventText(type: string, id: string, data: string): string {
  return `id: ${id}\nevent: ${type}\ndata: ${data}\n\n`;
}
