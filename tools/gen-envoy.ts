// Which of Envoy's messages does Serin speak? Writes src/adapters/envoy/protos from the running program itself.
//
// Needs the Envoy of tools/parts.ts (`node tools/parts.ts`): the binary holds the descriptors of every message that it
// understands, so that the generated code cannot speak of a field that this Envoy does not know. Nothing else is fetched.
// What is taken of them is in gen-envoy/roots.ts.
//
//   node tools/gen-envoy.ts
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { generate } from "./gen-envoy/generate.ts";
import { envoyBinary } from "./parts.ts";

const out = join(dirname(import.meta.dirname), "src", "adapters", "envoy", "protos");

const binary = envoyBinary();
if (binary === undefined) {
  console.error("serin: there is no Envoy; run `node tools/parts.ts` first");
  process.exit(1);
}
const texts = generate(binary);
rmSync(out, { recursive: true, force: true });
for (const [name, text] of texts) {
  mkdirSync(dirname(join(out, name)), { recursive: true });
  writeFileSync(join(out, name), text);
}
console.log(`${texts.size} files`);
