// What would become of this rollout, if the new version were good, or bad, or everything had a bad time?
import type { RehearsalView } from "../../api/contract.ts";
import { count, share } from "../../core/stats/figures.ts";
import { useHas } from "../data/calls.ts";
import { findings, stepsOf, type Scenario } from "../data/rehearsal-words.ts";
import { useRehearsal } from "../data/rehearsing.ts";
import { Panel } from "../parts/panel.tsx";
import { ChancePlot } from "./chance-plot.tsx";
import { Once, RehearsalPanel } from "./rehearsal-parts.tsx";
import { RehearsalTable } from "./rehearsal-table.tsx";

interface Props {
  readonly file: { readonly text: string; readonly origin: string };
}

export function Rehearsal({ file }: Props) {
  const play = useRehearsal(file, ({ rehearsal }) => rehearsal);
  if (!useHas("/v1/rehearse")) return null;
  const { rehearsal } = play;
  return (
    <div className="stack rehearsal">
      <RehearsalPanel play={play}>
        <p className="soft">
          The controller plays this file in virtual time, with a new version that is good, bad in several ways, or
          blameless while everything has a bad time. Nothing is run, and no request is touched.
        </p>
        {rehearsal && <Findings rehearsal={rehearsal} />}
      </RehearsalPanel>
      {rehearsal && <Scenarios scenarios={rehearsal.scenarios} />}
    </div>
  );
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
      <Once scenarios={scenarios} to="the new version" />
    </>
  );
}
