// At which address does `[::1]:8080` listen?
import { bad, good, type Format, type Reading } from "./reading.ts";

/** A host without brackets, and a port; port 0 takes a free one. */
export interface Listen {
  readonly host: string;
  readonly port: number;
}

const RIGHT = "an address is host:port, such as 127.0.0.1:8080, or a port from 0 to 65535";
const PATTERN = String.raw`^(?:(?:\[[0-9A-Fa-f:.%a-z]+\]|[A-Za-z0-9._-]*):)?[0-9]{1,5}$`;
const WHOLE_TEXT = /^(?:(\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9]+)?\]|[A-Za-z0-9._-]*):)?(\d{1,5})$/u;

/** Reads an address. Without a host it is loopback: a service is reachable from outside only when someone says so. */
export function readListen(input: unknown): Reading<Listen> {
  const text = typeof input === "number" ? String(input) : input;
  if (typeof text !== "string") return bad(input, RIGHT);
  const match = WHOLE_TEXT.exec(text);
  if (!match) return bad(input, hint(text));
  const host = (match[1] ?? "").replaceAll(/[[\]]/gu, "");
  const port = Number(match[2]);
  if (port > 65_535) return bad(input, "a port is from 0 to 65535");
  if (/^[\d.]+$/u.test(host) && !isIpv4(host)) return bad(input, `${host} is no address: four numbers from 0 to 255`);
  return good({ host: host === "" ? "127.0.0.1" : host, port });
}

function hint(text: string): string {
  if (text.startsWith("*:")) return "every address of the machine is written 0.0.0.0 or [::]";
  if (/^[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:/u.test(text)) return 'an IPv6 address stands in brackets, such as "[::1]:8080"';
  if (/^https?:/u.test(text)) return `${RIGHT}, without http://`;
  return RIGHT;
}

function isIpv4(host: string): boolean {
  const parts = host.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/u.test(part) && Number(part) <= 255);
}

/** A field that holds an address to listen on. */
export const LISTEN: Format<Listen> = { read: readListen, pattern: PATTERN, examples: ["127.0.0.1:8080"] };
