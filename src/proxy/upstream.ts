// How does one connection to a replica bring back an answer?
import { connect, type Socket } from "node:net";
import { READ_BUFFER, writeCopy } from "./buffers.ts";
import type { Clock, Timed } from "./clock.ts";
import type { ProxyConfig } from "./config.ts";
import type { AnswerHead } from "./h1/answer.ts";
import { Body } from "./h1/body.ts";
import { MALFORMED } from "./h1/chunked.ts";
import { CHUNKED, INCOMPLETE, REFUSED, UNTIL_CLOSE } from "./h1/head.ts";
import type { Copy } from "./mirror/copy.ts";
import type { Parked, Replica } from "./replica.ts";
import { writeMessage } from "./write.ts";

/**
 * Why there is no answer. `refused`: never connected, nothing was sent. `reset`: the connection ended too early.
 * `malformed`: what came is no HTTP/1.1.
 */
export type Loss = "refused" | "reset" | "malformed";

/** The connection that asked, as far as its answer needs it. */
export interface Asker {
  readonly socket: Socket;
  readonly toHead: boolean;
  readonly minor: number;
  /** Whether it asked for a WebSocket. */
  readonly upgrade: boolean;
  readonly requestDone: boolean;
  /** What is kept of the request and its answer, if it is to be copied. */
  readonly copy: Copy | undefined;
  /** Field line to add to the answer; "" for none. */
  readonly addition: string;
  /** Whether the connection stays open after this answer. */
  keepAlive: boolean;
  /** Whether anything of the final answer was sent. */
  started: boolean;
  connected(): void;
  /** Bytes have arrived or could be sent. */
  moved(): void;
  /** The replica takes more of the request. */
  resumeUpload(): void;
  upgraded(): void;
  done(status: number): void;
  lost(loss: Loss): void;
  /** The replica has ended its half of a tunnel. */
  tunnelEnded(): void;
}

/** What connections to replicas share. */
export interface UpstreamContext {
  readonly config: ProxyConfig;
  readonly clock: Clock;
  readonly answers: AnswerHead;
}

type State = "head" | "body" | "tunnel";

/** A request that cannot be sent twice gets no connection that was idle for longer: it may be closing. */
const FRESH_MS = 1_000;

export class Upstream implements Parked, Timed {
  deadline = Infinity;
  connected = false;
  /** It served another request before. */
  reused = false;
  /** Bytes have come back for this request. */
  touched = false;
  readonly replica: Replica;
  readonly socket: Socket;
  #asker: Asker | undefined;
  readonly #context: UpstreamContext;
  #state: State = "head";
  readonly #body = new Body();
  #partial: Buffer | undefined;
  #status = 0;
  #keep = true;
  #parkedAt = 0;
  #idleMs: number;
  #ended = false;

