// What do rehearsals of a service and of a group look like, where they are alike?
import { useState, type ReactNode } from "react";
import { count } from "../../core/stats/figures.ts";
import { duration, ms } from "../../core/units.ts";
import type { AnyScenario } from "../data/rehearsal-words.ts";
import { Panel } from "../parts/panel.tsx";
import { TroubleBox } from "../parts/trouble.tsx";

/** Rehearsals of each scenario at first, and when somebody wants to know it better. */
const FIRST = 20;
const MORE = 100;

interface Rehearsed {
  readonly isCut: boolean;
  readonly scenarios: readonly AnyScenario[];
}

interface PanelProps {
  readonly play: {
    readonly rehearsal?: Rehearsed | undefined;
    readonly error?: unknown;
    readonly isBusy: boolean;
    readonly begin: (runs: number) => void;
    readonly end: () => void;
  };
  readonly children: readonly [about: ReactNode, findings: ReactNode];
}

/** Begins and ends it, and says how far it is. */
export function RehearsalPanel({ play, children: [about, findings] }: PanelProps) {
  const { rehearsal, error, isBusy, begin, end } = play;
  return (
    <Panel title="Rehearse it before it starts">
      {about}
      <div className="buttons">
        {isBusy ? (
          <button type="button" className="button" onClick={end}>
            Stop rehearsing
          </button>
        ) : (
          <button type="button" className="button first" onClick={() => begin(rehearsal ? MORE : FIRST)}>
            {rehearsal ? "Rehearse more of each" : "Rehearse"}
          </button>
        )}
      </div>
      <p className="soft small" role="status">
        {rehearsal ? progress(rehearsal, isBusy) : isBusy ? "Beginning …" : ""}
      </p>
      {error !== undefined && <TroubleBox error={error} />}
      {findings}
    </Panel>
  );
}

function progress({ scenarios, isCut }: Rehearsed, isBusy: boolean): string {
  const done = scenarios.filter(({ runs, failed }) => runs > 0 || failed !== undefined).length;
  const runs = scenarios.reduce((sum, scenario) => sum + scenario.runs, 0);
  const cut = isCut ? "; of some scenarios fewer than wanted, as the time for them was up" : "";
  return `${done} of ${scenarios.length} scenarios, ${count(runs)} rehearsals${isBusy ? " so far …" : cut}`;
}

/** One of several scenarios, and what it is chosen by. */
export function useChosen<S extends AnyScenario>(
  scenarios: readonly S[],
): readonly [scenario: S | undefined, choice: ReactNode] {
  const [chosen, setChosen] = useState("");
  const scenario = scenarios.find(({ name }) => name === chosen) ?? scenarios[0];
  const choice = (
    <label className="field">
      <span>What happens</span>
      <select value={scenario?.name} onChange={({ target }) => setChosen(target.value)}>
        {scenarios.map(({ name, about }) => (
          <option key={name} value={name}>
            {about}
          </option>
        ))}
      </select>
    </label>
  );
  return [scenario, choice];
}

interface OnceProps {
  readonly scenarios: readonly (AnyScenario & { readonly lines: string; readonly once?: Played | undefined })[];
  /** Who got the requests that are told of: `the new version`. */
  readonly to: string;
}

interface Played extends StoryProps {
  readonly seed: number;
  readonly requests: number;
  readonly canaryRequests: number;
  readonly canaryFailed: number;
}

/** One rehearsal of a scenario, step by step; of those that have one. */
export function Once({ scenarios, to }: OnceProps) {
  const [scenario, choice] = useChosen(scenarios.filter(({ once }) => once !== undefined));
  if (!scenario?.once) return null;
  const { once, lines } = scenario;
  return (
    <Panel title="One of them, step by step">
      {choice}
      <Story timeline={once.timeline} why={once.why} />
      <p className="soft small">
        {`${count(once.canaryRequests)} of ${count(once.requests)} requests went to ${to}, ${count(once.canaryFailed)} of them failed. With seed ${once.seed}: the same goes the same way, and so does `}
        <code>{`serin rehearse FILE --scenario "${lines}"`}</code>
        {`.`}
      </p>
    </Panel>
  );
}

interface StoryProps {
  readonly timeline: readonly { readonly atMs: number; readonly of?: string; readonly text: string }[];
  readonly why: string;
}

function Story({ timeline, why }: StoryProps) {
  return (
    <>
      <ol className="once">
        {timeline.map(({ atMs, of, text }, index) => (
          <li key={`${index}${text}`}>
            <span className="soft number">{atMs < 1 ? "0s" : duration(ms(Math.round(atMs)))}</span>
            <span>{of === undefined ? text : `${of}: ${text}`}</span>
          </li>
        ))}
      </ol>
      <p>{why}</p>
    </>
  );
}
