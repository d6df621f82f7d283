// How is an example of Kubernetes run, on a cluster that is there for nothing else?
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync, readdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parse, stringify } from "yaml";
import { openCluster, type Cluster, type Ending } from "../test/kube/cluster.ts";
import { define } from "../test/kube/definitions.ts";
import { controllerOf } from "../test/kube/serin.ts";
import { INSIDE, inNamespace, whyNoNamespace } from "../tools/in-namespace.ts";
import { installKubeParts, kubePrograms } from "../tools/kube-parts.ts";
import { Example, playAll } from "./readme.ts";

/** A stage for one example: a namespace with a controller for it, and what its commands find around them. */
async function stageOn(cluster: Cluster, context: Ending): Promise<NodeJS.ProcessEnv> {
  const namespace = await cluster.namespace(context, "example");
  await define(cluster, "istio");
  await controllerOf(context, { cluster, namespace });
  const dir = await mkdtemp(join(tmpdir(), "serin-stage-"));
  context.onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const config = parse(await readFile(cluster.kubeconfig, "utf8")) as { contexts: { context: object }[] };
  for (const one of config.contexts) one.context = { ...one.context, namespace: namespace.name };
  const KUBECONFIG = join(dir, "kubeconfig");
  await writeFile(KUBECONFIG, stringify(config), { mode: 0o600 });
  const PATH = [dirname(kubePrograms()?.kubectl ?? ""), process.env["PATH"]].join(delimiter);
  return { PATH, KUBECONFIG, KEEP_ALIVE: "no" };
}

/** Plays an example's README on a cluster, as `play` does elsewhere. */
export async function playOnCluster(
  context: Ending,
  { cluster, from }: { cluster: Cluster; from: string },
): ReturnType<typeof playAll> {
  return playAll(await Example.open(from, [], { env: await stageOn(cluster, context) }));
}

/** Shows it to a person: each command, what it says, and how the Rollouts change meanwhile. */
async function show(from: string): Promise<number> {
  const ends: (() => void | Promise<void>)[] = [];
  const endAll = async (): Promise<void> => {
    for (const end of ends.splice(0)) await end();
  };
  const context: Ending = { onTestFailed: () => {}, onTestFinished: (end) => void ends.unshift(end) };
  process.once("SIGINT", () => void endAll().finally(() => process.exit(130)));
  console.log("a cluster is started …");
  const cluster = await openCluster();
  ends.unshift(async () => void (await cluster.end()));
  try {
    const env = await stageOn(cluster, context);
    watchRollouts(env, context);
    const example = await Example.open(from, [], { env, see: (text) => process.stdout.write(text) });
    ends.unshift(async () => void (await example.close()));
    const { wrong } = await playAll(example);
    for (const line of wrong) console.error(`\nserin: otherwise than the README says: ${line}`);
    return wrong.length === 0 ? 0 : 1;
  } finally {
    await endAll();
  }
}

function watchRollouts(env: NodeJS.ProcessEnv, context: Ending): void {
  const watch = spawn("kubectl", ["get", "rollouts", "--watch"], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface(watch.stdout).on("line", (line) => console.log(`  │ ${line}`));
  context.onTestFinished(() => void watch.kill());
}

const names = readdirSync(import.meta.dirname).filter((name) =>
  existsSync(join(import.meta.dirname, name, "kube.test.ts")),
);

async function main(args: readonly string[]): Promise<number> {
  const [name = ""] = args;
  if (!names.includes(name)) {
    console.error(`serin: which example? npm run example -- NAME\n  ${names.join("\n  ")}`);
    return 2;
  }
  if (process.env[INSIDE] !== undefined) return show(join(import.meta.dirname, name));
  const why = whyNoNamespace();
  if (why !== undefined) {
    console.error(`serin: no network namespace: ${why}\n  next: follow the README on a cluster of your own`);
    return 1;
  }
  installKubeParts();
  // Whoever is inside ends what is there, and this with it.
  process.on("SIGINT", () => {});
  return inNamespace([process.execPath, import.meta.filename, ...args]);
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2));