  constructor(replica: Replica, asker: Asker, context: UpstreamContext) {
    this.replica = replica;
    this.#asker = asker;
    this.#context = context;
    this.#idleMs = context.config.timeouts.keepAliveMs;
    this.socket = connect({
      host: replica.host,
      port: replica.port,
      noDelay: true,
      allowHalfOpen: true,
      onread: {
        buffer: READ_BUFFER,
        callback: (bytes) => this.#data(READ_BUFFER.subarray(0, bytes)),
      },
    });
    this.socket.on("connect", () => {
      this.connected = true;
      this.#asker?.connected();
    });
    this.socket.on("end", () => this.#end());
    this.socket.on("error", () => undefined);
    this.socket.on("close", () => this.#closed());
    this.socket.on("drain", () => this.#asker?.resumeUpload());
    context.clock.watch(this);
  }

  /** An idle connection for the next request. `once`: the request must not be sent twice. */
  static take(replica: Replica, once: boolean): Upstream | undefined {
    const { idle } = replica;
    for (let last = idle.at(-1) as Upstream | undefined; last; last = idle.at(-1) as Upstream | undefined) {
      if (once && last.#stale) return undefined;
      idle.pop();
      if (!last.socket.destroyed && !last.#ended) return last;
    }
    return undefined;
  }

  get #stale(): boolean {
    return this.#context.clock.now - this.#parkedAt > FRESH_MS;
  }

  /** The next request on this connection. */
  serve(asker: Asker): void {
    this.#asker = asker;
    this.deadline = Infinity;
    this.reused = true;
    this.touched = false;
  }

  /** Its request was given up. */
  abandon(): void {
    this.#asker = undefined;
    this.socket.destroy();
  }

  /** It was idle long enough, or its replica has left the route. */
  close(): void {
    this.deadline = Infinity;
    this.#ended = true;
    this.socket.end();
    this.socket.destroySoon();
  }

  expire(): void {
    this.#unpark();
    this.close();
  }

  resume(): void {
    this.socket.resume();
  }

  #unpark(): void {
    const { idle } = this.replica;
    const at = idle.indexOf(this);
    if (at >= 0) idle.splice(at, 1);
  }

  /** Returns false to stop reading until `resume`. */
  #data(b: Buffer): boolean {
    const asker = this.#asker;
    if (!asker) {
      // Nobody asked for these bytes. Whatever they are, they answer no later request.
      this.#unpark();
      this.socket.destroy();
      return true;
    }
    asker.moved();
    if (this.#state === "head") return this.#head(b, asker);
    if (this.#state === "tunnel") return this.#send(b, asker);
    const stop = this.#follow(b, 0, asker);
    if (stop === MALFORMED) return this.#lose("malformed");
    const part = stop === b.length ? b : b.subarray(0, stop);
    asker.copy?.came(part);
    const flows = this.#dechunks(asker) ? this.#sendData(asker) : this.#send(part, asker);
    return this.#body.complete ? this.#finish(stop < b.length) : flows;
  }

  #head(arrived: Buffer, asker: Asker): boolean {
    const { answers, config } = this.#context;
    const most = config.limits.headBytes;
    this.touched = true;
    let b = arrived;
    if (this.#partial !== undefined) {
      b = Buffer.concat([this.#partial, arrived]);
      this.#partial = undefined;
    }
    let from = 0;
    for (;;) {
      const end = answers.read(b, from, asker.toHead);
      if (end === REFUSED || (end === INCOMPLETE ? b.length : end) - from > most) return this.#lose("malformed");
      if (end === INCOMPLETE) {
        // The read buffer is used again.
        this.#partial = Buffer.from(b.subarray(from));
        return true;
      }
      if (answers.status === 101) return this.#upgrade(b, asker);
      if (answers.status >= 200) return this.#begin(b, asker);
      if (asker.minor === 1) asker.socket.write(`${answers.toText()}\r\n`, "latin1");
      from = end;
      if (from === b.length) return true;
    }
  }

  #upgrade(b: Buffer, asker: Asker): boolean {
    const { answers } = this.#context;
    if (!asker.upgrade || !answers.wantsUpgrade || answers.upgrade !== "websocket") return this.#lose("malformed");
    this.#state = "tunnel";
    asker.started = true;
    const head = `${answers.toText()}${asker.addition}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`;
    asker.socket.write(head + b.latin1Slice(answers.end), "latin1");
    asker.upgraded();
    return true;
  }

  /** The final head is here, with whatever followed it in the same read. */
  #begin(b: Buffer, asker: Asker): boolean {
    const { answers } = this.#context;
    const { start, end, cuts } = answers;
    this.#status = answers.status;
    this.#body.begin(answers);
    this.#keep = answers.keepAlive;
    if (answers.idleS > 0) this.#idleMs = Math.min(this.#idleMs, answers.idleS * 1_000 - 1_000);
    // An answer to half a request: the rest has nowhere to go, so the connection cannot be used again.
    if (!asker.requestDone || answers.framing === UNTIL_CLOSE) asker.keepAlive = false;
    this.#state = "body";
    const stop = this.#follow(b, end, asker);
    if (stop === MALFORMED) return this.#lose("malformed");
    asker.started = true;
    asker.moved();
    asker.copy?.came(b.subarray(start, stop));
    let flows: boolean;
    if (cuts.length === 0 && answers.minor === 1 && asker.keepAlive && asker.addition === "") {
      flows = this.#send(start === 0 && stop === b.length ? b : b.subarray(start, stop), asker);
    } else flows = this.#rewritten(b.subarray(end, stop), asker);
    return this.#body.complete ? this.#finish(stop < b.length) : flows;
  }

  /** Sends the head with what has to be changed in it, and the part of the body that came along. */
  #rewritten(body: Buffer, asker: Asker): boolean {
    const { answers } = this.#context;
    const { socket } = asker;
    if (!asker.keepAlive) answers.dropKept();
    const dechunks = this.#dechunks(asker);
    if (dechunks) answers.dropCoding();
    const head = `${answers.toText()}${asker.addition}${asker.keepAlive ? "" : "Connection: close\r\n"}\r\n`;
    if (dechunks) {
      socket.write(head, "latin1");
      return this.#sendData(asker);
    }
    writeMessage(socket, { head, body }, writeCopy);
    return !socket.writableNeedDrain;
  }

  /** How far the body reaches into these bytes. */
  #follow(b: Buffer, from: number, asker: Asker): number {
    if (!this.#dechunks(asker)) return this.#body.follow(b, from);
    return this.#body.follow(b, from, (at, to) => this.#data10.push(Buffer.from(b.subarray(at, to))));
  }

  /** Data of chunks for a client that knows none. */
  readonly #data10: Buffer[] = [];

  #dechunks(asker: Asker): boolean {
    return asker.minor === 0 && this.#body.framing === CHUNKED;
  }

  #sendData(asker: Asker): boolean {
    for (const part of this.#data10.splice(0)) asker.socket.write(part);
    return !asker.socket.writableNeedDrain;
  }

  #send(b: Buffer, { socket }: Asker): boolean {
    writeCopy(socket, b);
    return !socket.writableNeedDrain;
  }

  /** The answer is complete. `surplus`: bytes came after it, which can only be wrong. */
  #finish(surplus: boolean): boolean {
    const asker = this.#asker;
    if (!asker) return true;
    const status = this.#status;
    this.#asker = undefined;
    this.#state = "head";
    const reusable = this.#keep && !surplus && asker.requestDone && this.replica.routed && this.#idleMs > 0;
    if (reusable && !this.#ended) {
      const { clock } = this.#context;
      this.#parkedAt = clock.now;
      this.deadline = clock.now + this.#idleMs;
      this.replica.idle.push(this);
    } else this.socket.destroy();
    asker.done(status);
    return true;
  }

  #lose(loss: Loss): boolean {
    const asker = this.#asker;
    this.#asker = undefined;
    this.socket.destroy();
    asker?.lost(loss);
    return true;
  }

  #end(): void {
    this.#ended = true;
    if (this.#state === "tunnel" && this.#asker) {
      this.#asker.tunnelEnded();
      return;
    }
    this.#unpark();
    if (this.#asker && this.#state === "body" && this.#body.framing === UNTIL_CLOSE) this.#finish(false);
    else this.#lose("reset");
  }

  #closed(): void {
    this.#context.clock.unwatch(this);
    this.#unpark();
    this.#lose(this.connected ? "reset" : "refused");
  }
}
