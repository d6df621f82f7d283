// Which files are made from the one definition of a rollout file? Written anew by `npm run schema`.
import { readFileSync, writeFileSync } from "node:fs";
import { rolloutJsonSchema } from "../src/core/spec/json-schema.ts";
import { withPresets } from "./presets-table.ts";

const schema = new URL("../schema/rollout.schema.json", import.meta.url);
const page = new URL("../docs/metrics.md", import.meta.url);
writeFileSync(schema, `${JSON.stringify(rolloutJsonSchema(), undefined, 2)}\n`);
writeFileSync(page, withPresets(readFileSync(page, "utf8")));
