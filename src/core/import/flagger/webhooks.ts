// What do the webhooks of a Canary become?
import { plainName, unusedName } from "../context.ts";
import type { Part } from "../part.ts";
import { timeOf, times } from "../times.ts";
import { wrongUrl } from "../../spec/target.ts";
import type { Ms } from "../../units.ts";
import { from, same, type Out } from "../write.ts";
import type { Analysis } from "./analysis-fields.ts";
import type { Kind } from "./strategy.ts";
import type { Router } from "./traffic.ts";

type Webhook = NonNullable<Analysis["webhooks"]>[number];
type Type = NonNullable<Webhook["type"]>;

/** Flagger's own. */
const TIMEOUT = "10s";

/** What a Canary says that matters to all. */
export interface Checks {
  readonly interval: Ms;
  readonly threshold: number;
  readonly kind: Kind;
  /** The Service that clients call. */
  readonly service: string;
  readonly router: Router;
}

interface Hooks {
  readonly hooks: Out[];
  readonly notify: Out[];
  readonly names: string[];
}

/** Hooks, and receivers of what Flagger calls events. */
export function hooksOf(analysis: Part<Analysis> | undefined, checks: Checks): Pick<Hooks, "hooks" | "notify"> {
  const made: Hooks = { hooks: [], notify: [], names: [] };
  for (const webhook of analysis?.at("webhooks")?.items() ?? []) {
    const why = wrongUrl(webhook.value.url);
    if (why !== undefined) {
      webhook.at("url")?.none(why, "write an address that Serin can call");
      webhook.take();
    } else if (isGone(webhook, checks)) continue;
    else if (webhook.value.type === "event") receiver(webhook, made);
    else hook(webhook, checks, made);
  }
  return made;
}

function nameOf(webhook: Part<Webhook>, { names }: Hooks): Out {
  const part = webhook.at("name");
  const name = unusedName(plainName(webhook.value.name), names);
  names.push(name);
  if (name !== webhook.value.name) part?.note(`it is called ${name}: letters, digits, spaces and ._-, and each once`);
  return from(name, part);
}

type Fields = { readonly [name: string]: Out | undefined };
type How = (webhook: Part<Webhook>, checks: Checks) => Fields;

const retriesOf = (webhook: Part<Webhook>): Out | undefined => {
  const part = webhook.at("retries");
  return part && from(Math.max(0, Math.min(20, part.value)), part);
};

/** A gate and whatever is asked again has no retries: the next question is one. */
function askedAgain(webhook: Part<Webhook>): void {
  webhook.at("retries")?.note("it is asked again anyway");
}

const gate =
  (at: string): How =>
  (webhook, { interval }) => {
    askedAgain(webhook);
    return { at, gate: true, every: times(interval, 1) };
  };

const before: How = (webhook, { threshold }) => {
  const part = webhook.at("type");
  // Flagger calls it with every check until one succeeds or the threshold is reached.
  const retries = webhook.at("retries");
  const text = `it is called up to ${threshold} times, one after the other, then the rollout is taken back; Flagger waits for its next check in between`;
  if (threshold > 1) webhook.about(text);
  return {
    at: from("before", part),
    retries: from(Math.min(20, Math.max(threshold - 1, retries?.value ?? 0)), retries),
  };
};

const during: How = (webhook, checks) => {
  const { interval, threshold, kind } = checks;
  if (kind === "blueGreen") {
    webhook.about("it is called once, before the switch: Flagger calls it with every round");
    return before(webhook, checks);
  }
  askedAgain(webhook);
  webhook.about(
    `${threshold === 1 ? "a failure takes" : `${threshold} failures in a row take`} the rollout back; Flagger counts them over the whole run, with failed metrics`,
  );
  return { at: "during", every: times(interval, 1), threshold: Math.max(1, Math.min(1_000, threshold)) };
};

