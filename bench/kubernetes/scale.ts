// What do thousands of Rollouts cost one controller, and how soon does it decide?
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { openCluster, type Cluster, type Namespace } from "../../test/kube/cluster.ts";
import { demoDeployment, demoService } from "../../test/kube/demo.ts";
import type { Deployment, KubeObject } from "../../test/kube/objects.ts";
import { installKinds } from "../../test/kube/serin.ts";
import type { Figures, Said } from "./controller.ts";

const AT_ONCE = 24;
const IDLE_MS = 60_000;

export interface Scale {
  readonly rollouts: number;
  /** Changed at one moment. */
  readonly burst: number;
  /** So many templates are changed over so many seconds. */
  readonly changed: number;
  readonly seconds: number;
  /** Where a profile of the controller is written. */
  readonly profile?: string | undefined;
}

const say = (text: string): void => console.error(`${new Date().toISOString().slice(11, 19)} ${text}`);

/** The controller's process, and what it has said. */
class Watched {
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #waiting: ((figures: Figures) => void)[] = [];
  /** When it decided, by service: the last `started` and `ended`. */
  readonly started = new Map<string, number>();
  readonly ended = new Map<string, number>();
  readonly leads: Promise<void>;

  constructor(cluster: Cluster, namespace: Namespace, profile: string | undefined) {
    const program = join(import.meta.dirname, "controller.ts");
    this.#log = join(cluster.dir, "controller.log");
    const log = openSync(this.#log, "a");
    const flags = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
    const dir = join(cluster.dir, "controller");
    this.#child = fork(program, [cluster.kubeconfig, namespace.name, dir], {
      execArgv: ["--expose-gc", ...flags],
      stdio: ["ignore", log, profile === undefined ? log : "inherit", "ipc"],
    });
    this.leads = new Promise((resolve, reject) => {
      this.#child.once("exit", () => reject(new Error("the controller has ended")));
      this.#child.on("message", (said: Said) => {
        if (said.kind === "leads") resolve();
        else if (said.kind === "figures") this.#waiting.shift()?.(said.figures);
        else (said.of === "started" ? this.started : this.ended).set(said.service, said.atMs);
      });
    });
    this.leads.catch(() => undefined);
  }

  /** Throws once the process has ended by itself. */
  assertRuns(): void {
    if (this.#child.exitCode !== null)
      throw new Error(`the controller has ended:\n${readFileSync(this.#log, "utf8").slice(-2_000)}`);
  }

  figures(): Promise<Figures> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#child.send("figures");
    });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const exited = once(this.#child, "exit");
    this.#child.send("end");
    await exited;
  }
}

