// What does a mirror thread do with the requests that it is handed?
import { Agent } from "node:http";
import { performance } from "node:perf_hooks";
import { differingParts, type AnswerSeen } from "../../core/compare/answers.ts";
import { shownRequest } from "../../core/compare/shown.ts";
import { FieldTotals } from "../../core/compare/totals.ts";
import { Tallies } from "../tally.ts";
import { partsOf } from "./parts.ts";
import {
  noSums,
  type CopyRole,
  type FromMirror,
  type Handed,
  type MirrorStart,
  type Target,
  type ToMirror,
} from "./messages.ts";
import { answerOf, dechunked } from "./seen.ts";
import { wallMs } from "./strain.ts";
import { sendCopy, type Outgoing } from "./send.ts";

/** The worker hears of copies that ended so long after: each message costs it a little. */
const TELL_AFTER_MS = 10;
/** Idle connections to replicas are given up before these usually do (Node: 5 s). */
const KEPT_MS = 4_000;
/** What was handed over so long ago is taken late. */
const LATE_MS = 50;
/** After so long without anything to take, one late message says nothing yet. */
const UNKNOWN_AFTER_MS = 500;

export interface CopierOptions {
  readonly tell: (told: FromMirror) => void;
  /** Called once, when it was closed and the last copy has ended. */
  readonly over: () => void;
}

/** Sends copies, counts what comes of them, and compares the answers. */
export class Copier {
  readonly #start: MirrorStart;
  readonly #options: CopierOptions;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64, timeout: KEPT_MS });
  readonly #fields = new FieldTotals();
  #tallies = new Tallies();
  #sums = noSums();
  #ended: number[] = [];
  #underway = 0;
  /** The first message waits for the thread to start, which says nothing about the machine. */
  readonly #begunAt = wallMs();
  /** Since when all that was handed over has been taken late. */
  #lateSince = Infinity;
  #takenAt = this.#begunAt;
  #telling: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(start: MirrorStart, options: CopierOptions) {
    this.#start = start;
    this.#options = options;
  }

  take({ requests, bytes, at: handedAt }: Extract<ToMirror, { kind: "handed" }>): void {
    const now = wallMs();
    const isLate = now - Math.max(handedAt, this.#begunAt) > LATE_MS;
    if (!isLate) this.#lateSince = Infinity;
    else if (this.#lateSince === Infinity || now - this.#takenAt > UNKNOWN_AFTER_MS) this.#lateSince = now;
    this.#takenAt = now;
    const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (const handed of requests) {
      const size = handed.headBytes + handed.bodyBytes + handed.answerBytes;
      this.#copy(handed, all.subarray(at, at + size));
      at += size;
    }
  }

  /** Ends with the last copy. */
  close(): void {
    this.#closing = true;
    this.#tellSoon();
  }

  #copy(handed: Handed, bytes: Buffer): void {
    const { targets, headBytes, bodyBytes, answerBytes, whole } = handed;
    const parts = partsOf(bytes.latin1Slice(0, headBytes));
    const body = bodyOf(parts.fields, bytes.subarray(headBytes, headBytes + bodyBytes));
    const answer = answerBytes > 0 ? answerOf(bytes.subarray(headBytes + bodyBytes), whole) : undefined;
    for (const target of targets) {
      if (body) void this.#send(target, { ...parts, body }, answer);
      else {
        // The answer came before the whole request did.
        this.#sums[target.role].shed += 1;
        this.#end(target.id);
      }
    }
  }

  async #send(target: Target, outgoing: Outgoing, user: AnswerSeen | undefined): Promise<void> {
    const { role, pool, replica, id } = target;
    this.#underway += 1;
    this.#sums[role].sent += 1;
    const answer = await sendCopy(target, outgoing, { agent: this.#agent, timeoutMs: this.#start.timeoutMs });
    const tally = this.#tallies.of(pool, replica);
    if (answer.kind === "failed") {
      tally.miss();
      this.#sums[role].failed += 1;
    } else {
      tally.count(answer.status);
      if (answer.timed) tally.time(answer.latencyMs * 1_000);
      if (user) this.#compare(role, [user, answer.seen], shownRequest(outgoing.method, outgoing.target));
    }
    this.#underway -= 1;
    this.#end(id);
  }

  #compare(role: CopyRole, [user, copy]: readonly [AnswerSeen, AnswerSeen], request: string): void {
    const parts = differingParts(user, copy, this.#start.mirror.compare?.ignore ?? []);
    this.#sums[role].compared += 1;
    if (parts.length > 0) this.#sums[role].differing += 1;
    for (const part of parts) {
      const isNoise = role === "baseline";
      const examples = isNoise ? [] : [{ request, stable: part.user, candidate: part.copy }];
      this.#fields.add({ path: part.path, candidate: isNoise ? 0 : 1, noise: isNoise ? 1 : 0, examples });
    }
  }

  #end(id: number): void {
    this.#ended.push(id);
    this.#tellSoon();
  }

  #tellSoon(): void {
    if (!this.#telling) this.#telling = setTimeout(() => this.#tell(), TELL_AFTER_MS);
  }

  #tell(): void {
    this.#telling = undefined;
    const counts = this.#tallies.read(performance.now(), () => true);
    const mirrored = { key: this.#start.key, counts, sums: this.#sums, fields: this.#fields.read() };
    this.#options.tell({ ended: this.#ended, lateMs: Math.max(0, this.#takenAt - this.#lateSince), mirrored });
    this.#tallies = new Tallies();
    this.#sums = noSums();
    this.#fields.clear();
    this.#ended = [];
    if (!this.#closing || this.#underway > 0) return;
    this.#agent.destroy();
    this.#options.over();
  }
}

/** A request's body without its framing; `undefined` when it is not all there. */
function bodyOf(fields: Outgoing["fields"], raw: Buffer): Buffer | undefined {
  const valueOf = (wanted: string): string | undefined => fields.find(([name]) => name.toLowerCase() === wanted)?.[1];
  if (valueOf("transfer-encoding") !== undefined) return dechunked(raw);
  const length = valueOf("content-length");
  return length === undefined || Number(length) === raw.length ? raw : undefined;
}
