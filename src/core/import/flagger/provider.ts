// Where does a MetricTemplate read its figures?
import { secretEnv } from "../context.ts";
import type { AnyPart, Part } from "../part.ts";
import { from, type Out } from "../write.ts";
import type { MetricTemplate } from "./formats.ts";

type Provider = Part<MetricTemplate["spec"]["provider"]>;
type Maker = (provider: Provider) => Out | undefined;

/** A Prometheus whose series are told apart by the label that names the pod. */
export function prometheusAt(url: Out, pod: string, more: { readonly [name: string]: Out | undefined } = {}): Out {
  return { prometheus: { url, ...more, match: { [pod]: "{{replica}}" } } };
}

/** The source that a provider is; nothing when Serin has no such, and then it was said. */
export function sourceOf(provider: Provider): Out | undefined {
  const type = provider.at("type");
  const made = MAKERS[provider.value.type];
  if (typeof made === "string") {
    type?.none(
      `Serin has nothing for ${provider.value.type} here: ${made}`,
      "say it in spec.analysis.sources and metrics, with a query in which {{role}} or {{revision}} tells the versions apart",
    );
    // What cannot be reached needs no word for each of its fields.
    provider.take();
    return undefined;
  }
  type?.take();
  return made(provider);
}

/** Who is asked one question for each version; nothing in a cluster tells such a question which pods are meant. */
const ONE_BY_ONE =
  "it is asked one question for each version, and nothing in the pods' labels tells versions apart there";

const MAKERS: Readonly<Record<MetricTemplate["spec"]["provider"]["type"], Maker | string>> = {
  prometheus,
  datadog: ONE_BY_ONE,
  cloudwatch: ONE_BY_ONE,
  graphite: ONE_BY_ONE,
  dynatrace: ONE_BY_ONE,
  influxdb: ONE_BY_ONE,
  newrelic: ONE_BY_ONE,
  stackdriver: "MQL is at its end, and googleCloud asks in PromQL one question for each version",
  splunk: "SignalFlow answers with a stream",
  keptn: "it has no such source",
  externalmetrics: "it has no such source",
};

function addressOf(provider: Provider): Out | undefined {
  const address = provider.at("address");
  if (address) return from(address.value.replace(/\/+$/u, ""), address);
  provider.none("there is no address", "add address");
  return undefined;
}

function headersOf(provider: Provider): Out | undefined {
  const headers = provider.at("headers");
  const entries = (headers?.entries() ?? []).map(([name, values]) => {
    const list = values.value as readonly string[];
    if (list.length > 1) (values as AnyPart).changes("the values of a header are sent as one, with commas");
    return [name, from(list.join(", "), values)] as const;
  });
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function insecure(provider: Provider): Out | undefined {
  const part = provider.at("insecureSkipVerify");
  if (part?.value !== true) {
    part?.take();
    return undefined;
  }
  return { insecure: from(true, part) };
}

function prometheus(provider: Provider): Out | undefined {
  provider.at("region")?.note("Flagger does not heed it here: left out");
  const [url, secret] = [addressOf(provider), provider.at("secretRef")];
  if (url === undefined) return undefined;
  secret?.changes(
    "name and password are read from the controller's environment; if the Secret has a token, write bearer instead of basic",
  );
  const basic = secret && {
    user: secretEnv(secret.value.name, "username"),
    password: secretEnv(secret.value.name, "password"),
  };
  return prometheusAt(url, "pod", { basic, headers: headersOf(provider), tls: insecure(provider) });
}
