// How is a program built, or a file fetched, from the sources of a Go module?
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";

/** A folder with a `go.mod` and `go.sum` that pin everything, or `module@version` that is built with its own. */
type Sources = { readonly lock: string; readonly module?: never } | { readonly module: string; readonly lock?: never };

export type GoProgram = Sources & {
  readonly package: string;
  /** For the linker, besides what makes programs small. */
  readonly link?: string;
};

/** Nothing of the machine's settings decides what is built, and nothing else that runs is slowed down. */
const env = { ...process.env, GOFLAGS: "-buildvcs=false", GOTOOLCHAIN: "local", GOWORK: "off" };

interface Ran {
  readonly out: string;
  /** What went wrong. */
  readonly failed: string | undefined;
}

function go(dir: string, ...args: string[]): Ran {
  const { status, error, stdout, stderr } = spawnSync("nice", ["go", ...args], {
    cwd: dir,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1_048_576,
  });
  if (error) return { out: "", failed: error.message };
  const last = stderr.trim().split("\n").at(-1);
  return { out: stdout, failed: status === 0 ? undefined : last || `go ${args[0]} ended with ${status}` };
}

export function hasGo(): boolean {
  return spawnSync("go", ["version"], { stdio: "ignore" }).status === 0;
}

/** The folder of a module's sources, as text what went wrong. */
function download(module: string, dir: string): { folder: string } | string {
  const { out, failed } = go(dir, "mod", "download", "-json", module);
  const { Dir: folder, Error: told } = JSON.parse(out || "{}") as { Dir?: string; Error?: string };
  return folder === undefined ? (told ?? failed ?? `${module} has no sources`) : { folder };
}

function prepare({ lock, module }: GoProgram, to: string): string | undefined {
  if (lock !== undefined) {
    cpSync(lock, to, { recursive: true });
    return undefined;
  }
  const sources = download(module, dirname(to));
  if (typeof sources === "string") return sources;
  cpSync(sources.folder, to, { recursive: true });
  // The module cache cannot be written to, and its copy is as it is.
  spawnSync("chmod", ["-R", "u+w", to]);
  return undefined;
}

/** Builds a program and puts it at `to`, whole or not at all; what went wrong, as text. */
export function buildProgram(program: GoProgram, to: string): string | undefined {
  const place = dirname(dirname(to));
  mkdirSync(place, { recursive: true });
  const dir = mkdtempSync(join(place, ".building-"));
  try {
    const sources = join(dir, "sources");
    const failed = prepare(program, sources);
    if (failed !== undefined) return failed;
    const built = join(dir, "built");
    const link = ["-ldflags", `-s -w ${program.link ?? ""}`.trim()];
    const modules = program.module === undefined ? "readonly" : "mod";
    // Two at a time: a compiler takes up to 2 GiB.
    const ran = go(sources, "build", "-p=2", `-mod=${modules}`, "-trimpath", ...link, "-o", built, program.package);
    if (ran.failed !== undefined) return ran.failed;
    mkdirSync(dirname(to), { recursive: true });
    renameSync(built, to);
    return undefined;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Copies a file or folder of a module to `to`, whole or not at all; what went wrong, as text. */
export function fetchFiles(module: string, path: string, to: string): string | undefined {
  mkdirSync(dirname(to), { recursive: true });
  const dir = mkdtempSync(join(dirname(to), ".fetching-"));
  try {
    const sources = download(module, dir);
    if (typeof sources === "string") return sources;
    const copy = join(dir, "copy");
    cpSync(join(sources.folder, path), copy, { recursive: true });
    spawnSync("chmod", ["-R", "u+w", copy]);
    renameSync(copy, to);
    return undefined;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
