// How is a scenario with its rollout file inside played?
import { rolloutOf } from "../../src/rehearse/ask.ts";
import { readScenario } from "../../src/rehearse/language.ts";
import { playScenario, type Played } from "../../src/rehearse/play.ts";

/** Plays a scenario in virtual time. Throws a ScenarioError for one that cannot be read. */
export function playText(text: string): Promise<Played> {
  const scenario = readScenario(text);
  if (scenario.spec === undefined) throw new Error("the scenario holds no rollout file");
  return playScenario(scenario, rolloutOf(scenario.spec));
}
