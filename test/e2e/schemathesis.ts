// What does schemathesis say of an API, from the API's own description?
import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Door } from "../../src/api/server.ts";
import { pythonPart } from "../../tools/pypi.ts";

const schemathesis = pythonPart("schemathesis");

/** Tests that need it are skipped by name where it is not there. */
export const HAS_SCHEMATHESIS = schemathesis !== undefined;

/** What may be said of a call that is not as the description has it. */
const CONFIG = `[checks.negative_data_rejection]
expected-statuses = ["400", "401", "403", "404", "405", "409", "413", "415", "429", "431"]
[parameters]
"path.name" = "app"
"path.number" = 1
`;

interface Exploring {
  readonly seconds: number;
  /** A folder for its configuration. */
  readonly dir: string;
}

/**
 * Runs schemathesis against the description for so long; what it found, as text. Streams have no end, and the service shall
 * stay there: both have tests of their own.
 */
export async function explore(door: Door, { seconds, dir }: Exploring): Promise<readonly [code: number, said: string]> {
  const toml = join(dir, "schemathesis.toml");
  await writeFile(toml, CONFIG);
  const what = ["-m", "schemathesis.cli", "--config-file", toml, "run", `${door.url}/v1/openapi.json`];
  // What a rollout file may say stands in a schema of its own: most that this description allows is refused as a file.
  const checks = ["--checks", "all", "--exclude-checks", "positive_data_acceptance"];
  // A busy machine answers late, and that is not what is looked for.
  const how = "--exclude-path /v1/events --exclude-method DELETE --seed 1 --request-timeout 30 --max-time".split(" ");
  const header = ["-H", `Authorization: Bearer ${door.token}`, "--no-color"];
  const child = spawn("python3", [...what, ...checks, ...how, String(seconds), ...header], {
    cwd: dir,
    env: { ...process.env, PYTHONPATH: schemathesis, PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const output of [child.stdout, child.stderr]) output.on("data", (part: Buffer) => (said += part.toString()));
  const timer = setTimeout(() => child.kill("SIGKILL"), (seconds + 180) * 1_000);
  const code = await new Promise<number>((resolve) => child.on("close", (status) => resolve(status ?? -1)));
  clearTimeout(timer);
  return [code, said.replaceAll(/.{400,}/gu, (line) => line.slice(0, 400)).slice(-6_000)];
}
