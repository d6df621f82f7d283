// Writes schema/rollout.schema.json: node tools/gen-schema.ts
import { writeFileSync } from "node:fs";
import { rolloutJsonSchema } from "../src/core/spec/json-schema.ts";

const file = new URL("../schema/rollout.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(rolloutJsonSchema(), null, 2)}\n`);
