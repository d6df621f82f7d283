// How does a pod live and end on this machine?
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Api } from "../api.ts";
import type { ContainerSpec, Pod } from "../objects.ts";
import { Container, now, type PodHost } from "./container.ts";
import type { Environments, Placement } from "./environment.ts";
import { Reporter } from "./reporter.ts";
import { Conditions, statusOf } from "./status.ts";

export interface PodLife {
  readonly podIP: string;
  /** Its object, as it was seen last. */
  readonly pod: Pod;
  /** Its object has changed. */
  seen(pod: Pod): void;
  /** Ends it and takes its object away. */
  stop(graceSeconds: number): Promise<void>;
}

interface Around {
  readonly api: Api;
  readonly environments: Environments;
  /** The folder of containers' output. */
  readonly logs: string;
}

const INIT_AGAIN_MS = 1_000;
const LOOK_MS = 20;

const gatesOf = ({ status, spec }: Pod): string =>
  (spec.readinessGates ?? [])
    .map(({ conditionType }) => status?.conditions?.find(({ type }) => type === conditionType)?.status)
    .join();

/** A pod whose containers are processes. */
export class ProcessPod implements PodLife {
  readonly podIP: string;
  #pod: Pod;
  #isStopping = false;
  #isInitialized: boolean;
  readonly #init: Container[];
  readonly #containers: Container[];
  readonly #reporter: Reporter;

  constructor(pod: Pod, placement: Placement, { api, environments, logs }: Around) {
    this.#pod = pod;
    this.podIP = placement.podIP;
    const { name, namespace } = pod.metadata;
    const host = (restartPolicy: PodHost["restartPolicy"]): PodHost => ({
      podIP: placement.podIP,
      restartPolicy,
      environment: (spec) => environments.of(this.#pod, placement, spec),
      log: (spec) => join(logs, `${namespace}_${name}_${spec.name}.log`),
      changed: () => this.#reporter.changed(),
    });
    const initPolicy = (spec: ContainerSpec): PodHost["restartPolicy"] =>
      spec.restartPolicy === "Always" ? "Always" : "Never";
    const { initContainers = [], containers, restartPolicy = "Always" } = pod.spec;
    this.#init = initContainers.map((spec) => new Container(spec, host(initPolicy(spec))));
    this.#containers = containers.map((spec) => new Container(spec, host(restartPolicy)));
    this.#isInitialized = this.#init.length === 0;
    const conditions = new Conditions();
    const startTime = now();
    const known = () => ({
      pod: this.#pod,
      placement,
      startTime,
      isStopping: this.#isStopping,
      isInitialized: this.#isInitialized,
      init: this.#init.map(({ status }) => status),
      containers: this.#containers.map(({ status }) => status),
    });
    this.#reporter = new Reporter(api, pod, () => statusOf(known(), conditions));
  }

  get pod(): Pod {
    return this.#pod;
  }

  async start(): Promise<void> {
    for (const container of this.#init) if (!(await this.#initialized(container))) return;
    if (this.#isStopping) return;
    this.#isInitialized = true;
    for (const container of this.#containers) void container.launch();
  }

  seen(pod: Pod): void {
    const were = gatesOf(this.#pod);
    this.#pod = pod;
    if (gatesOf(pod) !== were) this.#reporter.changed();
  }

  async stop(graceSeconds: number): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const deadline = Date.now() + graceSeconds * 1000;
    const all = [...this.#init, ...this.#containers];
    const sleeps = all.map(({ spec }) => spec.lifecycle?.preStop?.sleep?.seconds ?? 0);
    await sleep(Math.min(Math.max(...sleeps), graceSeconds) * 1000);
    for (const container of all) container.signal("SIGTERM");
    while (all.some(({ isRunning }) => isRunning) && Date.now() < deadline) await sleep(LOOK_MS);
    for (const container of all) container.signal("SIGKILL");
    while (all.some(({ isRunning }) => isRunning)) await sleep(LOOK_MS);
    await this.#reporter.gone();
  }

  /** Ends everything at once and tells nobody. */
  kill(): void {
    this.#reporter.end();
    for (const container of [...this.#init, ...this.#containers]) container.signal("SIGKILL");
  }

  /** Runs an init container until it succeeds; false when it never will. */
  async #initialized(container: Container): Promise<boolean> {
    while (!this.#isStopping) {
      await container.launch();
      if (container.spec.restartPolicy === "Always") return true;
      await container.ended();
      if (container.state.terminated?.exitCode === 0) return true;
      if (this.#pod.spec.restartPolicy === "Never") return false;
      await sleep(INIT_AGAIN_MS);
    }
    return false;
  }
}

/** A pod that is no process at all: ready at once, gone at once. */
export class LightPod implements PodLife {
  readonly podIP: string;
  readonly #reporter: Reporter;
  #pod: Pod;

  constructor(pod: Pod, placement: Placement, api: Api) {
    this.podIP = placement.podIP;
    this.#pod = pod;
    const startTime = now();
    const state = { running: { startedAt: startTime } };
    const containers = pod.spec.containers.map(({ name, image }) => ({
      name,
      image,
      imageID: image,
      ready: true,
      started: true,
      restartCount: 0,
      state,
      lastState: {},
    }));
    const known = { placement, startTime, isStopping: false, isInitialized: true, init: [], containers };
    const conditions = new Conditions();
    this.#reporter = new Reporter(api, pod, () => statusOf({ ...known, pod: this.#pod }, conditions));
    this.#reporter.changed();
  }

  get pod(): Pod {
    return this.#pod;
  }

  seen(pod: Pod): void {
    const were = gatesOf(this.#pod);
    this.#pod = pod;
    if (gatesOf(pod) !== were) this.#reporter.changed();
  }

  async stop(): Promise<void> {
    await this.#reporter.gone();
  }
}
