// What does one client's connection ask for, and what becomes of each request?
import type { Socket } from "node:net";
import type { Timed } from "./clock.ts";
import { Forwarded, type Peer } from "./forwarded.ts";
import { Body } from "./h1/body.ts";
import { MALFORMED } from "./h1/chunked.ts";
import { INCOMPLETE, NO_BODY, REFUSED } from "./h1/head.ts";
import { refusal } from "./h1/refusal.ts";
import type { RequestHead } from "./h1/request.ts";
import { CR, LF } from "./h1/syntax.ts";
import type { Copy } from "./mirror/copy.ts";
import type { Replica } from "./replica.ts";
import type { Traffic } from "./traffic.ts";
import { Turn } from "./turn.ts";
import { Upstream, type Asker, type Loss, type UpstreamContext } from "./upstream.ts";
import { writeMessage } from "./write.ts";

/** What the connections of one data plane share. */
export interface ClientContext extends UpstreamContext {
  readonly traffic: Traffic;
  readonly requests: RequestHead;
  readonly clients: Set<Client>;
  /** The data plane is stopping: every answer is its connection's last one. */
  draining: boolean;
}

/** `closing`: what has been said is said, what still comes is thrown away until the client has closed too. */
type State = "idle" | "head" | "busy" | "tunnel" | "closing";

/** An idle client of a draining data plane may send one more request, to be told that the connection ends. */
const GRACE_MS = 250;
/** How long a client may take to close: closing at once could take the answer away from under its eyes. */
const LINGER_MS = 2_000;
const EMPTY_LINE = Buffer.from("\r\n\r\n");

export class Client implements Asker, Timed {
  deadline: number;
  toHead = false;
  minor = 1;
  upgrade = false;
  addition = "";
  keepAlive = true;
  started = false;
  readonly socket: Socket;
  readonly secure: boolean;
  readonly #context: ClientContext;
  readonly #forwarded: Forwarded;
  readonly #turn: Turn;
  #state: State = "idle";
  #upstream: Upstream | undefined;
  /** Bytes that wait: part of a head, or requests after the one under way. */
  #rest: Buffer | undefined;
  readonly #content = new Body();
  /** The head as it is sent, while it may have to be sent again. */
  #text = "";
  /** Part of the body that came along, until it is sent. */
  #first: Buffer | undefined;
  /** Idempotent and without a body: may be sent twice. */
  #repeatable = false;
  /** A reused connection died under this request, which was sent again. */
  #replayed = false;

