// In what does a revision differ from another one?
import type { RevisionView } from "../../api/contract.ts";

export interface Change {
  /** `image[0]`, `command`, `env.MODE`, `files.app.toml`. */
  readonly path: string;
  readonly was: string | undefined;
  readonly is: string | undefined;
}

/** All that is shown of a revision, by its place. */
function partsOf({ image = [], command, env = {}, files = [], addresses = [] }: RevisionView): Map<string, string> {
  return new Map([
    ...image.map((each, index) => [image.length === 1 ? "image" : `image[${index}]`, each] as const),
    ...(command ? [["command", command.join(" ")] as const] : []),
    ...Object.entries(env).map(([name, value]) => [`env.${name}`, value] as const),
    ...files.map(({ path, sha256 }) => [`files.${path}`, sha256.slice(0, 12)] as const),
    ...addresses.map((each) => [`addresses.${each}`, each] as const),
  ]);
}

/** Values that are secret differ unseen: the controller names the places that differ. */
export function changesOf(stable: RevisionView, revision: RevisionView): readonly Change[] {
  const [before, after] = [partsOf(stable), partsOf(revision)];
  const named = new Set(revision.differs ?? []);
  const paths = [...new Set([...before.keys(), ...after.keys(), ...named])];
  return paths.flatMap((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    if (was !== is) return [{ path, was, is }];
    return named.has(path) ? [{ path, was: was ?? "not shown", is: "another value" }] : [];
  });
}
