// Does a rollout come to its end where lost replicas may come back as the candidate?
import { expect, test } from "vitest";
import { DAEMON_SET_ABILITIES, clusterRouter } from "../../adapters/kubernetes/abilities.ts";
import { shareOfCounts } from "../plan/counts.ts";
import { parseRollout } from "../spec/parse.ts";
import { shareOf, type Weights } from "../split.ts";
import { ms, WHOLE, weight } from "../units.ts";
import { ABSENT, seen, type Replica } from "../world.ts";
import { decide, newService } from "./decide.ts";
import type { ApplyCommand, Command } from "./input.ts";
import { poolOf, type ServiceState } from "./state.ts";

function applied(id: string, strategy: string): ApplyCommand {
  const parsed = parseRollout(`
apiVersion: serin.dev/v1
kind: Rollout
metadata: { name: agent }
spec:
  workload: { daemonSet: { name: agent, replicas: 4 } }
  traffic: { service: { name: agent } }
  strategy: { ${strategy} }
  progressDeadline: 20s
  analysis: { enabled: false }
`);
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join());
  const router = clusterRouter(parsed.rollout.spec.traffic);
  if (!router) throw new Error("a Service can route");
  const abilities = { router, workload: DAEMON_SET_ABILITIES };
  const revision = { id, template: {} };
  return { kind: "apply", id, actor: "ann", reason: "", spec: parsed.rollout, origin: "/", revision, abilities };
}

/** Four nodes, each with a pod that answers, which follow what is wanted unless somebody keeps them. */
class Nodes {
  state: ServiceState;
  nodes = ["v1", "v1", "v1", "v1"];
  /** Nodes whose pods stay as they are. */
  kept = 0;
  readonly #strategy: string;
  #nowMs = 0;

  constructor(strategy: string) {
    this.#strategy = strategy;
    this.state = newService(applied("v1", strategy));
    this.apply("v1");
    this.pass(10_000);
  }

  apply(id: string): void {
    this.#tick([applied(id, this.#strategy)]);
  }

  pass(durationMs: number): void {
    for (let passedMs = 0; passedMs < durationMs; passedMs += 500) {
      this.#nowMs += 500;
      this.#tick([]);
      this.#follow();
    }
  }

  /** One node after the other, the last ones stay with what they have. */
  #follow(): void {
    const at = (role: "stable" | "canary") => poolOf(this.state, role);
    const [stable, canary] = [at("stable"), at("canary")];
    const own = canary?.size ?? 0;
    for (let node = 0; node < this.nodes.length - this.kept; node += 1)
      this.nodes[node] = (node < own ? canary?.revision : stable?.revision) ?? this.nodes[node] ?? "";
  }

  #tick(commands: readonly Command[]): void {
    const pools = [...new Set(this.nodes)].map((revision) => {
      const pool = this.state.pools.find((one) => one.revision === revision)?.pool ?? revision;
      const replicas = this.nodes.flatMap((version, node): Replica[] =>
        version === revision
          ? [{ id: `${node}`, host: "", port: 1, restarts: 0, state: "ready", readySinceMs: ms(0) }]
          : [],
      );
      return { pool, revision, replicas };
    });
    const split = { weights: this.#shares() };
    const { state } = decide(this.state, {
      nowMs: ms(this.#nowMs),
      pools: seen(pools),
      traffic: this.state.stable
        ? seen({ split, busy: [], address: "" })
        : seen({ split: this.state.split, busy: [], address: "" }),
      counters: ABSENT,
      commands,
    });
    this.state = state;
  }

  /** All to one version, or as their numbers are. */
  #shares(): Weights {
    const { weights } = this.state.split;
    const canary = poolOf(this.state, "canary");
    if (!canary || shareOf(weights, "stable") === WHOLE || shareOf(weights, "canary") === WHOLE) return weights;
    const own = this.nodes.filter((version) => version === canary.revision).length;
    const share = shareOfCounts(own, this.nodes.length - own);
    return { canary: share, ...(share < WHOLE && { stable: weight(WHOLE - share) }) };
  }

  get texts(): readonly string[] {
    return this.state.recent.map(({ text }) => text);
  }
}

const CANARY = "canary: { steps: [{ weight: 25%, hold: 30s }, { weight: 50%, hold: 1s }] }";

test("one more that came back as the candidate, and stays it: the rollout waits for its deadline, and goes on", () => {
  const all = new Nodes(CANARY);
  all.apply("v2");
  all.nodes = ["v1", "v1", "v1", "v2"];
  all.kept = 1;
  all.pass(10_000);
  expect(all.state.rollout?.waiting?.text).toContain("the router reports another split");
  all.pass(15_000);
  expect(all.texts).toContain(
    "canary 50%, stable 50% instead of canary 25%, stable 75%: replicas that were lost are missing, or the candidate's now",
  );
  all.pass(120_000);
  expect(all.state.rollout).toMatchObject({ phase: "ended", outcome: "promoted" });
});

test("stable cannot have places that are the candidate's already", () => {
  const all = new Nodes(CANARY);
  all.nodes = ["v1", "v2", "v2", "v2"];
  all.kept = 3;
  all.apply("v2");
  all.pass(10_000);
  expect(all.state.rollout?.waiting?.text).toBe("stable: 1 of 3 ready");
  all.pass(90_000);
  expect(all.texts.join()).toContain("stable has 1 of 3 ready after 20s: the other places are the candidate's now");
  all.pass(150_000);
  expect(all.state.rollout).toMatchObject({ phase: "ended", outcome: "promoted" });
});

test("all at once, with nothing that could stay away", () => {
  const all = new Nodes("recreate: {}");
  all.apply("v2");
  all.pass(30_000);
  expect(all.state.rollout).toMatchObject({ phase: "ended", outcome: "promoted" });
  expect(all.state.pools).toMatchObject([{ role: "stable", revision: "v2", size: 4 }]);
});
