// Which seeds shall be run, and what went wrong?
//
//   npm run sim -- --seed 4711 [--verbose]     one run, replayed exactly
//   npm run sim -- --seeds 1000 [--from 1]     many; one line for each that fails
import { parseArgs } from "node:util";
import { runSeed } from "./run.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    verbose: { type: "boolean", default: false },
  },
});

async function one(seed: number): Promise<void> {
  const result = await runSeed(seed);
  const line = /started|back|ended|in force|BROKEN|dies|begins|crashes|refused|failed|command|seed|fault|data plane/u;
  for (const text of result.trace) if (values.verbose || line.test(text)) console.log(text);
  console.log(`\nseed ${seed}  trace ${result.hash}  ${result.virtualMs / 1_000} virtual seconds  ${result.outcome}`);
  for (const text of result.broken) console.log(`BROKEN  ${text}`);
  if (result.broken.length > 0) process.exitCode = 1;
}

async function many(from: number, count: number): Promise<void> {
  const began = performance.now();
  let failed = 0;
  let virtualMs = 0;
  for (let seed = from; seed < from + count; seed += 1) {
    const result = await runSeed(seed);
    virtualMs += result.virtualMs;
    if (result.broken.length === 0) continue;
    failed += 1;
    console.log(`seed ${seed}: ${result.broken[0]}   npm run sim -- --seed ${seed} --verbose`);
  }
  const seconds = (performance.now() - began) / 1_000;
  const days = virtualMs / 86_400_000;
  console.log(`${count} seeds, ${failed} failed, ${days.toFixed(2)} virtual days in ${seconds.toFixed(1)} s`);
  if (failed > 0) process.exitCode = 1;
}

if (values.seed !== undefined) await one(Number(values.seed));
else await many(Number(values.from), Number(values.seeds ?? 100));
