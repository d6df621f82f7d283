// How is a scenario that cannot be read told to whoever wrote it?
import { SerinError } from "../core/issues.ts";
import { ScenarioError } from "../rehearse/language.ts";

/** What `read` answers; a mistake in the scenario is thrown as a SerinError that says what to do `next`. */
export function scenarioFrom<S>(read: () => S, next: string): S {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    const what = "the scenario cannot be read";
    throw new SerinError(
      { code: "SERIN_BAD_SCENARIO", what, found: error.message, next, exitCode: 2 },
      { cause: error },
    );
  }
}
