// What would become of this release or façade, if one of its members were worse, and what had the others done by then?
import type { GroupRehearsalView } from "../../api/contract.ts";
import { count, share } from "../../core/stats/figures.ts";
import { useHas } from "../data/calls.ts";
import { findings, outOf, pairOf } from "../data/rehearsal-words.ts";
import { useRehearsal } from "../data/rehearsing.ts";
import { Panel } from "../parts/panel.tsx";
import { isFacade, MEMBER } from "./group-words.ts";
import { Once, RehearsalPanel, useChosen } from "./rehearsal-parts.tsx";
import { pair, RehearsalTable, time } from "./rehearsal-table.tsx";

type Scenario = GroupRehearsalView["scenarios"][number];
type Fate = Scenario["members"][number];

interface Props {
  readonly file: { readonly text: string; readonly origin: string };
}

export function GroupRehearsal({ file }: Props) {
  const play = useRehearsal(file, ({ group }) => group);
  if (!useHas("/v1/rehearse")) return null;
  const { rehearsal } = play;
  return (
    <div className="stack rehearsal">
      <RehearsalPanel play={play}>
        <p className="soft">
          The controller plays these services together in virtual time: all are good, or one of them is worse while the
          others are good, or everything has a bad time. Nothing is run, and no request is touched.
        </p>
        {rehearsal && (
          <>
            <ul className="findings">
              {findings(rehearsal.scenarios, wordsOf(rehearsal).all).map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
            <p className="soft small">{trafficText(rehearsal)}</p>
          </>
        )}
      </RehearsalPanel>
      {rehearsal && (
        <>
          <RehearsalTable scenarios={rehearsal.scenarios} who={`One ${wordsOf(rehearsal).one}`} />
          <Members words={wordsOf(rehearsal)} scenarios={rehearsal.scenarios.filter(({ runs }) => runs > 0)} />
          <Once scenarios={rehearsal.scenarios} to="new versions" />
        </>
      )}
    </div>
  );
}

function trafficText({ members }: GroupRehearsalView): string {
  const each = members.map(({ service, perSecond, source }) => {
    const whose = source === "measured" ? "measured" : "assumed";
    return `${service} ${count(Math.max(1, Math.round(perSecond)))} (${whose})`;
  });
  return `Requests a second: ${each.join(", ")}.`;
}

interface Words {
  readonly all: string;
  readonly one: string;
  readonly order: string;
}

const wordsOf = (rehearsal: GroupRehearsalView): Words =>
  isFacade(rehearsal)
    ? { all: "route", one: "route", order: "place" }
    : { all: "release", one: "member", order: "wave" };

const HEADS = [
  ["when one was worse", ""],
  ["its share then", "number"],
  ["in the end", ""],
  ["requests to the new version", "number"],
  ["failed beyond stable’s", "number"],
] as const;

/** How far each member was when one was found to be worse, and in the end. */
function Members({ scenarios, words }: { readonly scenarios: readonly Scenario[]; readonly words: Words }) {
  const [scenario, choice] = useChosen(scenarios);
  if (!scenario) return null;
  return (
    <Panel title={`What each ${words.one} had done by then`}>
      {choice}
      <p>{turningText(scenario, words)}</p>
      <div className="scroll" role="region" aria-label={`What each ${words.one} had done by then`} tabIndex={0}>
        <table className="scenarios">
          <thead>
            <tr>
              {([[words.one, ""], [words.order, "number"], ...HEADS] as const).map(([head, kind]) => (
                <th scope="col" key={head} className={kind}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {scenario.members.map((fate) => (
              <Member key={fate.service} fate={fate} />
            ))}
          </tbody>
        </table>
      </div>
      <p className="soft small">Figures are the median, and what 95% of the rehearsals do not exceed.</p>
    </Panel>
  );
}

function turningText({ turnings, runs }: Scenario, { one: member, order }: Words): string {
  if (!turnings) return `No ${member} was found to be worse in any of them.`;
  const waves = turnings.waves.map((one) => `${order} ${one.wave} in ${outOf(one.runs, turnings.runs)}`).join(", ");
  return `A ${member} was found to be worse in ${outOf(turnings.runs, runs)}, after ${pair(pairOf(turnings.timeMs), time)}: ${waves}.`;
}

function Member({ fate }: { readonly fate: Fate }) {
  const { service, wave, atTurning, share: shares, atEnd, canaryRequests, harm } = fate;
  return (
    <tr>
      <th scope="row">{service}</th>
      <td className="number">{wave}</td>
      <td>{standings(atTurning)}</td>
      <td className="number">{shares.length === 0 ? "–" : pair(pairOf(shares), share)}</td>
      <td>{standings(atEnd)}</td>
      <td className="number">{pair(pairOf(canaryRequests), count)}</td>
      <td className="number">{pair(pairOf(harm), count)}</td>
    </tr>
  );
}

function standings(counts: Fate["atEnd"]): string {
  const [first, ...others] = counts;
  if (!first) return "–";
  if (others.length === 0) return MEMBER[first.at].word;
  return counts.map(({ at, runs }) => `${MEMBER[at].word} (${count(runs)})`).join(", ");
}
