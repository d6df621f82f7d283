// Which files does a revision see, whatever becomes of the originals?
import { createHash, randomBytes } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ProcessFile } from "../../core/process-template.ts";

/** Copies of this many revisions stay after their replicas are gone. */
const REVISIONS_KEPT = 20;

/** The copies of a service's configuration files, one folder for each revision. */
export class RevisionFiles {
  readonly #dir: string;
  readonly #checked = new Set<string>();

  constructor(dir: string) {
    this.#dir = join(dir, "revisions");
  }

  /** The folder of a revision. */
  pathOf(revision: string): string {
    return join(this.#dir, revision);
  }

  /** Makes sure that the folder is there with exactly this content; whole or not at all. */
  async prepare(revision: string, files: readonly ProcessFile[]): Promise<void> {
    const folder = this.pathOf(revision);
    if (this.#checked.has(revision) && (await stat(folder).catch(() => undefined))) return;
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    if (!(await holds(folder, files))) await this.#write(folder, files);
    // The time of the folder says when it was used last.
    await utimes(folder, new Date(), new Date()).catch(() => undefined);
    this.#checked.add(revision);
  }

  /** Removes the copies of revisions that have not run for long. They come back when such a revision is wanted again. */
  async prune(running: ReadonlySet<string>): Promise<void> {
    const names = (await readdir(this.#dir).catch(() => [])).filter((name) => !running.has(name));
    const dated = await Promise.all(
      names.map(async (name) => ({
        name,
        at: (await stat(join(this.#dir, name)).catch(() => undefined))?.mtimeMs ?? 0,
      })),
    );
    for (const { name } of dated.toSorted((a, b) => b.at - a.at).slice(REVISIONS_KEPT)) {
      this.#checked.delete(name);
      await rm(join(this.#dir, name), { recursive: true, force: true });
    }
  }

  async removeAll(): Promise<void> {
    this.#checked.clear();
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #write(folder: string, files: readonly ProcessFile[]): Promise<void> {
    const partial = `${folder}.${randomBytes(4).toString("hex")}.partial`;
    try {
      await mkdir(partial, { mode: 0o700 });
      for (const file of files) {
        const path = join(partial, file.path);
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeFile(path, Buffer.from(file.content, file.encoding), { mode: 0o400 });
      }
      await rm(folder, { recursive: true, force: true });
      await rename(partial, folder);
    } catch (error) {
      await rm(partial, { recursive: true, force: true }).catch(() => undefined);
      throw error;
    }
  }
}

async function holds(folder: string, files: readonly ProcessFile[]): Promise<boolean> {
  if (!(await stat(folder).catch(() => undefined))) return false;
  const same = await Promise.all(
    files.map(async ({ path, sha256 }) => {
      const content = await readFile(join(folder, path)).catch(() => undefined);
      return content !== undefined && createHash("sha256").update(content).digest("hex") === sha256;
    }),
  );
  return same.every(Boolean);
}
