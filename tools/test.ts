// Does everything hold? Every check and test, with one line at the end that counts them.
import { spawnSync } from "node:child_process";
import { delimiter, dirname, join } from "node:path";
import { whyNoNamespace } from "./in-namespace.ts";
import { installKubeParts } from "./kube-parts.ts";
import { installParts } from "./parts.ts";
import { installPython } from "./pypi.ts";
import { runTests } from "./runs.ts";

const root = dirname(import.meta.dirname);
const bin = join(root, "node_modules", ".bin");
const env = { ...process.env, PATH: `${bin}${delimiter}${process.env["PATH"] ?? ""}` };

/** Programs from outside npm that tests use, with the Debian package that brings each. */
const PROGRAMS: readonly (readonly [program: string, debian: string])[] = [
  ["wrk", "wrk"],
  ["prometheus", "prometheus"],
  ["prometheus-alertmanager", "prometheus-alertmanager"],
  ["javac", "openjdk-17-jdk-headless"],
  ["mvn", "maven"],
  ["influxd", "influxdb"],
  ["graphite-manage", "graphite-web"],
  ["ip", "iproute2"],
  ["chromium", "chromium"],
];

const CHECKS: readonly (readonly [name: string, ...command: string[]])[] = [
  ["format", "oxfmt", "--check", "."],
  ["types", "tsc", "-b"],
  ["lint", "oxlint", "--type-aware"],
  ["unused", "knip"],
];

const say = (text: string): void => console.error(`serin: ${text}`);
/** Says what went wrong in a test or a file, without most of the stack. */
const tell = (what: string, messages: readonly string[]): void =>
  say(
    [what, ...messages.flatMap((text) => text.split("\n").filter((line) => !line.includes("/node_modules/")))].join(
      "\n",
    ),
  );
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

function run(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { cwd: root, env, stdio: "inherit" }).status === 0;
}

function has(program: string): boolean {
  return spawnSync("sh", ["-c", `command -v ${program}`], { env }).status === 0;
}

/** Installs what the system's packages bring, where that is allowed; what stays absent is skipped by name. */
function installPrograms(): void {
  const absent = PROGRAMS.filter(([program]) => !has(program));
  if (absent.length === 0) return;
  const names = absent.map(([, debian]) => debian);
  if (process.getuid?.() !== 0 || !has("apt-get")) {
    return say(`not installed: ${names.join(", ")}; tests that need them are skipped`);
  }
  say(`installing ${names.join(", ")} from Debian's packages …`);
  const quiet = {
    cwd: root,
    env: { ...env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "ignore", "inherit"] as const,
  };
  const install = ["install", "-y", "-qq", "--no-install-recommends", ...names];
  if (spawnSync("apt-get", install, { ...quiet, stdio: [...quiet.stdio] }).status === 0) return;
  spawnSync("apt-get", ["update", "-qq"], { ...quiet, stdio: [...quiet.stdio] });
  spawnSync("apt-get", install, { ...quiet, stdio: [...quiet.stdio] });
}

const started = Date.now();
installPrograms();
installParts();
installPython();
// Minutes of building, for nothing where they cannot be used.
if (whyNoNamespace() === undefined) installKubeParts();
// Once, before tests that run side by side would.
run("node", "tools/dashboard.ts");
const failedChecks = CHECKS.filter(([name, command, ...args]) => {
  say(`${name} …`);
  return !run(command ?? name, ...args);
}).map(([name]) => name);
say("tests …");
const reports = runTests(process.argv.slice(2), env);
const files = reports.flatMap(({ testResults }) => testResults);
const tests = files.flatMap(({ assertionResults }) => assertionResults);
const skipped = tests.filter(({ status }) => status !== "passed" && status !== "failed");
for (const { fullName } of skipped) say(`skipped: ${fullName}`);
// Again, and in short: what an earlier run has told of is far above what the last one has printed.
for (const { name, status, message, assertionResults } of files) {
  if (status === "failed" && assertionResults.length === 0) tell(`failed: ${name}`, [message]);
  for (const test of assertionResults) {
    const { fullName, failureMessages = [] } = test;
    if (failureMessages.length === 0) continue;
    tell(`${test.status === "failed" ? "failed" : "passed at a second try"}: ${name}: ${fullName}`, failureMessages);
  }
}
for (const name of failedChecks) say(`failed: ${name}`);
// A suite that cannot even be loaded has no test that could fail.
const broken = sum(reports.map((report) => (report.numFailedTests === 0 ? report.numFailedTestSuites : 0)));
const failed = sum(reports.map(({ numFailedTests }) => numFailedTests)) + failedChecks.length + broken;
const passed = sum(reports.map(({ numPassedTests }) => numPassedTests)) + CHECKS.length - failedChecks.length;
say(`took ${Math.round((Date.now() - started) / 1000)} s`);
console.log(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
const strict = process.env["CI"] !== undefined;
process.exitCode = failed > 0 || passed <= CHECKS.length || (strict && skipped.length > 0) ? 1 : 0;