const HOW: Readonly<Record<Exclude<Type, "event" | "post-rollout">, How>> = {
  "": during,
  rollout: during,
  "pre-rollout": before,
  "confirm-rollout": gate("start"),
  "confirm-promotion": gate("promotion"),
  "confirm-traffic-increase": gate("increase"),
  rollback: (webhook, { interval }) => {
    askedAgain(webhook);
    return { rollbackWhen: true, every: times(interval, 1) };
  },
};

function hook(webhook: Part<Webhook>, checks: Checks, made: Hooks): void {
  const type = webhook.value.type ?? "";
  const common = called(webhook);
  if (type !== "post-rollout") {
    const how = HOW[type as Exclude<Type, "event" | "post-rollout">](webhook, checks);
    webhook.at("type")?.take();
    made.hooks.push({ name: nameOf(webhook, made), ...how, ...common });
    return;
  }
  webhook.at("type")?.note("after a promotion and after a roll-back are two moments here: it stands twice");
  const retries = retriesOf(webhook);
  const name = nameOf(webhook, made);
  const second = unusedName(`${plainName(webhook.value.name).slice(0, 50)} on rollback`, made.names);
  made.names.push(second);
  made.hooks.push({ name, at: "after", retries, ...common }, { name: second, at: "rollback", retries, ...common });
}

/** Whether it calls Services that Flagger makes for each version, and that are not there any more. */
function isGone(webhook: Part<Webhook>, { service, router }: Checks): boolean {
  const texts = [webhook.value.url, ...Object.values(webhook.value.metadata ?? {})];
  const names = (name: string): boolean => texts.some((text) => text.split(/[^a-z0-9-]+/u).includes(name));
  const [canary, primary] = [`${service}-canary`, `${service}-primary`];
  const isMade = router !== "service";
  if (names(primary))
    webhook.none(
      `it names ${primary}, a Service that Flagger made: there is none`,
      isMade ? `write ${service}-stable, and add the hook` : `write ${service}, and add the hook`,
    );
  if (!names(canary)) return names(primary);
  if (isMade) webhook.about(`${canary} is a Service of Serin's, and there only while there is a canary`);
  else
    webhook.none(
      `it names ${canary}, a Service that Flagger made: there is none`,
      "test a pod of the new version, or use Istio or the Gateway API, where Serin makes such a Service",
    );
  return names(primary) || !isMade;
}

/** Address, time and what is handed on. */
function called(webhook: Part<Webhook>): Fields {
  muted(webhook);
  const timeout = webhook.at("timeout");
  const time = timeout && timeOf(timeout);
  const metadata = webhook.at("metadata");
  const entries = (metadata?.entries() ?? []).flatMap(([name, value]) => {
    if (/^[\w-]+$/u.test(name)) return [[name, from(value.value, value)] as const];
    value.none(
      `found ${name}, a name of metadata has letters, digits, _ and -`,
      "name it otherwise, there and at the receiver",
    );
    return [];
  });
  return {
    http: same(webhook.at("url")),
    timeout: time === undefined ? TIMEOUT : from(times(time, 1), timeout),
    metadata: entries.length > 0 ? Object.fromEntries(entries) : undefined,
  };
}

function muted(webhook: Part<Webhook>): void {
  const [mute, tls] = [webhook.at("muteAlert"), webhook.at("disableTLS")];
  if (mute?.value)
    mute.changes("who is told of a failed hook stands with the receiver: spec.notify, events without hook");
  else mute?.take();
  if (tls?.value)
    tls.none(
      "Serin calls nobody whose certificate it cannot check",
      "give its authority in NODE_EXTRA_CA_CERTS, or use http:// within the cluster",
    );
  else tls?.take();
}

function receiver(webhook: Part<Webhook>, made: Hooks): void {
  webhook.at("type")?.note("who is told of events stands in spec.notify");
  const { http } = called(webhook);
  webhook.at("timeout")?.changes("a notification has 10s and up to four more attempts");
  webhook.at("retries")?.changes("a notification has 10s and up to four more attempts");
  webhook
    .at("metadata")
    ?.none("a notification hands on nothing of the file", "write a body: spec.notify with http: { url, body }");
  made.notify.push({ name: nameOf(webhook, made), http });
}
