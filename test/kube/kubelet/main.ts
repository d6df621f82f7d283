// How do a control plane's pods come to run on this machine?
//
// A process of its own: it binds pods to the nodes that it plays, and runs them.
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Api, isStatus, type Access } from "../api.ts";
import type { Pod } from "../objects.ts";
import { watch } from "../watch.ts";
import { Environments } from "./environment.ts";
import { IN_PROCESS, repositoryOf } from "./images.ts";
import { serveLogs } from "./logs.ts";
import { Nodes } from "./nodes.ts";
import { Targets } from "./targets.ts";
import { LightPod, ProcessPod, type PodLife } from "./pod.ts";

/** `a.b` of the range `a.b.0.0/16` of pods. */
const [dir = ".", range = "10.244", count = "2"] = process.argv.slice(2);
const DEFAULT_GRACE_SECONDS = 30;
const TARGETS_MS = 500;

const access = JSON.parse(readFileSync(join(dir, "access.json"), "utf8")) as Access;
const api = new Api(access, "serin-kubelet");
const nodes = new Nodes(api, { range, count: Number(count) });
const environments = new Environments(api, {
  PATH: process.env["PATH"] ?? "",
  HOME: process.env["HOME"] ?? "",
  KUBERNETES_SERVICE_HOST: new URL(access.server).hostname,
  KUBERNETES_SERVICE_PORT: new URL(access.server).port,
  // Whoever looks for what was left behind finds it by this.
  TESTS_PLACE: dir,
});
const logs = join(dir, "pods");
mkdirSync(logs, { recursive: true });

const lives = new Map<string, PodLife>();
const unplaced = new Map<string, Pod>();
const addresses = new Set<string>();
let next = 0;

const uidOf = ({ metadata }: Pod): string => metadata.uid ?? "";

/** The next address that no pod has. */
function newAddress(): string {
  for (;;) {
    next = (next + 1) % (250 * 256);
    const [high, low] = [next >> 8, next & 255];
    const address = `${range}.${high}.${low}`;
    if (low === 0 || low === 255 || addresses.has(address)) continue;
    addresses.add(address);
    return address;
  }
}

async function bind(pod: Pod): Promise<void> {
  const { name, namespace, uid } = pod.metadata;
  const node = nodes.choose(pod);
  if (node === undefined) return void unplaced.set(uidOf(pod), pod);
  unplaced.delete(uidOf(pod));
  nodes.count(pod, node, 1);
  const data = { metadata: { name, uid }, target: { kind: "Node", name: node } };
  try {
    await api.call("POST", `/api/v1/namespaces/${namespace}/pods/${name}/binding`, { data });
  } catch (error) {
    nodes.count(pod, node, -1);
    // Gone, or bound already. Otherwise it is tried again with the next change.
    if (!isStatus(error, 404, 409)) unplaced.set(uidOf(pod), pod);
  }
}

function live(pod: Pod): PodLife {
  const placement = { podIP: newAddress(), hostIP: nodes.addressOf(pod.spec.nodeName ?? "") };
  if (pod.spec.containers.every(({ image }) => repositoryOf(image) === IN_PROCESS))
    return new LightPod(pod, placement, api);
  const life = new ProcessPod(pod, placement, { api, environments, logs });
  if (!pod.metadata.deletionTimestamp) void life.start();
  return life;
}

async function end(pod: Pod, graceSeconds: number): Promise<void> {
  const life = lives.get(uidOf(pod));
  if (!life) return;
  await life.stop(graceSeconds);
  if (!lives.delete(uidOf(pod))) return;
  addresses.delete(life.podIP);
  nodes.count(pod, pod.spec.nodeName ?? "", -1);
}

function seen(pod: Pod): void {
  const { deletionTimestamp, deletionGracePeriodSeconds = DEFAULT_GRACE_SECONDS } = pod.metadata;
  const { nodeName, schedulerName = "default-scheduler", schedulingGates = [] } = pod.spec;
  if (nodeName === undefined) {
    if (deletionTimestamp || schedulerName !== "default-scheduler" || schedulingGates.length > 0) return;
    return void bind(pod);
  }
  if (!nodes.isOwn(nodeName)) return;
  const isOver = ["Succeeded", "Failed"].includes(pod.status?.phase ?? "");
  if (!lives.has(uidOf(pod))) {
    // What is over and not to go has no life any more.
    if (isOver && !deletionTimestamp) return;
    lives.set(uidOf(pod), live(pod));
  }
  lives.get(uidOf(pod))?.seen(pod);
  if (deletionTimestamp) void end(pod, deletionGracePeriodSeconds);
}

const ends = new AbortController();

function endAll(): void {
  ends.abort();
  for (const life of lives.values()) if (life instanceof ProcessPod) life.kill();
  process.exit(0);
}

process.on("SIGTERM", endAll);
process.on("SIGINT", endAll);
await Promise.all(nodes.addresses.map((address) => serveLogs(address, { dir, logs })));
await nodes.start(ends.signal, () => {
  for (const pod of unplaced.values()) void bind(pod);
});
await watch<Pod>(
  api,
  { path: "/api/v1/pods", signal: ends.signal },
  {
    all: (pods) => {
      const there = new Set(pods.map(uidOf));
      // Those that went while nobody looked.
      for (const [uid, life] of lives) if (!there.has(uid)) void life.stop(0).then(() => lives.delete(uid));
      pods.forEach(seen);
    },
    changed: seen,
    deleted: (pod) => {
      unplaced.delete(uidOf(pod));
      void end(pod, 0);
    },
  },
);
const targets = new Targets(join(dir, "targets.json"));
setInterval(() => targets.write([...lives.values()]), TARGETS_MS);
console.log("ready");
