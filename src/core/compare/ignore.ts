// Which parts of an answer are left out?

/** Tells whether the part at a path is left out, and with it all that is in it. */
export type LeavesOut = (path: string) => boolean;

const BELOW = ".*";

/** From paths as people write them: `status`, `header.etag`, `body.items[].id`, `body.meta.*` for all that is in it. */
export function leavesOut(ignore: readonly string[]): LeavesOut {
  const exact = new Set(ignore.filter((path) => !path.endsWith(BELOW)));
  const parents = ignore.filter((path) => path.endsWith(BELOW)).map((path) => path.slice(0, -BELOW.length));
  return (path) =>
    exact.has(path) || parents.some((parent) => path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`));
}

/** What is wrong with such a path; `undefined` when nothing is. */
export function badIgnore(path: string): string | undefined {
  const bare = path.endsWith(BELOW) ? path.slice(0, -BELOW.length) : path;
  if (bare.includes("*")) return "may have a * only at its end, as .*";
  if (bare === "status") return bare === path ? undefined : "status has no parts";
  if (/^(?:header|body)(?:$|[.[])/u.test(bare)) return undefined;
  return "must be status, or begin with header or body";
}
