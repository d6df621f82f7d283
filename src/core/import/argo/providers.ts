// Where does an analysis of Argo read its figures?
import { secretEnv, type Context } from "../context.ts";
import type { AnyPart, Part } from "../part.ts";
import { seconds } from "../times.ts";
import { from, type Out } from "../write.ts";
import type { ProviderFields } from "./analysis-fields.ts";
import { filled, type Values } from "./arguments.ts";

/** A source, and the question as it stands. */
export interface Asked {
  readonly source: Out;
  readonly name: string;
  readonly query: Part<string>;
}

type Provider = Part<ProviderFields>;

interface Around {
  readonly values: Values;
  readonly context: Context;
}

const INSTEAD = "say the metric in spec.analysis, or call something in spec.hooks (at: step, and run: NAME in a step)";

const ONE_BY_ONE = [
  "it is asked one question for each version, and nothing in the pods' labels tells versions apart there",
  "say it in spec.analysis.sources and metrics, with a query in which {{role}} or {{revision}} tells the versions apart",
] as const;

/** Those that Serin has nothing like, or that do not say all that it must know. */
const NOTHING: { readonly [K in keyof ProviderFields]?: readonly [why: string, instead: string] } = {
  datadog: ONE_BY_ONE,
  cloudWatch: ONE_BY_ONE,
  graphite: ONE_BY_ONE,
  influxdb: ONE_BY_ONE,
  newRelic: ONE_BY_ONE,
  wavefront: ["Serin has no such source", INSTEAD],
  skywalking: ["Serin has no such source", INSTEAD],
  web: [
    "one answer of a page says nothing of two versions",
    "call it in spec.hooks (http, at: step or during), or ask for a figure of each version: analysis.sources with json",
  ],
  kayenta: [
    "Serin judges as Kayenta does itself, and asks no server",
    "give the canary configuration: analysis with judge: kayenta, config and lifetime",
  ],
  plugin: ["Serin has no plugins", INSTEAD],
};

/** The source of a metric; nothing when Serin has none, and then it was said. */
export function askedOf(provider: Provider, around: Around): Asked | undefined {
  for (const [kind, [why, instead]] of Object.entries(NOTHING))
    provider.at(kind as keyof typeof NOTHING)?.none(why, instead);
  const prometheus = provider.at("prometheus");
  if (prometheus) return ofPrometheus(prometheus, around);
  if (Object.keys(provider.value).length === 0) provider.none("there is no provider", "add one");
  return undefined;
}

type Of<K extends keyof ProviderFields> = Part<NonNullable<ProviderFields[K]>>;

function addressOf(part: Part<{ readonly address?: string | undefined }>, { values }: Around): Out | undefined {
  const address = part.at("address");
  if (!address) return undefined;
  const text = filled(address.value, values);
  if (text.ok) return from(text.text.replace(/\/+$/u, ""), address);
  address.none(text.why, "write the address out");
  return undefined;
}

function ofPrometheus(part: Of<"prometheus">, around: Around): Asked | undefined {
  part
    .at("authentication")
    ?.none(
      "Serin's source says who it is by basic or bearer only",
      "use analysis.sources with prometheus: { basic } or { bearer }, or a proxy that signs",
    );
  part
    .at("rangeQuery")
    ?.none("Serin asks for one number at one moment", "put the range into the query: avg_over_time((…)[5m:])");
  let url = addressOf(part, around);
  if (url === undefined && !part.value.address) {
    url = around.context.options.prometheus;
    if (url === undefined)
      part.lacks(
        "there is no address: the controller's environment says where",
        "serin import --prometheus ADDRESS says it",
      );
  }
  const [timeout, insecure, query] = [part.at("timeout"), part.at("insecure"), part.at("query")];
  const headers = (part.at("headers")?.items() ?? []).map((header) => {
    const value = filled(header.value.value, around.values);
    if (!value.ok) return secretHeader(header, around);
    return [header.value.key, from(value.text, header)] as const;
  });
  if (insecure && !insecure.value) insecure.take();
  const source = {
    prometheus: {
      url,
      headers: headers.length > 0 ? Object.fromEntries(headers) : undefined,
      tls: insecure?.value ? { insecure: from(true, insecure) } : undefined,
      timeout: timeout && from(seconds(timeout.value), timeout),
      match: { pod: "{{replica}}" },
    },
  };
  if (query) return url === undefined ? leftOut(part) : { source, name: "prometheus", query };
  part.lacks("there is no query", "add query");
  return undefined;
}

function leftOut(part: AnyPart): undefined {
  part.take();
  return undefined;
}

type Header = NonNullable<NonNullable<ProviderFields["prometheus"]>["headers"]>[number];

function secretHeader(header: Part<Header>, { values }: Around): readonly [string, Out] {
  const name = /^\{\{\s*args\.([\w.-]+)\s*\}\}$/u.exec(header.value.value)?.[1];
  const value = name === undefined ? undefined : values[name];
  if (value?.kind === "secret") {
    header.changes("the secret is read from the controller's environment: give it there under this name");
    return [header.value.key, secretEnv(value.name, value.key)];
  }
  header.none("a header that holds a secret beside other text cannot be read", "put the whole value into the secret");
  return [header.value.key, secretEnv(header.value.key, "value")];
}
