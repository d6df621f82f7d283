// How does a container of a pod run as a process of this machine?
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { ContainerSpec, ContainerState, ContainerStatus } from "../objects.ts";
import { ConfigError } from "./environment.ts";
import { commandOf } from "./images.ts";
import { keepProbing } from "./probe.ts";

/** What a container asks of its pod. */
export interface PodHost {
  readonly podIP: string;
  readonly restartPolicy: "Always" | "OnFailure" | "Never";
  environment(spec: ContainerSpec): Promise<Readonly<Record<string, string>>>;
  /** The file that a container's output goes to. */
  log(spec: ContainerSpec): string;
  changed(): void;
}

/** Shorter than Kubernetes' own 10 s and 5 min. */
const [FIRST_BACK_OFF_MS, LAST_BACK_OFF_MS] = [1_000, 30_000];
const CONFIG_AGAIN_MS = 500;

/** The API server has no fractions of a second. */
export const now = (): string => new Date().toISOString().replace(/\.\d+Z$/u, "Z");

export class Container {
  readonly spec: ContainerSpec;
  state: ContainerState = { waiting: { reason: "ContainerCreating" } };
  #last: ContainerState = {};
  #restarts = 0;
  #isReady = false;
  #isStopping = false;
  readonly #host: PodHost;
  #child: ChildProcess | undefined;
  #again: NodeJS.Timeout | undefined;
  #gone: () => void = () => undefined;

  constructor(spec: ContainerSpec, host: PodHost) {
    this.spec = spec;
    this.#host = host;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  get status(): ContainerStatus & Readonly<Record<string, unknown>> {
    const { name, image } = this.spec;
    return {
      name,
      image,
      imageID: `process://${image}`,
      ...(this.#child && { containerID: `process://${this.#child.pid}` }),
      ready: this.#isReady,
      started: this.state.running !== undefined,
      restartCount: this.#restarts,
      state: this.state,
      lastState: this.#last,
    };
  }

  /** Starts it; it is started again as the pod's policy says. */
  async launch(): Promise<void> {
    const env = await this.#environment();
    if (!env || this.#isStopping) return;
    const command = commandOf(this.spec, env);
    if (!command) return this.#wait("ImagePullBackOff", `Back-off pulling image "${this.spec.image}"`);
    const [program = "", ...args] = command;
    const log = openSync(this.#host.log(this.spec), "a");
    // In a group of its own, so that what it starts ends with it.
    const child = spawn(program, args, { env, cwd: this.spec.workingDir, stdio: ["ignore", log, log], detached: true });
    closeSync(log);
    this.#child = child;
    this.#runs(child, env);
  }

  /** Resolves once it has ended by itself and is not started again. */
  async ended(): Promise<void> {
    if (this.state.terminated) return;
    await new Promise<void>((resolve) => (this.#gone = resolve));
  }

  /** Sends a signal; from now on it is not started again. */
  signal(signal: NodeJS.Signals): void {
    this.#isStopping = true;
    clearTimeout(this.#again);
    this.#signalGroup(signal);
    if (!this.#child && !this.state.terminated) this.#finished(137, now());
  }

  async #environment(): Promise<Readonly<Record<string, string>> | undefined> {
    try {
      return await this.#host.environment(this.spec);
    } catch (error) {
      // The API server may be away; what is not there may come.
      if (error instanceof ConfigError) this.#wait("CreateContainerConfigError", error.message);
      this.#later(CONFIG_AGAIN_MS);
      return undefined;
    }
  }

  #runs(child: ChildProcess, env: Readonly<Record<string, string>>): void {
    const startedAt = now();
    const probing = new AbortController();
    const { readinessProbe, livenessProbe, startupProbe } = this.spec;
    this.state = { running: { startedAt } };
    this.#isReady = !readinessProbe && !startupProbe;
    this.#host.changed();
    const probed = { spec: this.spec, podIP: this.#host.podIP, env };
    const { signal } = probing;
    const isIll = (isWell: boolean): void => {
      if (!isWell) this.#signalGroup("SIGKILL");
    };
    const rest = (): void => {
      if (readinessProbe) void keepProbing(readinessProbe, probed, { signal, told: (well) => this.#told(well) });
      if (livenessProbe) void keepProbing(livenessProbe, probed, { signal, told: isIll });
    };
    let hasStarted = !startupProbe;
    const starts = (isWell: boolean): void => {
      if (hasStarted) return;
      if (!isWell) return isIll(isWell);
      hasStarted = true;
      if (!readinessProbe) this.#told(true);
      rest();
    };
    if (startupProbe) void keepProbing(startupProbe, probed, { signal, told: starts });
    else rest();
    let isOver = false;
    const over = (code: number | null): void => {
      if (isOver) return;
      isOver = true;
      probing.abort();
      this.#child = undefined;
      this.#finished(code ?? 137, startedAt);
    };
    child.on("exit", over);
    child.on("error", () => over(127));
  }

  #told(isReady: boolean): void {
    if (this.#isReady === isReady) return;
    this.#isReady = isReady;
    this.#host.changed();
  }

  #finished(exitCode: number, startedAt: string): void {
    const reason = exitCode === 0 ? "Completed" : "Error";
    const terminated = { exitCode, reason, startedAt, finishedAt: now() };
    this.#isReady = false;
    const policy = this.#host.restartPolicy;
    if (this.#isStopping || policy === "Never" || (policy === "OnFailure" && exitCode === 0)) {
      this.state = { terminated };
      this.#host.changed();
      return this.#gone();
    }
    this.#last = { terminated };
    this.#restarts += 1;
    // The first time it is started again at once.
    if (this.#restarts === 1) {
      this.state = { terminated };
      this.#host.changed();
      return this.#later(0);
    }
    this.#wait("CrashLoopBackOff", `back-off restarting failed container ${this.spec.name}`);
    this.#later(Math.min(FIRST_BACK_OFF_MS * 2 ** (this.#restarts - 2), LAST_BACK_OFF_MS));
  }

  #wait(reason: string, message: string): void {
    this.state = { waiting: { reason, message } };
    this.#host.changed();
  }

  #later(inMs: number): void {
    if (this.#isStopping) return;
    this.#again = setTimeout(() => void this.launch(), inMs);
  }

  #signalGroup(signal: NodeJS.Signals): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It has ended already.
    }
  }
}
