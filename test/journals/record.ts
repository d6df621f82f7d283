// Which states did this version write, and what did it decide next?
//
//   node test/journals/record.ts > test/journals/v2.jsonl
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
