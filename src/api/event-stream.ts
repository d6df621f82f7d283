// Which events are in a stream of server-sent ones?
import type { StreamEvent } from "./contract.ts";

/** A place, and what was told with it. */
export interface Received {
  readonly id?: string | undefined;
  readonly event?: StreamEvent | undefined;
}

/** Reads what the API sends: one line of data, line feeds only. Throws when the connection breaks. */
export async function* eventsIn(body: ReadableStream<Uint8Array> | null): AsyncGenerator<Received, void, undefined> {
  if (!body) return;
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) yield receivedOf(block);
  }
}

function receivedOf(block: string): Received {
  const fields = new Map(
    block.split("\n").map((line) => {
      const colon = line.indexOf(": ");
      return [line.slice(0, colon), line.slice(colon + 2)] as const;
    }),
  );
  const [id, type, data] = [fields.get("id"), fields.get("event"), fields.get("data")];
  if (type === undefined || data === undefined) return { id };
  // The API's own schemas say what belongs to which type.
  return { id, event: { id, type, data: JSON.parse(data) as unknown } as StreamEvent };
}