  constructor(socket: Socket, peer: Peer, context: ClientContext) {
    this.socket = socket;
    this.#context = context;
    this.#forwarded = new Forwarded(peer);
    this.secure = peer.scheme === "https";
    this.#turn = new Turn(context.traffic, peer.preview, () => this.#go());
    this.deadline = context.clock.now + context.config.timeouts.keepAliveMs;
    socket.on("data", (b: Buffer) => this.#data(b));
    socket.on("end", () => this.#end());
    socket.on("error", () => undefined);
    socket.on("close", () => this.#closed());
    socket.on("drain", () => this.#drained());
    context.clients.add(this);
    context.clock.watch(this);
  }

  get requestDone(): boolean {
    return this.#content.complete;
  }

  get copy(): Copy | undefined {
    return this.#turn.copy;
  }

  /** The data plane stops: the answer under way, or the next one, is the last; who asks for none gets a little time. */
  drain(): void {
    if (!this.started) this.keepAlive = false;
    if (this.#state === "idle") this.deadline = this.#context.clock.now + GRACE_MS;
  }

  /** Says goodbye: nothing more is sent. */
  finish(): void {
    this.#state = "closing";
    this.#rest = undefined;
    this.deadline = this.#context.clock.now + LINGER_MS;
    this.socket.end();
    this.socket.resume();
  }

  #data(b: Buffer): void {
    switch (this.#state) {
      case "idle":
        this.#next(b);
        return;
      case "head":
        this.#more(b);
        return;
      case "busy":
        if (this.requestDone) this.#pipeline(b);
        else this.#body(b);
        return;
      case "tunnel":
        this.moved();
        if (this.#upstream && !this.#upstream.socket.write(b)) this.socket.pause();
        return;
      case "closing":
    }
  }

  /** Another part of a head: only read again when its end is there, so that slow bytes cost little. */
  #more(arrived: Buffer): void {
    const b = this.#rest ? Buffer.concat([this.#rest, arrived]) : arrived;
    if (b.indexOf(EMPTY_LINE, Math.max(0, b.length - arrived.length - 3)) < 0) this.#keep(b, 0);
    else this.#next(b);
  }

  /** Requests that come before the answer to the last one wait here. */
  #pipeline(b: Buffer): void {
    this.#rest = this.#rest ? Buffer.concat([this.#rest, b]) : b;
    if (this.#rest.length > this.#context.config.limits.headBytes) this.socket.pause();
  }

  /** Bytes at the beginning of a message. */
  #next(b: Buffer): void {
    const { requests, config } = this.#context;
    this.#rest = undefined;
    // One empty line before a request is let pass (RFC 9112 2.2).
    const start = b.length >= 2 && b[0] === CR && b[1] === LF ? 2 : 0;
    if (start === b.length) return;
    const end = requests.read(b, start);
    if (end === INCOMPLETE) this.#keep(b, start);
    else if (end === REFUSED) this.#refuse(requests.error);
    else if (end - start > config.limits.headBytes) this.#refuse(431);
    else this.#begin(b, end);
  }

  #keep(b: Buffer, start: number): void {
    const { config, clock } = this.#context;
    if (b.length - start > config.limits.headBytes) {
      this.#refuse(b.indexOf("\r\n", start) < 0 ? 414 : 431);
      return;
    }
    if (this.#state === "idle") this.deadline = clock.tick() + config.timeouts.headMs;
    this.#state = "head";
    this.#rest = b;
  }

  /** A request's head is complete. Takes from it what is needed later: its object serves the next connection too. */
  #begin(b: Buffer, end: number): void {
    const { requests, config, draining } = this.#context;
    const { bodyBytes } = config.limits;
    this.#state = "busy";
    this.started = false;
    this.minor = requests.minor;
    this.toHead = requests.method === "HEAD";
    this.keepAlive = requests.keepAlive && !draining;
    this.upgrade = requests.websocket;
    this.#content.begin(requests);
    this.#repeatable = requests.framing === NO_BODY && requests.idempotent;
    this.#replayed = false;
    if (bodyBytes > 0 && requests.length > bodyBytes) return this.#refuse(413);
    const upgrade = this.upgrade ? "Connection: Upgrade\r\nUpgrade: websocket\r\n" : "";
    this.#text = requests.toText() + upgrade + this.#forwarded.end(requests);
    this.#turn.begin(requests);
    if (this.#turn.copies && requests.mirrorable) this.#turn.mirror(requests, this.#text);
    const { cookie } = this.#turn;
    this.addition = cookie === "" ? "" : `Set-Cookie: ${cookie}${this.secure ? "; Secure" : ""}\r\n`;
    let stop = end;
    if (!this.requestDone) {
      stop = this.#follow(b, end);
      if (stop === MALFORMED) return;
      this.#first = stop > end ? b.subarray(end, stop) : undefined;
    }
    if (stop < b.length) this.#rest = b.subarray(stop);
    this.#go();
  }

  /** How far the body reaches into these bytes; `MALFORMED` when that was refused, or its length was. */
  #follow(b: Buffer, from: number): number {
    const { bodyBytes } = this.#context.config.limits;
    const stop = this.#content.follow(b, from);
    const tooLarge = bodyBytes > 0 && this.#content.chunked > bodyBytes;
    this.#turn.copy?.sent(b.subarray(from, Math.max(from, stop)));
    if (stop !== MALFORMED && !tooLarge) return stop;
    this.#refuse(tooLarge ? 413 : 400);
    return MALFORMED;
  }

  /** More of the request's body. */
  #body(b: Buffer): void {
    const upstream = this.#upstream;
    const stop = this.#follow(b, 0);
    if (stop === MALFORMED) return;
    const part = stop === b.length ? b : b.subarray(0, stop);
    if (stop < b.length) this.#rest = b.subarray(stop);
    if (!upstream?.connected) {
      this.#first = this.#first ? Buffer.concat([this.#first, part]) : part;
      return;
    }
    this.moved();
    if (!upstream.socket.write(part) && !this.requestDone) this.socket.pause();
    if (this.requestDone) this.#awaitAnswer();
  }

  /** Finds a replica for the request, as often as its turn allows. */
  #go(): void {
    const replica = this.#turn.next();
    if (replica) this.#send(replica, !this.#repeatable);
    else if (!this.#turn.waiting) this.#refuse(this.#turn.tried ? 502 : 503);
    else {
      const { clock, config } = this.#context;
      this.deadline = clock.now + config.timeouts.responseMs;
      if (!this.requestDone) this.socket.pause();
    }
  }

  #send(replica: Replica, once: boolean): void {
    const { clock, config } = this.#context;
    const idle = this.#replayed ? undefined : Upstream.take(replica, once);
    if (idle) {
      this.#upstream = idle;
      idle.serve(this);
      this.connected();
      return;
    }
    this.#upstream = new Upstream(replica, this, this.#context);
    this.deadline = clock.now + config.timeouts.connectMs;
    // What is read now could be needed again for another replica.
    if (!this.requestDone) this.socket.pause();
  }

