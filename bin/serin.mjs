#!/usr/bin/env node
// Starts Serin on the Node that it was made for, whatever the one that was asked.
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import module from "node:module";
import { fileURLToPath } from "node:url";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = at("../src/cli/main.ts");
const main = existsSync(source) ? source : at("../dist/cli/main.js");
const bundled = at("../node_modules/node/bin/node");
const [major] = process.versions.node.split(".").map(Number);

if (major >= 24) {
  // Halves the time that a command takes to begin.
  module.enableCompileCache?.();
  // In a clone the dashboard is built when it is absent or older than its source.
  if (main === source && process.argv.includes("serve")) buildDashboard();
  await import(main);
} else if (existsSync(bundled)) {
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal sends its signals to both; one that was sent to this process alone is handed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? (signal === "SIGINT" ? 130 : 143);
  });
} else {
  console.error(`serin needs Node 24 or newer; this is ${process.versions.node}. In a clone of it, run: npm start`);
  process.exitCode = 2;
}

function buildDashboard() {
  const { status } = spawnSync(process.execPath, [at("../tools/dashboard.ts")], { stdio: ["ignore", 2, 2] });
  if (status !== 0) console.error("serin: the dashboard could not be built, and is left out");
}
