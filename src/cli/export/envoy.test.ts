// Is what is asked for in vain said, instead of being left out of the file?
import { Command } from "commander";
import { expect, test } from "vitest";
import { parseRollout } from "../../core/spec/parse.ts";
import { envoy } from "./envoy.ts";

function rolloutOf(xds: string) {
  const head = "apiVersion: serin.dev/v1\nkind: Rollout\nmetadata: { name: shop }\nspec:\n";
  const read = parseRollout(
    `${head}  workload: { process: { command: [node, shop.js] } }\n  traffic: { envoy: { listen: 8080, xds: ${xds} } }\n  strategy: { recreate: {} }\n`,
  );
  if (!read.ok) throw new Error(JSON.stringify(read.issues));
  return { rollout: read.rollout, origin: "/" };
}

const PLAIN = "127.0.0.1:18000";
const TLS = "{ listen: 18000, cert: a.crt, key: a.key }";

/** What is printed for these options. */
async function made(args: readonly string[], xds = PLAIN): Promise<string> {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  envoy.options?.(command);
  command.parse(args, { from: "user" });
  const atHand = { services: ["shop"], units: [], rollouts: [rolloutOf(xds)], longestJudgeMs: undefined };
  return JSON.stringify((await envoy.make({ atHand, options: command.opts() })).documents);
}

test.each([
  [["--id", ""], PLAIN, "An Envoy needs a name of its own"],
  [["--stable", "http://127.0.0.1:1"], PLAIN, "--stable without --static"],
  [["--candidate", "http://127.0.0.1:1"], PLAIN, "--candidate without --static"],
  [["--ca", "ca.crt"], PLAIN, "is a plain one"],
  [["--cert", "a.crt", "--key", "a.key"], PLAIN, "is a plain one"],
  [["--server-name", "serin"], PLAIN, "--server-name"],
  [["--ca", "ca.crt", "--key", "a.key"], TLS, "--key alone"],
  [["--static", "--stable", "http://127.0.0.1:1", "--ca", "ca.crt"], TLS, "--static and --ca"],
  [["--static", "--stable", "http://127.0.0.1:1", "--statistics"], PLAIN, "--static and --statistics"],
])("%j is refused: %s", async (args, xds, said) => {
  await expect(made(args, xds)).rejects.toThrow(said);
});

test.each([
  [["--id", "edge-1"], PLAIN, '"id":"edge-1"'],
  [["--ca", "ca.crt", "--cert", "a.crt", "--key", "a.key"], TLS, "ca.crt"],
  [["--static", "--stable", "http://127.0.0.1:1234"], PLAIN, "1234"],
])("%j is made", async (args, xds, part) => {
  expect(await made(args, xds)).toContain(part);
});
