// Which objects does a whole rollout leave in a cluster, step by step?
import { stringify, parse } from "yaml";
import { clusterRouterOf } from "../../../src/adapters/kubernetes/routers/index.ts";
import type { KubeObject } from "../../../src/adapters/kubernetes/client/objects.ts";
import { abilitiesOf } from "../../../src/adapters/registry.ts";
import { compile } from "../../../src/core/plan/compile.ts";
import { canonical } from "../../../src/core/match.ts";
import { sentence } from "../../../src/core/plan/sentence.ts";
import type { Program, Step } from "../../../src/core/plan/step.ts";
import { parseRollout } from "../../../src/core/spec/parse.ts";
import type { Rollout } from "../../../src/core/spec/rollout.ts";
import { all, sameSplit, type Role, type Split } from "../../../src/core/split.ts";
import { MemoryCluster } from "../../support/kube-memory.ts";

/** What one step of a rollout has changed. */
export interface Scene {
  readonly title: string;
  readonly objects: readonly KubeObject[];
  readonly writes: readonly string[];
}

export interface Played {
  readonly scenes: readonly Scene[];
  /** What was there before Serin came. */
  readonly own: readonly KubeObject[];
  /** What is there after Serin has gone. */
  readonly left: readonly KubeObject[];
  /** What is not as it should be: a split that is read otherwise than it was written, a write for nothing. */
  readonly wrong: readonly string[];
}

const call = { signal: AbortSignal.timeout(60_000) };

/** A rollout file, and below it, after three dashes each, what is in the cluster already. */
export function partsOf(text: string): { readonly file: string; readonly own: readonly KubeObject[] } {
  const [file = "", ...own] = text.split(/^---\n/mu);
  return { file, own: own.map((part) => parse(part) as KubeObject) };
}

/** Plays a rollout in a cluster in memory, all of whose pods are ready at once. */
export async function play(text: string): Promise<Played> {
  const { file, own } = partsOf(text);
  const rollout = rolloutOf(file);
  const cluster = new MemoryCluster();
  cluster.wrote = (object) => accepted(cluster, object);
  for (const object of own) cluster.put(object);
  const before = everything(cluster);
  const stage = new Stage(cluster, rollout);
  await stage.begin();
  for (const step of programOf(rollout).steps) await stage.play(step);
  await stage.end();
  return { scenes: stage.scenes, own: before, left: everything(cluster), wrong: stage.wrong };
}