  connected(): void {
    const socket = this.#upstream?.socket;
    if (!socket) return;
    writeMessage(socket, { head: this.#text, body: this.#first });
    this.#first = undefined;
    if (!this.#repeatable) this.#text = "";
    if (this.requestDone) this.#awaitAnswer();
    else {
      this.moved();
      if (!socket.writableNeedDrain) this.socket.resume();
    }
  }

  #awaitAnswer(): void {
    const { clock, config } = this.#context;
    if (!this.started) this.deadline = clock.now + config.timeouts.responseMs;
  }

  moved(): void {
    const { clock, config } = this.#context;
    if (this.started || !this.requestDone) this.deadline = clock.now + config.timeouts.idleMs;
  }

  resumeUpload(): void {
    if (this.#state === "tunnel" || !this.requestDone) this.socket.resume();
  }

  upgraded(): void {
    this.#turn.upgraded();
    this.#state = "tunnel";
    this.moved();
    if (this.#rest) this.#upstream?.socket.write(this.#rest);
    this.#rest = undefined;
    this.socket.resume();
  }

  tunnelEnded(): void {
    this.socket.end();
  }

  done(status: number): void {
    this.#upstream = undefined;
    this.#text = "";
    this.#turn.answered(status, true);
    this.#afterAnswer();
  }

  #afterAnswer(): void {
    const { clock, config, draining } = this.#context;
    if (!this.requestDone || !this.keepAlive) return this.finish();
    this.#state = "idle";
    this.deadline = clock.now + (draining ? GRACE_MS : config.timeouts.keepAliveMs);
    // Answers that the client does not read must not pile up: `drained` goes on.
    if (this.#rest && !this.socket.writableNeedDrain) this.#continue();
  }

  #continue(): void {
    const rest = this.#rest;
    this.#rest = undefined;
    if (this.socket.isPaused()) this.socket.resume();
    if (rest) this.#next(rest);
  }

  #drained(): void {
    this.moved();
    this.#upstream?.resume();
    if (this.#state === "idle" && this.#rest) this.#continue();
  }

  lost(loss: Loss): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    if (this.#state === "tunnel") {
      this.#turn.left();
      this.socket.destroySoon();
    } else if (this.started) {
      this.#turn.failed();
      this.#abort();
    } else if (loss === "reset" && upstream?.reused && !upstream.touched && this.#repeatable) {
      // The replica closed an idle connection just as it was used: no fault, and nothing was done.
      this.#replayed = true;
      this.#send(upstream.replica, false);
    } else {
      this.#turn.failed();
      if (loss === "refused" || (loss === "reset" && this.#repeatable)) this.#go();
      else this.#refuse(502);
    }
  }

  /** The answer cannot be completed, and must not look complete: a reset where only the end would tell. */
  #abort(): void {
    if (this.secure) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }

  /** Answers in the replica's place; the connection is closed unless the request was sound and is complete. */
  #refuse(status: number): void {
    this.#upstream?.abandon();
    this.#upstream = undefined;
    this.#turn.left();
    this.#first = undefined;
    if (this.started) return this.#abort();
    const stays = status >= 502 && status <= 504 && this.#state === "busy" && this.requestDone && this.keepAlive;
    this.socket.write(refusal(status, { close: !stays, toHead: this.#state === "busy" && this.toHead }));
    this.deadline = Infinity;
    // Not at once: a row of such requests would end in a deep stack.
    if (stays) setImmediate(() => this.#state === "busy" && this.#afterAnswer());
    else this.finish();
  }

  expire(): void {
    if (this.#state === "idle") this.finish();
    else if (this.#state === "head") this.#refuse(408);
    else if (this.#state === "busy") this.#late();
    else this.socket.destroy();
  }

  /** A request took too long. Whose fault was it? */
  #late(): void {
    const upstream = this.#upstream;
    if (!upstream) {
      this.#turn.failed();
      this.#refuse(503);
    } else if (!upstream.connected) {
      upstream.abandon();
      this.lost("refused");
    } else if (this.started ? this.socket.writableLength > 0 : !this.requestDone && !this.socket.isPaused()) {
      // The client takes or sends nothing: not the replica's failure.
      this.#refuse(408);
    } else {
      this.#turn.failed();
      this.#refuse(504);
    }
  }

  /** The client has closed its half. Before the end of an answer that means that it went away. */
  #end(): void {
    if (this.#state === "tunnel") this.#upstream?.socket.end();
    else if (this.#state !== "closing") this.socket.destroy();
  }

  #closed(): void {
    this.#context.clients.delete(this);
    this.#context.clock.unwatch(this);
    this.#upstream?.abandon();
    this.#upstream = undefined;
    this.#turn.left();
  }
}
