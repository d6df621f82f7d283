// Which alerts do a Prometheus or an Alertmanager say fire?
import { SerinError } from "../../core/issues.ts";
import type { Alert } from "../../core/stats/alert.ts";
import { duration, ms, type Ms } from "../../core/units.ts";
import type { AlertSource } from "../../ports/alerts.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Web } from "../../ports/web.ts";
import { type Call, type Observed, seen, unreadable } from "../../ports/observed.ts";
import { withCall } from "../../ports/waiting.ts";
import { type AlertApi, DOORS } from "./apis.ts";

/** Whom to ask and how often. */
export interface AlertSourceOptions {
  /** The base address, with a path if it has one: `http://prometheus:9090`. */
  readonly url: string;
  readonly clock: Clock;
  /** Default `prometheus`. */
  readonly api?: AlertApi | undefined;
  /** Default 5 s. */
  readonly everyMs?: Ms | undefined;
  /** How long one answer may take. Default 2 s. */
  readonly timeoutMs?: Ms | undefined;
  /** Who asks, with whatever the server wants to see. */
  readonly web: Web;
}

/**
 * Asks at most every `everyMs`. A request goes on by itself: a read answers what is known, so that a slow source delays
 * nobody. A read waits for the request only when nothing is known that is younger than twice `everyMs`. When a request
 * fails, the last answer holds until it is older than three times `everyMs`; then, or if there is none, the source is
 * unreadable. Throws a SerinError for an address that cannot be asked.
 */
export function createAlertSource(options: AlertSourceOptions): AlertSource {
  return new Alerts(options);
}

/** An answer older than so many times `everyMs` tells nothing. */
const STALE = 3;

const MOST_BYTES = 8 * 1_048_576;

/** When something was asked. */
interface Moment {
  readonly beganMs: Ms;
}

class Alerts implements AlertSource {
  readonly name: string;
  readonly #clock: Clock;
  readonly #api: AlertApi;
  readonly #everyMs: Ms;
  readonly #timeoutMs: Ms;
  readonly #url: string;
  readonly #web: Web;
  #answer: (Moment & { readonly alerts: readonly Alert[] }) | undefined;
  /** Of the last request, if it failed. */
  #failure: (Moment & { readonly why: string }) | undefined;
  /** The request that is under way. */
  #asking: Promise<void> | undefined;

  constructor({ url, clock, api = "prometheus", everyMs, timeoutMs, web }: AlertSourceOptions) {
    const base = addressOf(url);
    this.#web = web;
    // As it was written: whoever gave the address finds the answer under it.
    this.name = url;
    this.#url = `${base.origin}${base.pathname.replace(/\/+$/u, "")}${DOORS[api].path}${DOORS[api].query}`;
    this.#clock = clock;
    this.#api = api;
    this.#everyMs = everyMs ?? ms(5_000);
    this.#timeoutMs = timeoutMs ?? ms(2_000);
  }

  async read(call: Call): Promise<Observed<readonly Alert[]>> {
    call.signal.throwIfAborted();
    const last = this.#failure ?? this.#answer;
    if (!this.#asking && !this.#isYoung(last, this.#everyMs)) this.#asking = this.#ask();
    if (this.#asking && !this.#isYoung(last, 2 * this.#everyMs)) await withCall(this.#asking, call);
    return this.#known();
  }

  /** A moment that the clock has not come to yet is not young: the clock was set back. */
  #isYoung(moment: Moment | undefined, belowMs: number): boolean {
    if (!moment) return false;
    const age = this.#clock.now() - moment.beganMs;
    return age >= 0 && age < belowMs;
  }

  /** Never rejects. */
  async #ask(): Promise<void> {
    const beganMs = this.#clock.now();
    const asked = { url: this.#url, timeoutMs: this.#timeoutMs, mostBytes: MOST_BYTES };
    const fetched = await this.#web.ask(asked);
    const said = fetched.ok ? DOORS[this.#api].said(fetched.json) : fetched;
    if (said.ok) this.#answer = { beganMs, alerts: said.alerts };
    this.#failure = said.ok ? undefined : { beganMs, why: said.why };
    this.#asking = undefined;
  }

  #known(): Observed<readonly Alert[]> {
    const answer = this.#answer;
    if (answer && this.#isYoung(answer, STALE * this.#everyMs + 1)) return seen(answer.alerts);
    const since = answer ? `; it last answered ${duration(ms(this.#clock.now() - answer.beganMs))} ago` : "";
    return unreadable(`GET ${this.#url}: ${this.#failure?.why ?? "the answer came too late"}${since}`);
  }
}

function addressOf(url: string): URL {
  const address = URL.parse(url);
  const isBare = address && `${address.username}${address.password}${address.search}${address.hash}` === "";
  if (isBare && /^https?:$/u.test(address.protocol)) return address;
  throw new SerinError({
    code: "SERIN_ALERTS_ADDRESS",
    what: "The address of the source of alerts cannot be asked.",
    // Not shown whole: what stands before the host may be a password.
    found: address
      ? `${address.protocol}//${address.host}${address.pathname}, or more`
      : "something that is no address",
    next: "Give the base address alone, such as http://prometheus:9090; credentials are sent in a header.",
    exitCode: 2,
  });
}