/** Does something to each, some at a time, and tells how far it is. */
async function each<T>(what: string, items: readonly T[], work: (item: T) => Promise<unknown>): Promise<void> {
  let done = 0;
  const rest = items.values();
  const worker = async (): Promise<void> => {
    for (const item of rest) {
      await work(item);
      done += 1;
      if (done % 500 === 0) say(`${what}: ${done} of ${items.length}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function until(what: string, limitMs: number, holds: () => boolean | Promise<boolean>): Promise<number> {
  const beganMs = Date.now();
  while (!(await holds())) {
    if (Date.now() - beganMs > limitMs) throw new Error(`waited ${limitMs} ms: ${what}`);
    await sleep(250);
  }
  const tookMs = Date.now() - beganMs;
  say(`${what}: after ${(tookMs / 1_000).toFixed(1)} s`);
  return tookMs;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

const lags = (values: readonly number[]): string =>
  `p50 ${quantile(values, 0.5).toFixed(0)} ms, p99 ${quantile(values, 0.99).toFixed(0)} ms, ` +
  `longest ${quantile(values, 1).toFixed(0)} ms (${values.length})`;

const deployment = (name: string, version: string): object =>
  demoDeployment(version, { name, replicas: 1, image: "inprocess" });

const rollout = (name: string): object => ({
  apiVersion: "serin.dev/v1",
  kind: "Rollout",
  metadata: { name },
  spec: {
    workload: { deployment: { name } },
    traffic: { service: { name } },
    strategy: { canary: { steps: [{ weight: "50%", hold: "5s" }] } },
    analysis: { enabled: false },
    progressDeadline: "120s",
  },
});

/** Changes templates, each at its moment, and answers when that was asked for. */
async function change(
  namespace: Namespace,
  names: readonly string[],
  { version, overMs }: { version: string; overMs: number },
): Promise<ReadonlyMap<string, number>> {
  const asked = new Map<string, number>();
  const beganMs = Date.now();
  const { template } = (deployment("x", version) as { spec: { template: { spec: object } } }).spec;
  await each(
    `changed to ${version}`,
    names.map((name, index) => ({ name, atMs: beganMs + (overMs * index) / names.length })),
    async ({ name, atMs }) => {
      if (atMs > Date.now()) await sleep(atMs - Date.now());
      asked.set(name, Date.now());
      await namespace.patch(`Deployment/${name}`, { spec: { template: { spec: template.spec } } });
    },
  );
  return asked;
}

/** From the request that changed a template to the decision that a release begins. */
async function release(
  { namespace, controller }: { namespace: Namespace; controller: Watched },
  names: readonly string[],
  how: { version: string; overMs: number },
): Promise<void> {
  await controller.figures();
  const beganMs = Date.now();
  const asked = await change(namespace, names, how);
  const serviceOf = (name: string): string => `${name}.${namespace.name}`;
  await until(`${names.length} releases are over`, 600_000, () => {
    controller.assertRuns();
    return names.every((name) => (controller.ended.get(serviceOf(name)) ?? 0) > (asked.get(name) ?? 0));
  });
  const tookMs = Date.now() - beganMs;
  const { lagsMs, passes, cpuMs, heldMs } = await controller.figures();
  const started = names.map((name) => (controller.started.get(serviceOf(name)) ?? 0) - (asked.get(name) ?? 0));
  console.log(
    `${names.length} releases, templates changed over ${how.overMs / 1_000} s: ${(tookMs / 1_000).toFixed(0)} s`,
  );
  console.log(`  template changed → release begun: ${lags(started)}`);
  console.log(`  due → decided and written:        ${lags(lagsMs)}`);
  console.log(
    `  ${passes} passes, event loop held for at most ${heldMs.toFixed(0)} ms, CPU since start ${(cpuMs / 1_000).toFixed(0)} s`,
  );
}

async function idle(cluster: Cluster, controller: Watched, count: number): Promise<void> {
  await sleep(5_000);
  const before = await controller.figures();
  const sinceMs = Date.now();
  await sleep(IDLE_MS);
  const after = await controller.figures();
  const { by } = await cluster.requestsOf("serin/bench", sinceMs);
  const calls = Object.entries(by).filter(([what]) => !what.includes("leases"));
  const cpu = ((after.cpuMs - before.cpuMs) / IDLE_MS) * 100;
  console.log(
    `${count} Rollouts at rest for ${IDLE_MS / 1_000} s: ${cpu.toFixed(1)} % of one core, ${after.passes} passes`,
  );
  console.log(`  calls: ${calls.length === 0 ? "none" : calls.map(([what, times]) => `${times} ${what}`).join(", ")}`);
  console.log(`  due → decided: ${lags(after.lagsMs)}`);
}

const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

function memory(what: string, figures: Figures, than?: { readonly figures: Figures; readonly count: number }): void {
  const { heapBytes, rssBytes } = figures;
  const perRollout =
    than === undefined
      ? ""
      : `; for each Rollout: heap ${((heapBytes - than.figures.heapBytes) / 1_024 / than.count).toFixed(1)} kB, ` +
        `RSS ${((rssBytes - than.figures.rssBytes) / 1_024 / than.count).toFixed(1)} kB`;
  console.log(`memory ${what}: heap ${mb(heapBytes)} MB, RSS ${mb(rssBytes)} MB${perRollout}`);
}

export async function scale({ rollouts, burst, changed, seconds, profile }: Scale): Promise<void> {
  const cluster = await openCluster({ nodes: 4 });
  let controller: Watched | undefined;
  try {
    await installKinds(cluster);
    const namespace = await cluster.namespace({ onTestFinished: () => {} }, "scale");
    const names = Array.from({ length: rollouts }, (_, index) => `app-${index}`);
    controller = new Watched(cluster, namespace, undefined);
    await controller.leads;
    const empty = await controller.figures();
    memory("without any object", empty);
    await controller.end();

    await each("created", names, (name) => namespace.apply([demoService(name), deployment(name, "v1")]));
    await until("every Deployment is available", 600_000, async () => {
      const all = await namespace.list<Deployment>("Deployment");
      return all.filter(({ status }) => status?.availableReplicas === 1).length === rollouts;
    });
    controller = new Watched(cluster, namespace, profile);
    await controller.leads;
    memory("with their Deployments", await controller.figures(), { figures: empty, count: rollouts });

    const beganMs = Date.now();
    await each("Rollouts", names, (name) => namespace.apply(rollout(name)));
    const adopter = controller;
    await until("every Rollout is adopted", 600_000, () => {
      adopter.assertRuns();
      return adopter.ended.size === rollouts;
    });
    const adopted = await controller.figures();
    console.log(`adopted: ${rollouts} in ${((Date.now() - beganMs) / 1_000).toFixed(0)} s`);
    console.log(`  due → decided and written: ${lags(adopted.lagsMs)}; ${adopted.passes} passes`);
    await idle(cluster, controller, rollouts);
    memory("adopted and at rest", await controller.figures(), { figures: empty, count: rollouts });

    await release({ namespace, controller }, names.slice(0, burst), { version: "v2", overMs: 0 });
    if (changed > 0) {
      const overMs = seconds * 1_000;
      await release({ namespace, controller }, names.slice(0, changed), { version: "v3", overMs });
    }
    await idle(cluster, controller, rollouts);
    memory("after that, at rest", await controller.figures(), { figures: empty, count: rollouts });
    const objects = await namespace.list<KubeObject>("serin.dev/v1/Rollout");
    const bytes = objects.reduce((sum, object) => sum + JSON.stringify(object).length, 0);
    console.log(`a Rollout object: ${(bytes / 1_024 / rollouts).toFixed(1)} kB`);
  } finally {
    await controller?.end();
    await cluster.end();
  }
}