function rolloutOf(file: string): Rollout {
  const parsed = parseRollout(file);
  if (!parsed.ok) throw new Error(parsed.issues.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  return parsed.rollout;
}

function programOf(rollout: Rollout): Program {
  const compiled = compile(rollout, { abilities: abilitiesOf(rollout), stable: true, direct: false });
  if (!compiled.ok) throw new Error(compiled.issues.map(({ path, message }) => `${path}: ${message}`).join("\n"));
  return compiled.program;
}

/** Says of a route what a controller says that has taken it. */
export function accepted(cluster: MemoryCluster, object: KubeObject): void {
  const { kind = "", metadata } = object;
  if (!kind.endsWith("Route")) return;
  const { parentRefs = [] } = (object as KubeObject & { spec: { parentRefs?: readonly object[] } }).spec;
  const observed = { status: "True", observedGeneration: metadata.generation };
  const conditions = ["Accepted", "ResolvedRefs"].map((type) => Object.assign({ type }, observed));
  const parents = parentRefs.map((parentRef) => ({ parentRef, controllerName: "example.com/gateway", conditions }));
  cluster.kind(kind).set(`prod/${metadata.name}`, Object.assign({}, object, { status: { parents } }));
}

class Stage {
  readonly scenes: Scene[] = [];
  readonly wrong: string[] = [];
  readonly #cluster: MemoryCluster;
  readonly #router;
  #pools: Partial<Record<Role, string>> = { stable: "v1" };
  #before = new Map<string, string>();

  constructor(cluster: MemoryCluster, { spec }: Rollout) {
    this.#cluster = cluster;
    this.#router = clusterRouterOf(cluster.options, spec.traffic);
    cluster.pools.set("v1", { hash: "aaaa", size: 4 });
    this.#look();
  }

  async begin(): Promise<void> {
    await this.#follow("Before the rollout", { weights: all("stable") });
  }

  async play(step: Step): Promise<void> {
    if (step.op === "scale") {
      const hashes: Partial<Record<Role, string>> = { canary: "bbbb", baseline: "cccc" };
      this.#cluster.roles = this.#pools;
      await this.#router.isolate(call);
      const pool = step.role === "stable" ? "v1" : (hashes[step.role] ?? step.role);
      this.#cluster.pools.set(pool, { hash: hashes[step.role] ?? pool, size: step.size });
      if (step.role !== "stable") this.#pools = { ...this.#pools, [step.role]: pool };
      else this.#cluster.pools.set("v1", { hash: "aaaa", size: step.size });
    }
    if (step.op === "route") {
      const { weights, matches, mirror } = step;
      await this.#follow(sentence(step), { weights, ...(matches && { matches }), ...(mirror && { mirror }) });
    }
    if (step.op === "promote") {
      const { canary = "v1", baseline } = this.#pools;
      this.#pools = { stable: canary, ...(baseline !== undefined && { baseline }) };
      await this.#follow(sentence(step), { weights: all("stable") });
      this.#cluster.pools.delete("v1");
    }
    if (step.op === "retire" && step.role !== "stable") {
      this.#cluster.pools.delete(this.#pools[step.role] ?? "");
      const { [step.role]: _gone, ...left } = this.#pools;
      this.#pools = left;
    }
  }

  async end(): Promise<void> {
    const { stable = "v1" } = this.#pools;
    this.#pools = { stable };
    for (const pool of this.#cluster.pools.keys()) if (pool !== stable) this.#cluster.pools.delete(pool);
    await this.#follow("After the rollout", { weights: all("stable") });
    await this.#router.remove(call);
    this.scenes.push({ title: "After Serin", objects: this.#look(), writes: this.#cluster.writes.splice(0) });
    await this.#router.remove(call);
    this.wrong.push(...this.#cluster.writes.map((write) => `${write} when there was nothing left to take away`));
  }

  async #follow(title: string, split: Split): Promise<void> {
    const route = this.#cluster.route(split, this.#pools);
    this.#cluster.passes(11_000);
    await this.#router.apply(route, call);
    const observed = await this.#router.observe(call);
    const isRead = observed.kind === "value" && sameSplit(observed.value.split, split);
    if (!isRead) this.wrong.push(`${title}: read as ${JSON.stringify(observed)}`);
    const writes = this.#cluster.writes.splice(0);
    this.scenes.push({ title, objects: this.#look(), writes });
    // What nobody uses any more goes later, and then nothing is left to do.
    this.#cluster.passes(11_000);
    await this.#router.apply(route, call);
    const later = this.#look();
    if (later.length > 0)
      this.scenes.push({ title: "A moment later", objects: later, writes: this.#cluster.writes.splice(0) });
    this.#cluster.writes.length = 0;
    this.#cluster.passes(11_000);
    await this.#router.apply(route, call);
    this.wrong.push(...this.#cluster.writes.splice(0).map((write) => `${title}: ${write} for nothing`));
  }

  /** What has changed since the last look; of what has gone, its name. */
  #look(): readonly KubeObject[] {
    const now = new Map(everything(this.#cluster).map((object) => [`${object.kind} ${object.metadata.name}`, object]));
    const changed = [...now].filter(([key, object]) => this.#before.get(key) !== canonical(object));
    const gone = [...this.#before.keys()].filter((key) => !now.has(key));
    this.#before = new Map([...now].map(([key, object]) => [key, canonical(object)]));
    return [
      ...changed.map(([, object]) => object),
      ...gone.map((key): KubeObject => {
        const [kind = "", name = ""] = key.split(" ");
        return { kind: `${kind} (gone)`, metadata: { name } };
      }),
    ];
  }
}

/** Everything that is there, without what the API server adds. */
function everything(cluster: MemoryCluster): readonly KubeObject[] {
  const kinds = ["Service", "DestinationRule", "VirtualService", "HTTPRoute", "GRPCRoute"];
  return kinds.flatMap((kind) => Array.from(cluster.kind(kind).values(), written));
}

function written(object: KubeObject): KubeObject {
  const { name, labels, annotations = {}, ownerReferences } = object.metadata;
  const { status: _status, ...rest } = object as KubeObject & { readonly status?: unknown };
  const isNoted = Object.keys(annotations).length > 0;
  const metadata = { name, labels, annotations: isNoted ? annotations : undefined, ownerReferences };
  return JSON.parse(JSON.stringify({ ...rest, metadata })) as KubeObject;
}

/** As a golden file has it. */
export function shown(scenes: readonly Scene[]): string {
  return scenes
    .map(({ title, objects, writes }) => {
      const documents = objects.map((object) => stringify(withoutOwner(object), { lineWidth: 0 }));
      return [
        `# ${title}`,
        ...writes.map((write) => `#   ${write}`),
        ...documents.flatMap((text) => ["---", text.trimEnd()]),
      ];
    })
    .map((lines) => `${lines.join("\n")}\n`)
    .join("\n");
}

/** Whose it is, is the same in all of them. */
function withoutOwner({ kind, metadata, ...rest }: KubeObject): object {
  const { ownerReferences, ...shownMetadata } = metadata;
  return { kind, metadata: { ...shownMetadata, ...(ownerReferences && { owner: ownerReferences[0]?.name }) }, ...rest };
}
