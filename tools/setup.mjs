// What must be installed before anything can run?
//
// Plain JavaScript for any Node from 20 on: it runs before the project's own Node is there.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(root, ...parts);
const node = at("node_modules", "node", "bin", "node");
const stamp = at("node_modules", ".serin-installed");

const say = (text) => console.error(`serin: ${text}`);

function fail(text) {
  say(text);
  process.exit(1);
}

/** The lock file by content: a clone that was installed from another one installs again. */
function lockHash() {
  return createHash("sha256")
    .update(readFileSync(at("package-lock.json")))
    .digest("hex");
}

function installed() {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === lockHash() && existsSync(node);
}

function install() {
  if (installed()) return;
  say("installing packages and its own Node (a minute or two the first time) …");
  // npm's own entry when npm runs this, so that no other npm on the PATH is taken.
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"];
  const [command, ...first] = npm;
  // Not `ci`: it refuses a lock file that names fewer systems' optional packages than the registry has now.
  const flags = ["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"];
  const { status, error } = spawnSync(command, [...first, ...flags], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) fail(`npm install failed${error ? `: ${error.message}` : ""}; run it by hand to see why`);
  // An npm that asks before it runs install scripts leaves Node's own one out.
  if (!existsSync(node)) {
    say("fetching Node …");
    spawnSync(process.execPath, ["installArchSpecificPackage"], {
      cwd: at("node_modules", "node"),
      stdio: ["ignore", 2, 2],
    });
  }
  if (!existsSync(node))
    fail("its own Node could not be installed; the registry must carry the package node-bin-<system>-<arch>");
  writeFileSync(stamp, lockHash());
}

const COMMANDS = {
  demo: ["src/cli/main.ts", "demo"],
  test: ["tools/test.ts"],
  kube: ["tools/kube.ts", "kube"],
  istio: ["tools/kube.ts", "istio"],
  example: ["examples/cluster.ts"],
  install: undefined,
};

/** Commands that show the dashboard. */
const WITH_DASHBOARD = new Set(["demo"]);

function buildDashboard() {
  const { status } = spawnSync(node, ["tools/dashboard.ts"], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) say("the dashboard could not be built, and is left out");
}

const [name = "install", ...rest] = process.argv.slice(2);
if (!(name in COMMANDS)) fail(`no command ${name}: ${Object.keys(COMMANDS).join(", ")}`);
install();
if (WITH_DASHBOARD.has(name)) buildDashboard();
const command = COMMANDS[name];
if (command) {
  const child = spawn(node, [...command, ...rest], { cwd: root, stdio: "inherit" });
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}
