// What does one client receive, and is anything lost or doubled on the way?
import { request, type ClientRequest, type IncomingMessage } from "node:http";
import type { Begin, Received } from "./messages.ts";

const NAME = '{"service":"svc-';
/** A cut connection is taken up again after so long. */
const AGAIN_MS = 50;

/** Follows a stream of server-sent events without reading more of them than must be known. */
export class Client {
  readonly seen = { bytes: 0, records: 0, states: 0, lost: 0, doubled: 0, disordered: 0, resets: 0, cuts: 0 };
  readonly #to: Begin;
  /** The one service that it follows; all of them without. */
  readonly #of: number | undefined;
  /** The version of the last decision, and that of the last row or view, by service. */
  readonly #decided: Int32Array;
  readonly #shown: Int32Array;
  #place = "";
  #at = -1;
  #rest = "";
  #asked: ClientRequest | undefined;
  #answer: IncomingMessage | undefined;
  #isClosed = false;

  constructor(to: Begin, of?: number) {
    this.#to = to;
    this.#of = of;
    this.#decided = Int32Array.from(to.versions);
    this.#shown = Int32Array.from(to.versions);
  }

  /** Resolves once the stream has begun. */
  open(): Promise<void> {
    const { url, token } = this.#to;
    const headers = { authorization: `Bearer ${token}`, ...(this.#place && { "last-event-id": this.#place }) };
    const of = this.#of === undefined ? "" : `?service=svc-${this.#of}`;
    return new Promise((resolve) => {
      const asked = request(`${url}/v1/events${of}`, { headers, agent: false }, (answer) =>
        this.#follow(answer, resolve),
      );
      asked.on("error", () => this.#again());
      asked.end();
      this.#asked = asked;
    });
  }

  cut(): void {
    this.seen.cuts += 1;
    this.#asked?.destroy();
  }

  /** Reads nothing more; its connection stays. */
  sleep(): void {
    this.#answer?.pause();
  }

  close(): void {
    this.#isClosed = true;
    this.#asked?.destroy();
  }

  /** Whether it knows the last decision and the last state of all that it follows. */
  knows(versions: Begin["versions"]): boolean {
    const isKnown = (index: number): boolean =>
      this.#decided[index] === versions[index] && this.#shown[index] === versions[index];
    return this.#of === undefined ? versions.every((_, index) => isKnown(index)) : isKnown(this.#of);
  }

  #again(): void {
    this.#rest = "";
    if (!this.#isClosed) setTimeout(() => void this.open(), AGAIN_MS);
  }

  #follow(answer: IncomingMessage, begun: () => void): void {
    if (answer.statusCode !== 200) throw new Error(`answered ${answer.statusCode}`);
    answer.setEncoding("latin1");
    this.#answer = answer;
    answer.on("data", (text: string) => {
      begun();
      this.seen.bytes += text.length;
      const all = this.#rest + text;
      const end = all.lastIndexOf("\n\n") + 2;
      if (end > 1) this.#read(all.slice(0, end));
      this.#rest = all.slice(Math.max(0, end === 1 ? 0 : end));
    });
    answer.on("error", () => undefined);
    answer.on("close", () => this.#again());
  }

  /** Whole events. A line end is none of the data, so that a place is found by the line that it begins. */
  #read(events: string): void {
    const text = `\n${events}`;
    for (let from = behind(text, "\nid: ", 0); from >= 0;) {
      const end = text.indexOf("\n", from);
      this.#place = text.slice(from, end);
      const at = Number(this.#place.slice(13));
      const type = text.startsWith("event: ", end + 1) ? text.slice(end + 8, text.indexOf("\n", end + 8)) : "";
      if (type !== "") this.#take(type, text, end + 8 + type.length + 7);
      if (type === "" ? at < this.#at : at <= this.#at) this.seen.disordered += 1;
      this.#at = at;
      from = behind(text, "\nid: ", end);
    }
  }

  #take(type: string, text: string, data: number): void {
    if (type === "reset") this.seen.resets += 1;
    if (type !== "record" && type !== "service" && type !== "view") return;
    if (!text.startsWith(NAME, data)) throw new Error(`unknown data: ${text.slice(data, data + 60)}`);
    const index = Number.parseInt(text.slice(data + NAME.length, data + NAME.length + 8), 10);
    const version = Number.parseInt(text.slice(behind(text, '"version":', data)), 10);
    if (type !== "record") {
      this.seen.states += 1;
      this.#shown[index] = version;
      return;
    }
    this.seen.records += 1;
    const known = this.#decided[index] ?? 0;
    if (version <= known) this.seen.doubled += 1;
    else this.seen.lost += version - known - 1;
    this.#decided[index] = version;
  }
}

/** The place behind the next of these words; -1 when there is none. */
function behind(text: string, words: string, from: number): number {
  const at = text.indexOf(words, from);
  return at < 0 ? -1 : at + words.length;
}

/** All of them together. */
export function sumOf(clients: readonly Client[], late: number): Received {
  const sum = (of: (seen: Client["seen"]) => number): number => clients.reduce((all, { seen }) => all + of(seen), 0);
  return {
    bytes: sum(({ bytes }) => bytes),
    records: sum(({ records }) => records),
    states: sum(({ states }) => states),
    lost: sum(({ lost }) => lost),
    doubled: sum(({ doubled }) => doubled),
    disordered: sum(({ disordered }) => disordered),
    resets: sum(({ resets }) => resets),
    cuts: sum(({ cuts }) => cuts),
    behind: late,
    clients: clients.length,
  };
}
