// Is a service in Java there as a program, built of its sources as they are now?
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { link, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether services in Java can be built and run here at all. */
export const HAS_JAVA = ["javac", "mvn"].every((program) => spawnSync(program, ["-version"]).status === 0);

/** Where a build leaves of which sources it was made. */
export const BUILT_OF = "target/.built-of";

/** The longest that a build may take; with everything still to be fetched it is a minute or two. */
const LONGEST_MS = 600_000;

/** One build at a time: several Mavens at once are in each other's way, in their common repository and on the machine. */
const LOCK = join(tmpdir(), "serin-examples-maven.lock");

/**
 * Runs Maven in an example's folder, if nothing was built there of these very sources before. Maven's settings and
 * repository are those of whoever runs this. Rejects with all that Maven said.
 */
export async function build(dir: string): Promise<void> {
  const unlock = await lock();
  try {
    const sources = await hashOf(dir);
    const last = await readFile(join(dir, BUILT_OF), "utf8").catch(() => "");
    if (last === sources) return;
    // What was made of a file that is gone now would stay.
    await rm(join(dir, "target"), { recursive: true, force: true });
    await maven(dir);
    await writeFile(join(dir, BUILT_OF), sources);
  } finally {
    await unlock();
  }
}

async function hashOf(dir: string): Promise<string> {
  const hash = createHash("sha256");
  const entries = await readdir(join(dir, "src"), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of [join(dir, "pom.xml"), ...files.toSorted()]) {
    const content = await readFile(file);
    hash.update(`${file.slice(dir.length)} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

function maven(dir: string): Promise<void> {
  // With a group of its own, so that nothing that it has started outlives it.
  const child = spawn("mvn", ["-q", "-B", "package"], { cwd: dir, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (part: Buffer) => (said += part.toString()));
  const late = setTimeout(() => process.kill(-(child.pid ?? 0), "SIGKILL"), LONGEST_MS);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => {
      clearTimeout(late);
      if (code === 0) resolve();
      else reject(new Error(`mvn package in ${dir} left with ${signal ?? `exit code ${code}`}\n${said}`));
    });
  });
}

/** Waits until no other test builds. Who comes to an end without letting go is passed over. */
async function lock(): Promise<() => Promise<void>> {
  const mine = `${LOCK}.${process.pid}`;
  await writeFile(mine, String(process.pid));
  for (;;) {
    const taken = await link(mine, LOCK).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code !== "EEXIST") throw error;
        return false;
      },
    );
    if (taken) break;
    const owner = Number(await readFile(LOCK, "utf8").catch(() => ""));
    if (owner > 0 && !isAlive(owner)) await rm(LOCK, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await rm(mine, { force: true });
  return () => rm(LOCK, { force: true });
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
