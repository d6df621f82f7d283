// Is the generated code what Envoy itself says?
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { generate } from "./gen-envoy/generate.ts";
import { envoyBinary } from "./parts.ts";

const folder = join(import.meta.dirname, "..", "src", "adapters", "envoy", "protos");
// Another Envoy than the one that is fetched may know more, or less.
const given = process.env["ENVOY_BIN"] !== undefined;

test.skipIf(given || envoyBinary() === undefined)(
  "generated messages are those of the Envoy that tests run",
  () => {
    const committed = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [relative(folder, path), readFileSync(path, "utf8")] as const);
    expect(new Map(committed)).toEqual(generate(envoyBinary() ?? ""));
  },
  120_000,
);
