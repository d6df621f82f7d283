// Where are the pages of the dashboard, and how long may a browser keep them?
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { extname, join, relative, sep } from "node:path";
import type { Handler } from "hono";
import type { Env } from "./call.ts";
import { PAGE } from "./headers.ts";

/** Beside this file's folder once built, and where Vite puts it while it is not: the package's dist/dashboard. */
const BUILT = join(import.meta.dirname, "../../../dist/dashboard");

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".webp": "image/webp",
  ".woff2": "font/woff2",
};

/** Below it names have a hash of the content. */
const HASHED = "/assets/";
const FOR_EVER = "public, max-age=31536000, immutable";

const ABSENT = `The dashboard is not built. Build it with:

  npm run build

and open this page again: nothing has to be started anew. The API is at /v1; docs/api.md tells of it.
`;

interface Page {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

/**
 * The dashboard's files. All of them are known by name beforehand: a path is looked up, and never joined to a folder. What is
 * no file is a place in the dashboard, which finds it by itself.
 */
export function dashboard(folder = BUILT): Handler<Env> {
  let pages = pagesIn(folder);
  return (c) => {
    if (pages.size === 0) pages = pagesIn(folder);
    const { path } = c.req;
    const isFile = pages.has(path);
    const page = pages.get(path) ?? (path.startsWith(HASHED) ? undefined : pages.get("/index.html"));
    if (!page) return c.text(pages.size === 0 ? ABSENT : "There is no such file.\n", 404);
    c.header("etag", page.etag);
    c.header("cache-control", isFile && path.startsWith(HASHED) ? FOR_EVER : "no-cache");
    if (page.type.startsWith("text/html")) c.header("content-security-policy", PAGE);
    if (c.req.header("if-none-match") === page.etag) return c.body(null, 304);
    return c.body(page.bytes, 200, { "content-type": page.type });
  };
}

function pagesIn(folder: string): ReadonlyMap<string, Page> {
  const entries = listed(folder).filter((entry) => entry.isFile() && extname(entry.name) in TYPES);
  return new Map(
    entries.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const bytes = new Uint8Array(readFileSync(file));
      const hash = createHash("sha256").update(bytes).digest("base64url").slice(0, 22);
      const type = TYPES[extname(entry.name)] ?? "";
      return [`/${relative(folder, file).split(sep).join("/")}`, { bytes, type, etag: `"${hash}"` }];
    }),
  );
}

function listed(folder: string) {
  try {
    return readdirSync(folder, { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
}
