// What number does a Prometheus give for a question of the user's own?
import { ms } from "../../core/units.ts";
import type { Call } from "../../ports/observed.ts";
import type { Figure, FigureAsked, FigureSource } from "../../ports/figures.ts";
import { askNumber, type NumberAnswer, type Server } from "./answer.ts";

/** So many questions are asked at a time. */
const AT_A_TIME = 4;

/** Levels only: how much happened is read from the counters themselves, for `increase()` guesses at both ends. */
export function createPrometheusFigures(server: Server): FigureSource {
  return {
    kind: "prometheus",
    ask: async (asked, call) => {
      call.signal.throwIfAborted();
      const answers = await askAll(server, asked, call);
      return asked.map((one): Figure => {
        if (one.as === "count") return { ok: false, why: "is asked for levels only: name the counter itself" };
        return answers.get(keyOf(one)) ?? { ok: false, why: "was not asked" };
      });
    },
  };
}

const keyOf = ({ query, toMs }: FigureAsked): string => JSON.stringify([query, toMs]);

/** Each question once, however many want to know. */
async function askAll(
  server: Server,
  asked: readonly FigureAsked[],
  call: Call,
): Promise<ReadonlyMap<string, NumberAnswer>> {
  const waiting = [...new Map(asked.filter(({ as }) => as === "level").map((one) => [keyOf(one), one]))];
  const answers = new Map<string, NumberAnswer>();
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const [key, { query, toMs }] = next;
      const answer = await askNumber(server, { query, atMs: ms(toMs) }, call.signal);
      answers.set(key, answer.ok ? answer : { ok: false, why: `at ${server.url} ${answer.why}` });
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
  return answers;
}
