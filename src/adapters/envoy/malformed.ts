// What came that could not be read, and is that over?
import type { Ms } from "../../core/units.ts";
import type { Malformed, Sender } from "./xds/events.ts";

/** A sender that says nothing good for so long is gone: what it sent is told no longer. */
const TOLD_MS = 180_000;
/** For so long, files may be half replaced. */
const PATIENCE_MS = 10_000;

interface Told {
  readonly what: Malformed;
  readonly atMs: Ms;
}

const SENDS = { discovery: "asks for", log: "logs", metrics: "counts" };

/** Of streams until their sender's next good message; of the channel's certificate until it is read again. */
export class Unreadables {
  readonly #streams = new Map<string, Told>();
  #certificate: { readonly sinceMs: Ms; readonly why: string } | undefined;

  malformed(what: Malformed, nowMs: Ms): void {
    this.#forget(nowMs);
    this.#streams.set(keyOf(what), { what, atMs: nowMs });
  }

  /** Something of that kind came from there, and was good. */
  readable(sender: Sender): void {
    if (this.#streams.size > 0) this.#streams.delete(keyOf(sender));
  }

  certificate(why: string | undefined, nowMs: Ms): void {
    this.#certificate = why === undefined ? undefined : { sinceMs: this.#certificate?.sinceMs ?? nowMs, why };
  }

  /** What keeps the fleet's Envoys, or some that nobody knows, from being understood. */
  of(kind: Sender["of"], fleet: string, nowMs: Ms): string | undefined {
    this.#forget(nowMs);
    const all = [...this.#streams.values()].filter(({ what }) => what.of === kind && (what.fleet ?? fleet) === fleet);
    const last = all.at(-1)?.what;
    return last && `what Envoy ${last.from} ${SENDS[kind]} cannot be read: ${last.why}`;
  }

  /** What keeps the channel from being renewed. */
  channel(nowMs: Ms): string | undefined {
    if (!this.#certificate || nowMs - this.#certificate.sinceMs <= PATIENCE_MS) return undefined;
    return `the certificate that Envoys are shown cannot be renewed: ${this.#certificate.why}`;
  }

  #forget(nowMs: Ms): void {
    for (const [key, { atMs }] of this.#streams) if (nowMs - atMs > TOLD_MS) this.#streams.delete(key);
  }
}

const keyOf = ({ of, fleet = "", from }: Sender): string => `${of}\n${fleet}\n${from}`;
