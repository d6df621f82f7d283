// Which programs in Python do tests use that the system's packages do not bring, and where are they?
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cache } from "./parts.ts";

interface PythonPart {
  readonly version: string;
  /** What pip brings, with versions. */
  readonly packages: readonly string[];
  /** What a person is told before the wait. */
  readonly size: string;
}

/** One line per part. Run as `python3 -m MODULE` with the part's folder in PYTHONPATH. */
const PARTS = {
  // Answers as CloudWatch does.
  moto: { version: "5.2.5", packages: ["moto==5.2.5", "flask==3.1.3", "flask-cors==6.0.5"], size: "115 MB" },
  // Asks everything that a description of an API allows, and what it does not.
  schemathesis: { version: "4.32.5", packages: ["schemathesis==4.32.5"], size: "60 MB" },
} as const satisfies Readonly<Record<string, PythonPart>>;

type PythonPartName = keyof typeof PARTS;

const say = (text: string): void => console.error(`serin: ${text}`);

function target(name: PythonPartName): string {
  return join(cache(), `${name}-${PARTS[name].version}`);
}

/** The folder with a part's modules, `undefined` when it is not on this machine. */
export function pythonPart(name: PythonPartName): string | undefined {
  return existsSync(target(name)) ? target(name) : undefined;
}

/** Puts the modules where they belong; what went wrong, as text. */
function fetchModules({ packages }: PythonPart, to: string): string | undefined {
  const dir = mkdtempSync(join(cache(), ".fetching-"));
  // Into a folder of its own: nothing of the system's Python is touched.
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-warn-conflicts", "--root-user-action=ignore"];
  const pip = ["-m", "pip", "install", ...quiet, "--only-binary=:all:", "--target", dir, ...packages];
  const { status, error, stderr } = spawnSync("python3", pip, {
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  // Renamed at the end: what is there is whole, also when two fetch it at once.
  if (status === 0 && !existsSync(to)) renameSync(dir, to);
  rmSync(dir, { recursive: true, force: true });
  if (error) return "python3 is not there";
  return status === 0 ? undefined : (stderr.trim().split("\n").at(-1) ?? `pip ended with ${status}`);
}

/** Fetches the parts that are absent. Whatever cannot be fetched is named, and its tests are skipped. */
export function installPython(): void {
  for (const name of Object.keys(PARTS) as PythonPartName[]) {
    if (pythonPart(name) !== undefined) continue;
    say(`fetching ${name} ${PARTS[name].version} (${PARTS[name].size}, once) …`);
    mkdirSync(cache(), { recursive: true });
    const failed = fetchModules(PARTS[name], target(name));
    if (failed !== undefined) say(`not fetched: ${name}: ${failed}; tests that need it are skipped`);
  }
}

if (import.meta.main) installPython();
