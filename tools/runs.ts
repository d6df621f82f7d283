// How are tests run: which runs of vitest does it take, where, and what came of them?
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { inNamespace, whyNoNamespace } from "./in-namespace.ts";

const root = dirname(import.meta.dirname);
const vitest = join(root, "node_modules", "vitest", "vitest.mjs");

/** Those tests that take a network of their own. */
const KUBE = "kube";
const APART: readonly string[] = [
  KUBE,
  // Of what it takes, too much has to be built: it is run when it is named.
  "istio",
];

/** The arguments of each run; a run that has nothing to do is absent. */
export interface Runs {
  readonly plain: readonly string[] | undefined;
  readonly kube: readonly string[] | undefined;
}

/** Shares out what was asked for. Without a project, all of them are. */
export function runsOf(args: readonly string[]): Runs {
  const rest: string[] = [];
  const projects: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (arg.startsWith("--project=")) projects.push(arg.slice("--project=".length));
    else if (arg === "--project") projects.push(args[(at += 1)] ?? "");
    else rest.push(arg);
  }
  const wanted = projects.filter((name) => !name.startsWith("!"));
  const others = projects.filter((name) => !APART.includes(name));
  const apart = wanted.filter((name) => APART.includes(name));
  const named = (names: readonly string[]): string[] => [...rest, ...names.map((name) => `--project=${name}`)];
  const all = wanted.length === 0;
  return {
    plain: all || others.length > 0 ? named(all ? [...others, ...APART.map((name) => `!${name}`)] : others) : undefined,
    kube: apart.length > 0 ? named(apart) : all && !projects.includes(`!${KUBE}`) ? named([KUBE]) : undefined,
  };
}

/** What vitest tells of a test. */
interface TestReport {
  readonly status: string;
  readonly fullName: string;
  readonly failureMessages?: readonly string[];
}

/** What vitest tells of a file; a message where it could not be loaded. */
interface FileReport {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly TestReport[];
}

/** What vitest tells of a run. */
export interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numFailedTestSuites: number;
  readonly testResults: readonly FileReport[];
}

/** A run that ended without a report has failed, whatever it did. */
const NO_REPORT: Report = { numPassedTests: 0, numFailedTests: 0, numFailedTestSuites: 1, testResults: [] };

function runVitest(args: readonly string[], run: (command: readonly string[]) => number): Report {
  const dir = mkdtempSync(join(tmpdir(), "serin-test-"));
  const file = join(dir, "report.json");
  try {
    const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
    // What was asked for may all be in the other run.
    const status = run([process.execPath, vitest, "run", ...reporters, "--passWithNoTests", ...args]);
    if (!existsSync(file)) return NO_REPORT;
    const report = JSON.parse(readFileSync(file, "utf8")) as Report;
    // What broke outside of any test, such as the way down of what all of them share.
    const isBroken = status !== 0 && report.numFailedTests + report.numFailedTestSuites === 0;
    return isBroken ? { ...report, numFailedTestSuites: 1 } : report;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs all that was asked for. */
export function runTests(args: readonly string[], env: NodeJS.ProcessEnv): readonly Report[] {
  const { plain, kube } = runsOf(args);
  const here = ([command = "", ...more]: readonly string[]): number =>
    spawnSync(command, more, { cwd: root, env, stdio: "inherit" }).status ?? 1;
  const reports: Report[] = [];
  if (plain) reports.push(runVitest(plain, here));
  if (!kube) return reports;
  const why = whyNoNamespace();
  if (why !== undefined) console.error(`serin: no network namespace: ${why}; tests that need one are skipped`);
  const inside = (command: readonly string[]): number => inNamespace(command, env);
  return [...reports, runVitest(kube, why === undefined ? inside : here)];
}
