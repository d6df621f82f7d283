// Which parts of an answer are left out?

/** Tells whether the part at a path is left out, and with it all that is in it. */
export type LeavesOut = (path: string) => boolean;

const BELOW = ".*";
const HEADER = /^header\.[!#$%&'+.^_`|~0-9a-z-]+$/u;

/** From paths as people write them: `status`, `header.etag`, `body.items[].id`, `body.meta.*` for all that is in it. */
export function leavesOut(ignore: readonly string[]): LeavesOut {
  const exact = new Set(ignore.filter((path) => !path.endsWith(BELOW)));
  const parents = ignore.filter((path) => path.endsWith(BELOW)).map((path) => path.slice(0, -BELOW.length));
  return (path) =>
    exact.has(path) || parents.some((parent) => path.startsWith(`${parent}.`) || path.startsWith(`${parent}[`));
}

const PLACES = "status, header.NAME, or a place such as body.items[].id; .* at its end takes all below";

/** What is wrong with such a path, and what would be right; `undefined` when nothing is. */
export function badIgnore(path: string): string | undefined {
  const below = path.endsWith(BELOW);
  const bare = below ? path.slice(0, -BELOW.length) : path;
  if (bare.includes("*")) return "may have a * only at its end, as .*";
  if (bare === "status") return below ? "must be status alone, which has no parts" : undefined;
  if (bare === "header")
    return below ? undefined : "must name a header, as header.etag, or be header.* for all of them";
  if (bare.startsWith("header.")) {
    if (below) return `must be ${bare.toLowerCase()} alone: a header has no parts`;
    return HEADER.test(bare) ? undefined : "must name a header, in lower case, as header.etag";
  }
  return /^body(?:$|[.[])/u.test(bare) ? undefined : `must be ${PLACES}`;
}
