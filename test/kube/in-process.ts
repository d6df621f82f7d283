// How does a test run a controller in its own process, and have it end without another word?
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { runOperator, type RunningOperator } from "../../src/operator/host.ts";
import { Telemetry } from "../../src/telemetry/telemetry.ts";
import type { Cluster, Namespace } from "./cluster.ts";
import { Gate, type Write } from "./faults.ts";
import { installKinds } from "./serin.ts";

export interface Life {
  readonly gate: Gate;
  /** Ends it as a crash does: nothing that it still wants to say is heard. */
  crash(): Promise<void>;
  /** Ends it as it is asked to. */
  stop(): Promise<void>;
}

interface Options {
  readonly cluster: Cluster;
  readonly namespace: Namespace;
  /** What becomes of each write; a crash follows from what is not `pass`. */
  readonly fate?: (write: Write) => ReturnType<Gate["fate"]>;
  readonly name?: string;
}

/** What controllers of a test have said. */
export const said: string[] = [];

/** Begins one life of a controller. */
export async function live(context: TestContext, { cluster, namespace, fate, name = "a" }: Options): Promise<Life> {
  await installKinds(cluster);
  const gate = new Gate(cluster);
  const kubeconfig = await gate.open();
  if (fate) gate.fate = fate;
  const off = new AbortController();
  const telemetry = await Telemetry.open({ clock: systemClock(), version: "test" });
  const running: RunningOperator = await runOperator(
    {
      kubeconfig,
      only: [namespace.name],
      leaseNamespace: namespace.name,
      // It is the only one, and shares its process with clients, gates and whatever else the test looks at.
      leaseMs: 60_000,
      identity: name,
      dir: await mkdtemp(join(tmpdir(), "serin-operator-")),
      version: "test",
      telemetry,
      say: (text) => said.push(`${namespace.name} ${name}: ${text}`),
      tell: (event) => {
        if (event.kind === "trouble") said.push(`${event.service} ${event.part}: ${event.why}`);
      },
    },
    off.signal,
  );
  let isOver = false;
  const end = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    off.abort();
    await running.ended.catch(() => undefined);
    await gate.close();
  };
  context.onTestFinished(end);
  return {
    gate,
    stop: end,
    crash: async () => {
      gate.shut();
      await end();
    },
  };
}

/** Lives one after the other: each ends at its `at`-th write, which is not sent, or whose answer is lost. */
export class Dying {
  readonly #context: TestContext;
  readonly #options: Options;
  readonly #how: "drop" | "lose";
  readonly #at: () => number;
  #life: Promise<void> = Promise.resolve();
  #isOver = false;
  lives = 0;
  /** At which writes lives have ended. */
  readonly ends: string[] = [];

  constructor(context: TestContext, options: Options & { how: "drop" | "lose"; at: () => number }) {
    this.#context = context;
    this.#options = options;
    this.#how = options.how;
    this.#at = options.at;
  }

  start(): void {
    this.#life = this.#run();
    this.#context.onTestFinished(() => this.stop());
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#wake?.();
    await this.#life;
  }

  #wake: (() => void) | undefined;

  async #run(): Promise<void> {
    while (!this.#isOver) {
      this.lives += 1;
      const at = this.#at();
      const died = new Promise<void>((resolve) => (this.#wake = resolve));
      const life = await live(this.#context, {
        ...this.#options,
        fate: ({ number, what }) => {
          if (number < at) return "pass";
          if (number === at) {
            this.ends.push(what);
            // What follows in the same breath would be sent by nobody.
            setTimeout(() => this.#wake?.(), this.#how === "lose" ? 30 : 0);
            return this.#how;
          }
          return "drop";
        },
      });
      said.push(`${this.#options.namespace.name} life ${this.lives} until write ${at}`);
      await died;
      said.push(
        `${this.#options.namespace.name} life ${this.lives} ends at ${this.ends.at(-1)}: ${life.gate.writes.join(", ")}`,
      );
      await life.crash();
    }
  }
}
