// Which states did this version write, and what did it decide next?
//
//   node test/journals/record.ts > test/journals/v3.jsonl
//
// Run once for each format, before it is released; the file is never changed again.
import type { Command } from "../../src/core/engine/input.ts";
import { decide } from "../../src/core/engine/decide.ts";
import { FORMAT } from "../../src/core/engine/state.ts";
import { Desk } from "../support/engine.ts";

/** Writes down every moment at which something is decided. */
function recorded(desk: Desk, run: (desk: Desk) => void): void {
  const tick = desk.tick.bind(desk);
  desk.tick = (commands?: readonly Command[]) => {
    const before = desk.state;
    const input = desk.input(commands ?? []);
    const { state, records, answers } = decide(before, input);
    if (records.length > 0 || answers.length > 0) {
      const decided = {
        records: records.map(({ kind, step, version }) => ({ kind, step, version })),
        answers: answers.map(({ id, refused }) => ({ id, refused: refused?.code })),
        pools: state.pools,
        split: state.split,
        phase: state.rollout?.phase,
        cursor: state.rollout?.cursor,
        verdict: state.rollout?.verdict?.kind,
      };
      console.log(JSON.stringify({ format: FORMAT, state: before, input, records, decided }));
    }
    return tick(commands);
  };
  run(desk);
}

const GATED = `{ canary: { steps: [{ weight: 10%, judge: { atMost: 10s, undecided: goOn } }, { weight: 50%, gate: look }] } }`;

recorded(new Desk(GATED), (desk) => {
  desk.apply("v1");
  desk.pass(5_000);
  desk.apply("v2");
  desk.passUntil(() => desk.rollout.waiting?.for === "person");
  desk.metrics = "gone";
  desk.pass(2_000);
  desk.metrics = "read";
  desk.say("pause", { expected: 3 });
  desk.say("pause");
  desk.say("resume");
  desk.say("promote");
  desk.passUntil(() => desk.rollout.phase === "ended");
  desk.say("undo");
  desk.passUntil(() => desk.rollout.phase === "ended");
});
recorded(Desk.serving(`{ canary: { baseline: same-size, steps: [{ weight: 20%, hold: 5s }] } }`), (desk) => {
  desk.apply("v2");
  desk.passUntil(() => desk.canary === 20);
  desk.errors["2-canary"] = 0.6;
  desk.passUntil(() => desk.rollout.phase === "ended");
  desk.apply("v2");
  desk.say("retry");
  desk.passUntil(() => desk.canary === 20);
  desk.say("abort");
  desk.passUntil(() => desk.rollout.phase === "ended");
});
recorded(Desk.serving(`{ rolling: { maxSurge: 50%, hold: 2s } }`), (desk) => {
  desk.apply("v2");
  desk.passUntil(() => desk.rollout.phase === "ended");
});
const HOOKS = `  onNewRevision: supersede
  hooks:
    - { name: smoke, at: before, command: [smoke], retries: 1 }
    - { name: pulse, at: during, every: 2s, command: [pulse] }
    - { name: tidy, at: rollback, http: "http://127.0.0.1:9000/tidy" }
  notify: [{ name: team, http: "http://127.0.0.1:9000/team", events: [started, promoted] }]
`;
const MATCHED = `{ canary: { stepsBack: 1, steps: [{ match: [{ header: { x-beta: "1" } }], hold: 2s }, { weight: 10%, replicas: 2, hold: 3s }, { weight: 50%, hold: 10s }], watch: 2s } }`;

recorded(Desk.serving(MATCHED, 4, HOOKS), (desk) => {
  desk.hooks["smoke"] = "no";
  desk.apply("v2");
  desk.passUntil(() => desk.called.includes("smoke"));
  desk.hooks["smoke"] = "yes";
  desk.passUntil(() => desk.canary === 50);
  desk.errors["2-canary"] = 0.5;
  desk.passUntil(() => desk.canary === 10);
  desk.apply("v3");
  desk.passUntil(() => desk.state.rollouts === 3);
  desk.scale(6);
  desk.passUntil(() => desk.rollout.phase === "ended");
});
recorded(
  Desk.serving(
    `{ blueGreen: { preview: [{ cookie: { tester: { present: true } } }], promotion: manual, keepOld: 2s } }`,
  ),
  (desk) => {
    desk.apply("v2");
    desk.passUntil(() => desk.rollout.waiting?.for === "person");
    desk.say("promote");
    desk.passUntil(() => desk.rollout.phase === "ended");
  },
);
recorded(Desk.serving(`{ shadow: { share: 50%, compare: { atLeast: 100, found: hold } } }`), (desk) => {
  const price = { path: "body.price", candidate: 60, noise: 0, examples: [] };
  desk.comparison = { epoch: "1", candidate: 120, noise: 120, shed: 0, failed: 0, fields: [price] };
  desk.apply("v2");
  desk.passUntil(() => desk.rollout.waiting?.for === "person");
  desk.say("promote");
  desk.passUntil(() => desk.rollout.phase === "ended");
});
const EXPERIMENT = `{ experiment: { share: 20%, for: 10s, candidates: [{ name: v3, env: { A: 1 } }] } }`;
recorded(Desk.serving(EXPERIMENT, 10), (desk) => {
  desk.perTick = 500;
  desk.experiment("v2", ["v3"]);
  desk.passUntil(() => desk.canary === 20);
  desk.errors["2-canary-2"] = 0.6;
  desk.passUntil(() => desk.rollout.phase === "ended");
});
recorded(Desk.serving(`{ rolling: { maxSurge: 0, maxUnavailable: 1, hold: 1s } }`), (desk) => {
  desk.apply("v2");
  desk.passUntil(() => desk.rollout.phase === "ended");
});
