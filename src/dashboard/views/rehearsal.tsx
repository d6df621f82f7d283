// What would become of this rollout, if the new version were good, or bad, or everything had a bad time?
import { useState } from "react";
import type { RehearsalView } from "../../api/contract.ts";
import { count, share } from "../../core/stats/figures.ts";
import { duration, ms } from "../../core/units.ts";
import { useHas } from "../data/calls.ts";
import { findings, stepsOf, type Scenario } from "../data/rehearsal-words.ts";
import { useRehearsal } from "../data/rehearsing.ts";
import { Panel } from "../parts/panel.tsx";
import { TroubleBox } from "../parts/trouble.tsx";
import { ChancePlot } from "./chance-plot.tsx";
import { RehearsalTable } from "./rehearsal-table.tsx";

interface Props {
  readonly file: { readonly text: string; readonly origin: string };
}

/** Rehearsals of each scenario at first, and when somebody wants to know it better. */
const FIRST = 20;
const MORE = 100;

export function Rehearsal({ file }: Props) {
  const { rehearsal, error, isBusy, begin, end } = useRehearsal(file);
  if (!useHas("/v1/rehearse")) return null;
  return (
    <div className="stack rehearsal">
      <Panel title="Rehearse it before it starts">
        <p className="soft">
          The controller plays this file in virtual time, with a new version that is good, bad in several ways, or
          blameless while everything has a bad time. Nothing is run, and no request is touched.
        </p>
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
        {rehearsal && <Findings rehearsal={rehearsal} />}
      </Panel>
      {rehearsal && <Scenarios scenarios={rehearsal.scenarios} />}
    </div>
  );
}

function progress({ scenarios, isCut }: RehearsalView, isBusy: boolean): string {
  const done = scenarios.filter(({ runs, failed }) => runs > 0 || failed !== undefined).length;
  const runs = scenarios.reduce((sum, scenario) => sum + scenario.runs, 0);
  const cut = isCut ? "; of some scenarios fewer than wanted, as the time for them was up" : "";
  return `${done} of ${scenarios.length} scenarios, ${count(runs)} rehearsals${isBusy ? " so far …" : cut}`;
}

function Findings({ rehearsal: { traffic, scenarios } }: { readonly rehearsal: RehearsalView }) {
  const { source, perSecond, errors } = traffic;
  const whose = source === "measured" ? "as measured on this service" : "which is assumed: nothing is measured yet";
  return (
    <>
      <ul className="findings">
        {findings(scenarios).map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <p className="soft small">
        {`At ${count(Math.max(1, Math.round(perSecond)))} requests a second of which ${share(errors)} fail anyway, ${whose}.`}
      </p>
    </>
  );
}

function Scenarios({ scenarios }: { readonly scenarios: readonly Scenario[] }) {
  const [errors, slower] = [stepsOf(scenarios, "errors"), stepsOf(scenarios, "slower")];
  return (
    <>
      {errors.length + slower.length > 0 && (
        <Panel title="How bad it must be to be caught">
          <div className="chances">
            <ChancePlot title="More requests fail" steps={errors} />
            <ChancePlot title="Answers take longer" steps={slower} />
          </div>
          <p className="soft small">
            The chance that the version is taken back; the lines show where it lies, 95% sure, for so many rehearsals.
          </p>
        </Panel>
      )}
      <RehearsalTable scenarios={scenarios} />
      <Once scenarios={scenarios.filter(({ once }) => once !== undefined)} />
    </>
  );
}

/** One rehearsal of a scenario, step by step. */
function Once({ scenarios }: { readonly scenarios: readonly Scenario[] }) {
  const [chosen, setChosen] = useState("");
  const scenario = scenarios.find(({ name }) => name === chosen) ?? scenarios[0];
  if (!scenario?.once) return null;
  const { once, lines } = scenario;
  return (
    <Panel title="One of them, step by step">
      <label className="field">
        <span>What happens</span>
        <select value={scenario.name} onChange={({ target }) => setChosen(target.value)}>
          {scenarios.map(({ name, about }) => (
            <option key={name} value={name}>
              {about}
            </option>
          ))}
        </select>
      </label>
      <ol className="once">
        {once.timeline.map(({ atMs, text }, index) => (
          <li key={`${index}${text}`}>
            <span className="soft number">{atMs < 1 ? "0s" : duration(ms(Math.round(atMs)))}</span>
            <span>{text}</span>
          </li>
        ))}
      </ol>
      <p>{once.why}</p>
      <p className="soft small">
        {`${count(once.canaryRequests)} of ${count(once.requests)} requests went to the new version, ${count(once.canaryFailed)} of them failed. With seed ${once.seed}: the same goes the same way, and so does `}
        <code>{`serin rehearse FILE --scenario "${lines}"`}</code>
        {`.`}
      </p>
    </Panel>
  );
}
