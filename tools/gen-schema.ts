// Which files are made from the one definition of a rollout file? Written anew by `npm run schema`.
import { readFileSync, writeFileSync } from "node:fs";
import { facadeJsonSchema, releaseJsonSchema, rolloutJsonSchema } from "../src/core/spec/json-schema.ts";
import { withPresets } from "./presets-table.ts";
import { withTelemetry } from "./telemetry-table.ts";

const schemas = { rollout: rolloutJsonSchema(), facade: facadeJsonSchema(), release: releaseJsonSchema() };
const page = new URL("../docs/metrics.md", import.meta.url);
for (const [name, schema] of Object.entries(schemas)) {
  const file = new URL(`../schema/${name}.schema.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(schema, undefined, 2)}\n`);
}
writeFileSync(page, withPresets(readFileSync(page, "utf8")));

const telemetry = new URL("../docs/telemetry.md", import.meta.url);
writeFileSync(telemetry, await withTelemetry(readFileSync(telemetry, "utf8")));
