// What happens to one request that came by HTTP/2?
import { request, type Agent, type ClientRequest, type IncomingMessage } from "node:http";
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Replica } from "../replica.ts";
import type { Traffic } from "../traffic.ts";
import { Turn } from "../turn.ts";
import { askedOf, type Received } from "./asked.ts";
import { answerText, requestText, toClient, toReplica, type Passed } from "./headers.ts";

/** What the requests of one client's connection share. */
export interface Session {
  readonly traffic: Traffic;
  readonly agent: Agent;
  /** The client's address. */
  readonly client: string;
  /** It came in at the second address. */
  readonly preview: boolean;
}

/** A request of these may be sent twice (RFC 9110 9.2.2). */
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);
const WITHOUT_BODY = new Set([204, 304]);

/** One request, from its head to the end of its answer. */
export class Exchange {
  readonly #stream: ServerHttp2Stream;
  readonly #session: Session;
  readonly #turn: Turn;
  readonly #given: IncomingHttpHeaders;
  readonly #raw: readonly string[];
  readonly #hasBody: boolean;
  #asked: Extract<Passed, { ok: true }> | undefined;
  #upstream: ClientRequest | undefined;
  #timer: NodeJS.Timeout | undefined;
  #received = 0;
  #over = false;

  constructor(session: Session, stream: ServerHttp2Stream, { headers, raw }: Received) {
    this.#session = session;
    this.#stream = stream;
    this.#given = headers;
    this.#raw = raw;
    this.#hasBody = !stream.endAfterHeaders;
    this.#turn = new Turn(session.traffic, session.preview, () => this.#try(503));
    stream.on("error", () => undefined);
    stream.on("close", () => this.#left());
  }

  start(): void {
    const { traffic, client } = this.#session;
    const { config } = traffic;
    const asked = toReplica(this.#given, { client, config });
    if (!asked.ok) return this.#refuse(asked.status);
    this.#asked = asked;
    const tooLong = config.limits.bodyBytes > 0 && Number(this.#given["content-length"] ?? 0) > config.limits.bodyBytes;
    if (tooLong) return this.#refuse(413);
    if (this.#given.expect !== undefined) this.#stream.additionalHeaders({ ":status": 100 });
    const seen = askedOf({ headers: this.#given, raw: this.#raw });
    this.#turn.begin(seen);
    if (this.#turn.copies && this.#given.expect === undefined) this.#turn.mirror(seen, requestText(asked));
    this.#try(503);
  }

  /** The next replica; without one, `status` is the answer. */
  #try(status: number): void {
    clearTimeout(this.#timer);
    const replica = this.#turn.next();
    if (replica) return this.#send(replica, { fresh: false });
    if (!this.#turn.waiting) return this.#refuse(status);
    this.#limit(this.#session.traffic.config.timeouts.responseMs, () => {
      this.#turn.failed();
      this.#refuse(503);
    });
  }

  /** A request that must not be sent twice gets a connection of its own: a kept one may just be closing. */
  #send(replica: Replica, how: { readonly fresh: boolean }): void {
    const asked = this.#asked;
    if (!asked) return;
    const { traffic, agent } = this.#session;
    const { timeouts } = traffic.config;
    const kept = this.#replayable && !how.fresh;
    const options = { host: replica.host, port: replica.port, method: asked.method, path: asked.path };
    let upstream: ClientRequest;
    try {
      upstream = request({ ...options, headers: asked.headers, setHost: false, agent: kept ? agent : false });
    } catch {
      // A target or a value that HTTP/1.1 cannot carry.
      this.#turn.left();
      return this.#refuse(400);
    }
    this.#upstream = upstream;
    const mine = (work: () => void) => (): void => {
      if (this.#upstream === upstream && !this.#over) work();
    };
    upstream.on("socket", (socket) => {
      if (!socket.connecting) return;
      this.#limit(timeouts.connectMs, () => this.#failed(504));
      socket.once(
        "connect",
        mine(() => this.#limit(timeouts.idleMs, () => this.#failed(504))),
      );
    });
    upstream.on(
      "finish",
      mine(() => this.#limit(timeouts.responseMs, () => this.#failed(504))),
    );
    upstream.on("information", ({ statusCode, headers }) => {
      if (statusCode === 103 && !this.#stream.destroyed) this.#stream.additionalHeaders({ ...headers, ":status": 103 });
    });
    upstream.on("upgrade", (_, socket) => {
      socket.destroy();
      mine(() => this.#failed(502))();
    });
    upstream.on("response", (answer) => mine(() => this.#answer(answer))());
    upstream.on("error", () =>
      mine(() => {
        if (!upstream.reusedSocket || this.#stream.headersSent) return this.#failed(502);
        // The replica closed a connection that it had kept: no fault of its.
        this.#send(replica, { fresh: true });
      })(),
    );
    this.#body(upstream);
  }

  #body(upstream: ClientRequest): void {
    if (!this.#hasBody) {
      upstream.end();
      return;
    }
    const { limits, timeouts } = this.#session.traffic.config;
    this.#stream.on("data", (part: Buffer) => {
      this.#received += part.length;
      this.#turn.copy?.sent(part);
      if (limits.bodyBytes > 0 && this.#received > limits.bodyBytes) {
        this.#turn.left();
        upstream.destroy();
        this.#refuse(413);
      } else if (!upstream.writableFinished && upstream.socket?.connecting === false) {
        this.#limit(timeouts.idleMs, () => this.#failed(504));
      }
    });
    this.#stream.pipe(upstream);
  }

  #answer(answer: IncomingMessage): void {
    const stream = this.#stream;
    const { idleMs } = this.#session.traffic.config.timeouts;
    const status = answer.statusCode ?? 502;
    const bodiless = this.#asked?.method === "HEAD" || WITHOUT_BODY.has(status);
    // Only a chunked answer can have trailers; to wait for them costs every other one a round.
    const waitForTrailers = !bodiless && answer.headers["content-length"] === undefined;
    const progress = (): void => this.#limit(idleMs, () => this.#failed(504));
    progress();
    try {
      stream.respond(toClient(answer, this.#turn.cookie), { endStream: bodiless, waitForTrailers });
    } catch {
      return this.#failed(502);
    }
    this.#turn.copy?.came(Buffer.from(answerText(answer), "latin1"));
    // The trailers that came, and no others: an answer without any ends here as well.
    stream.on("wantTrailers", () => stream.sendTrailers(answer.complete ? answer.trailers : {}));
    answer.on("data", (part: Buffer) => {
      progress();
      this.#turn.copy?.came(part);
      if (!stream.write(part)) answer.pause();
    });
    stream.on("drain", () => {
      progress();
      answer.resume();
    });
    answer.on("error", () => this.#failed(502));
    answer.on("end", () => {
      if (this.#over) return;
      if (!answer.complete) return this.#failed(502);
      // An answer to half a request: the rest will not come.
      if (this.#hasBody && !stream.readableEnded) this.#turn.drop();
      this.#turn.answered(status, true);
      this.#end();
      if (!bodiless) stream.end();
    });
  }

  /** This try came to nothing. Another one follows where that can do no harm. */
  #failed(status: number): void {
    if (this.#over) return;
    const { headersSent } = this.#stream;
    this.#turn.failed();
    const upstream = this.#upstream;
    this.#upstream = undefined;
    upstream?.destroy();
    if (this.#replayable && !headersSent) return this.#try(status);
    if (!headersSent) return this.#refuse(status);
    this.#end();
    this.#stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  }

  get #replayable(): boolean {
    return !this.#hasBody && IDEMPOTENT.has(this.#asked?.method ?? "");
  }

  /** The proxy's own answer. */
  #refuse(status: number): void {
    if (this.#over) return;
    this.#end();
    const stream = this.#stream;
    if (stream.destroyed || stream.headersSent) {
      stream.close(constants.NGHTTP2_INTERNAL_ERROR);
      return;
    }
    const again = status === 503 ? { "retry-after": "1" } : {};
    stream.respond({ ":status": status, "content-type": "text/plain", ...again });
    stream.end(this.#given[":method"] === "HEAD" ? undefined : `${status}\n`);
  }

  /** What the client still sends is of no use any more. */
  #end(): void {
    this.#over = true;
    clearTimeout(this.#timer);
    this.#turn.drop();
    const stream = this.#stream;
    const upstream = this.#upstream;
    if (this.#hasBody && !stream.readableEnded) {
      if (upstream) stream.unpipe(upstream);
      stream.once("finish", () => stream.close(constants.NGHTTP2_NO_ERROR));
    }
    if (upstream && !upstream.writableFinished) upstream.destroy();
  }

  #left(): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    this.#turn.left();
    this.#upstream?.destroy();
  }

  #limit(timeoutMs: number, work: () => void): void {
    clearTimeout(this.#timer);
    if (timeoutMs > 0) this.#timer = setTimeout(work, timeoutMs);
  }
}
