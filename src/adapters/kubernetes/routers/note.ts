// What does Serin note on an object that is not its own?
import type { KubeObject } from "../client/objects.ts";
import { NO_NOTE, type Note } from "./weave.ts";

/** On a route or a DestinationRule: what it had before, and which rules are Serin's in it. */
export const NOTE = "serin.dev/routing";

/** What was noted, with one part for each list of routes. */
export interface Notes<K extends string> {
  readonly of: (list: K) => Note;
  readonly isThere: boolean;
  readonly text: string | undefined;
}

/** Reads a note. One that somebody has made unreadable is none. */
export function notesOf<K extends string>({ metadata }: KubeObject): Notes<K> {
  const text = metadata.annotations?.[NOTE];
  const parts = text === undefined ? {} : parsed(text);
  return { of: (list) => parts[list] ?? NO_NOTE, isThere: text !== undefined, text };
}

function parsed(text: string): Readonly<Record<string, Note>> {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null ? (read as Readonly<Record<string, Note>>) : {};
  } catch {
    return {};
  }
}
