// Who answers for a vendor that a rollout file names?
import type { VendorKind, VendorSpec, VendorSpecs } from "../../core/spec/vendors.ts";
import type { FigureSource } from "../../ports/figures.ts";
import type { Parts } from "./turn.ts";

type Create<K extends VendorKind> = (spec: VendorSpecs[K], parts: Parts) => FigureSource;

/** Loaded when a file first names it: a vendor that nobody uses costs nothing. */
const LOADERS: { readonly [K in VendorKind]: () => Promise<Create<K>> } = {
  datadog: async () => (await import("./datadog.ts")).createDatadog,
  cloudwatch: async () => (await import("./cloudwatch.ts")).createCloudWatch,
  influxdb: async () => (await import("./influxdb.ts")).createInfluxDb,
  graphite: async () => (await import("./graphite.ts")).createGraphite,
  newrelic: async () => (await import("./newrelic.ts")).createNewRelic,
  dynatrace: async () => (await import("./dynatrace.ts")).createDynatrace,
  googleCloud: async () => (await import("./google.ts")).createGoogleCloud,
  splunk: async () => (await import("./splunk.ts")).createSplunk,
  json: async () => (await import("./json.ts")).createJson,
  command: async () => (await import("./command.ts")).createCommand,
};

/** A source for a specification whose paths are absolute (`anchoredVendor`). What it needs is loaded with the first question. */
export function createVendor(spec: VendorSpec, parts: Parts): FigureSource {
  return loadedLater(spec.kind, async () => ((await LOADERS[spec.kind]()) as Create<VendorKind>)(spec, parts));
}

/** A source that is made with the first question. One that could not be made is tried again with the next. */
export function loadedLater(kind: string, load: () => Promise<FigureSource>): FigureSource {
  let made: Promise<FigureSource> | undefined;
  const remade = async (): Promise<FigureSource> => {
    try {
      return await load();
    } catch (error) {
      made = undefined;
      throw error;
    }
  };
  return {
    kind,
    ask: async (asked, call) => {
      made ??= remade();
      return (await made).ask(asked, call);
    },
    close: () => {
      // Whoever asked has been told why there is nothing to close.
      made?.then(
        (source) => source.close?.(),
        () => undefined,
      );
    },
  };
}
