// What is a replica told about the client?
import type { RequestHead } from "./h1/request.ts";

/** The client of one connection. */
export interface Peer {
  readonly address: string;
  readonly scheme: "http" | "https";
  /** It came in at the second address. */
  readonly preview: boolean;
}

/**
 * The fields that the proxy adds to each request of one connection. Unless a trusted proxy stands in front, those of
 * the client were left out when its head was read, `Forwarded` included. No `Via`: replicas take it as a reason not to
 * compress.
 */
export class Forwarded {
  readonly #from: Peer;
  readonly #lines: string;
  #host: string | undefined;
  #text = "";

  constructor(from: Peer) {
    this.#from = from;
    this.#lines = `X-Forwarded-For: ${from.address}\r\nX-Forwarded-Proto: ${from.scheme}\r\n`;
  }

  /** The fields for this request, and the empty line that ends its head. */
  end(head: RequestHead): string {
    if (head.trustForwarded) return this.#added(head);
    // A connection's requests mostly have the same Host.
    if (head.host !== this.#host) {
      this.#host = head.host;
      this.#text = `${this.#lines}${hostLine(head.host)}\r\n`;
    }
    return this.#text;
  }

  #added(head: RequestHead): string {
    const { address, scheme } = this.#from;
    const before = head.forwardedFor === "" ? "" : `${head.forwardedFor}, `;
    const proto = head.hasForwardedProto ? "" : `X-Forwarded-Proto: ${scheme}\r\n`;
    const host = head.hasForwardedHost ? "" : hostLine(head.host);
    return `X-Forwarded-For: ${before}${address}\r\n${proto}${host}\r\n`;
  }
}

const hostLine = (host: string): string => (host === "" ? "" : `X-Forwarded-Host: ${host}\r\n`);

/** An address as people write it: IPv4 without the wrapping that a dual-stack socket gives it. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return "unknown";
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}
