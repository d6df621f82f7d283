// Is the dashboard built, and from what is there now? Builds it when not; `--force` builds it in any case.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const root = dirname(import.meta.dirname);
const to = join(root, "dist", "dashboard");
const stamp = join(to, ".built-from");

/** Rooms whose code goes into the bundle. */
const ROOMS = ["dashboard", "core", "report"];

/** Everything that goes into the bundle, by content. */
function contents(): string {
  const hash = createHash("sha256").update(readFileSync(join(root, "package-lock.json")));
  const files = ROOMS.flatMap((room) => readdirSync(join(root, "src", room), { recursive: true, withFileTypes: true }));
  const paths = files
    .filter((file) => file.isFile() && !file.name.includes(".test."))
    .map(({ parentPath, name }) => join(parentPath, name));
  for (const path of paths.toSorted()) hash.update(path).update(readFileSync(path));
  return hash.digest("hex");
}

async function buildFrom(source: string): Promise<void> {
  console.error("serin: building the dashboard (a few seconds) …");
  // Whoever asks for it may be a test, and would get what React has for tests.
  process.env["NODE_ENV"] = "production";
  const { build } = await import("vite");
  await build({
    root: join(root, "src", "dashboard"),
    configFile: false,
    logLevel: "warn",
    build: {
      outDir: to,
      emptyOutDir: true,
      target: "es2024",
      // What is inlined would be a data: address, which the page's policy refuses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 1_000,
      rolldownOptions: {
        // "use client" means something to servers alone.
        onLog: (level, log, tell) => log.code !== "MODULE_LEVEL_DIRECTIVE" && tell(level, log),
      },
    },
  });
  writeFileSync(stamp, source);
}

const now = contents();
const isBuilt = existsSync(stamp) && readFileSync(stamp, "utf8") === now;
if (!isBuilt || process.argv.includes("--force")) await buildFrom(now);
