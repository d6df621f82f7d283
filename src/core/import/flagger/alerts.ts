// Who is told of a Canary?
import { plainName, secretEnv, unusedName, type Context } from "../context.ts";
import { metadataOfReferred } from "../metadata.ts";
import type { Part } from "../part.ts";
import { wrongUrl } from "../../spec/target.ts";
import { from, same, type Out } from "../write.ts";
import type { Analysis } from "./analysis-fields.ts";
import { ALERT_PROVIDER, type AlertProvider } from "./formats.ts";

type Alert = NonNullable<Analysis["alerts"]>[number];
type Provider = Part<AlertProvider["spec"]>;

const SEVERITY = { info: "info", warn: "warning", error: "error" } as const;

/** Receivers, one for each alert whose provider is there. */
export function alertsOf(analysis: Part<Analysis> | undefined, context: Context): readonly Out[] {
  const names: string[] = [];
  return (analysis?.at("alerts")?.items() ?? []).flatMap((alert) => {
    const to = providerOf(alert, context);
    if (!to) return [];
    const part = alert.at("name");
    const name = unusedName(plainName(alert.value.name), names);
    names.push(name);
    if (name !== alert.value.name) part?.note(`it is called ${name}: letters, digits, spaces and ._-, and each once`);
    return [{ name: from(name, part), ...to, severity: severityOf(alert) }];
  });
}

function severityOf(alert: Part<Alert>): Out {
  const part = alert.at("severity");
  const severity = part?.value;
  if (severity && SEVERITY[severity]) return from(SEVERITY[severity], part);
  const text = "Flagger says info is meant and then tells nothing of it; here everything is told";
  if (part) part.changes(text);
  else alert.about(text);
  return "info";
}

function providerOf(alert: Part<Alert>, { known, namespace }: Context): { readonly [name: string]: Out } | undefined {
  const reference = alert.at("providerRef");
  const { name, namespace: other } = alert.value.providerRef;
  const found = known.find({ kind: ALERT_PROVIDER.kind, name, namespace: other ?? namespace }, /^flagger\.app\//u);
  if (!found) {
    reference?.none(`no AlertProvider ${name} is in the given files`, "give its file too");
    alert.take();
    return undefined;
  }
  reference?.take();
  const provider = known.open(found, ALERT_PROVIDER);
  const spec = provider?.at("spec");
  if (!provider || !spec) return void alert.take();
  metadataOfReferred(provider.at("metadata"));
  provider.at("status")?.note("the API server sets it");
  const made = targetOf(spec);
  if (!made) alert.take();
  return made;
}

function targetOf(spec: Provider): { readonly [name: string]: Out } | undefined {
  spec.at("proxy")?.none("a receiver has no proxy of its own", "call a relay that is reached directly");
  const url = addressOf(spec);
  if (url === undefined) {
    spec.take();
    return undefined;
  }
  const [type, channel, username] = [spec.at("type"), spec.at("channel"), spec.at("username")];
  if (spec.value.type === "slack") {
    type?.take();
    username?.changes("the name is the one of the incoming webhook");
    return { slack: { url, channel: same(channel) } };
  }
  const body = BODIES[spec.value.type];
  type?.changes("a plain text is sent, without Flagger's card of fields");
  for (const part of [channel, username])
    part?.changes("channel and name are those of the incoming webhook: Serin sends none");
  return { http: { url, headers: { "content-type": "application/json" }, body } };
}

const TEXT = '{"text":"{{service}}: {{text}}"}';
const BODIES: Readonly<Record<Exclude<AlertProvider["spec"]["type"], "slack">, string>> = {
  discord: '{"content":"{{service}}: {{text}}"}',
  msteams: TEXT,
  rocket: TEXT,
  gchat: TEXT,
};

function addressOf(spec: Provider): Out | undefined {
  const [address, secret] = [spec.at("address"), spec.at("secretRef")];
  if (secret) {
    // The Secret comes first in Flagger too.
    secret.changes("the address is read from the controller's environment: give it what the Secret has under address");
    address?.changes("the address in the Secret counts, as in Flagger");
    return secretEnv(secret.value.name, "address");
  }
  if (!address) {
    spec.lacks("there is no address", "add address or secretRef");
    return undefined;
  }
  const why = wrongUrl(address.value);
  if (why === undefined) return from(address.value, address);
  address.none(why, "write an address that Serin can call");
  return undefined;
}
