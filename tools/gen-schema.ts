// Which files are made from the one definition of a rollout file? Written anew by `npm run schema`.
import { readFileSync, writeFileSync } from "node:fs";
import { facadeJsonSchema, releaseJsonSchema, rolloutJsonSchema } from "../src/core/spec/json-schema.ts";
import { openApi } from "../src/api/http/openapi.ts";
import { withFrameworks, withPresets } from "./presets-table.ts";
import { withTelemetry } from "./telemetry-table.ts";

const schemas = { rollout: rolloutJsonSchema(), facade: facadeJsonSchema(), release: releaseJsonSchema() };
const openapi = new URL("../schema/openapi.json", import.meta.url);
writeFileSync(openapi, `${JSON.stringify(openApi(), undefined, 2)}\n`);
const pages = { metrics: withPresets, presets: withFrameworks, telemetry: withTelemetry };
for (const [name, schema] of Object.entries(schemas)) {
  const file = new URL(`../schema/${name}.schema.json`, import.meta.url);
  writeFileSync(file, `${JSON.stringify(schema, undefined, 2)}\n`);
}
for (const [name, withTables] of Object.entries(pages)) {
  const page = new URL(`../docs/${name}.md`, import.meta.url);
  writeFileSync(page, await withTables(readFileSync(page, "utf8")));
}
