// How is a changed file noticed?
import { unwatchFile, watchFile, type Stats } from "node:fs";

/** Kubernetes swaps a link when a Secret changes: the file is looked at by name, again and again. */
const LOOK_MS = 2_000;

/** Calls after any of the files has changed, until the answer is called. */
export function followFiles(paths: readonly string[], changed: () => void): () => void {
  // Called too when a file was only read.
  const look = (now: Stats, before: Stats): void => {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size) changed();
  };
  for (const path of paths) watchFile(path, { persistent: false, interval: LOOK_MS }, look);
  return () => {
    for (const path of paths) unwatchFile(path, look);
  };
}
