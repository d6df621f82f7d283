// Where shall a controller take events, as a person types it?
import type { EventsOptions } from "../api/events.ts";
import type { SerinError } from "../core/issues.ts";
import { readListen } from "../core/spec/listen.ts";
import { badOption } from "./bad-option.ts";

/** The options as they are typed. */
export interface TypedEvents {
  readonly events?: string | undefined;
  readonly eventsOrigin?: readonly string[] | undefined;
}

/** Understands them; the token comes from the environment, where other users of the machine do not see it. */
export function eventsOptions({ events, eventsOrigin = [] }: TypedEvents): EventsOptions | undefined {
  if (events === undefined) {
    if (eventsOrigin.length === 0) return undefined;
    throw wrong("--events-origin goes with --events", "found no address");
  }
  const listen = readListen(events);
  if (!listen.ok) throw wrong(`--events ${events} is no address`, listen.message);
  return { listen: listen.value, token: process.env["SERIN_EVENTS_TOKEN"] || undefined, origins: eventsOrigin };
}

const wrong = (what: string, found: string): SerinError =>
  badOption(what, found, "name an address, such as --events 127.0.0.1:9411");
