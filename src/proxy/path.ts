// Which path is meant, however a client writes it?
import { unescape } from "node:querystring";

/**
 * The path of a request as rules see it: without query, decoded once, with `\` as `/`, without empty and dot segments,
 * never above the root. That is how lenient servers read it: `/cart/../admin`, `//admin`, `/%61dmin` and
 * `/cart%2F..%2Fadmin` are all `/admin`, so that nobody gets around a rule, or into one, by another way of writing. The
 * replica gets the path as the client wrote it. Case counts, and so does a slash at the end.
 */
export function plainPath(target: string): string {
  const end = target.search(/[?#]/u);
  const written = end < 0 ? target : target.slice(0, end);
  const decoded = written.includes("%") ? unescape(written) : written;
  const text = decoded.includes("\\") ? decoded.replaceAll("\\", "/") : decoded;
  if (!text.startsWith("/") || (!text.includes("//") && !text.includes("/."))) return text;
  const segments: string[] = [];
  let isFolder = false;
  for (const segment of text.split("/")) {
    isFolder = segment === "" || segment === "." || segment === "..";
    if (segment === "..") segments.pop();
    else if (!isFolder) segments.push(segment);
  }
  return segments.length === 0 ? "/" : `/${segments.join("/")}${isFolder ? "/" : ""}`;
}
