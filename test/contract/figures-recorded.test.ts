// Do sources that no real server can be had for keep to the protocol that their vendors document?
import { figuresContract } from "../../src/ports/figures.contract.ts";
import { CLOUDWATCH } from "./figures/cloudwatch.ts";
import { DATADOG } from "./figures/datadog.ts";
import { DYNATRACE } from "./figures/dynatrace.ts";
import { FLUX } from "./figures/flux.ts";
import { GOOGLE } from "./figures/google.ts";
import { NEWRELIC } from "./figures/newrelic.ts";
import { placeOf, type Vendor } from "./figures/place.ts";
import { SPLUNK } from "./figures/splunk.ts";

const RECORDED: Readonly<Record<string, Vendor>> = {
  CloudWatch: CLOUDWATCH,
  Datadog: DATADOG,
  "New Relic": NEWRELIC,
  Dynatrace: DYNATRACE,
  "Google Cloud Monitoring": GOOGLE,
  Splunk: SPLUNK,
  "InfluxDB 2 in Flux": FLUX,
};

for (const [name, vendor] of Object.entries(RECORDED))
  figuresContract(`${name} (recorded protocol)`, () => placeOf(vendor));
