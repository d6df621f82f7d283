// What became of the version in each scenario, how soon, and at what cost?
import { count, share } from "../../core/stats/figures.ts";
import { duration, ms } from "../../core/units.ts";
import { judged, outOf, usualEnd, type AnyScenario } from "../data/rehearsal-words.ts";
import { Icon } from "../parts/icon.tsx";
import { Panel } from "../parts/panel.tsx";

const GROUPS = { bad: "worse", good: "no worse", nobody: "" } as const;

const FAULTS = ["bad", "good", "nobody"] as const;

const HEADS = ["what happens", "what becomes of it", "taken back, 95%", "over after", "failed beyond stable’s"];

interface Props {
  readonly scenarios: readonly AnyScenario[];
  /** Who is worse, or no worse, in them. */
  readonly who?: string;
}

export function RehearsalTable({ scenarios, who = "The new version" }: Props) {
  return (
    <Panel title="Scenario by scenario">
      <ul className="legend">
        {FATES.map(([fate, word]) => (
          <li key={fate}>
            <svg width="14" height="10" aria-hidden="true" focusable="false">
              <rect className={`fate ${fate}`} width="14" height="10" />
            </svg>
            {word}
          </li>
        ))}
      </ul>
      <div className="scroll" role="region" aria-label="What became of each scenario" tabIndex={0}>
        <table className="scenarios">
          <thead>
            <tr>
              {HEADS.map((head, index) => (
                <th scope="col" key={head} className={index >= 2 ? "number" : ""}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          {FAULTS.map((fault) => (
            <tbody key={fault}>
              <tr>
                <th scope="rowgroup" colSpan={HEADS.length} className="group">
                  {GROUPS[fault] === "" ? "Everything has a bad time:" : `${who} is ${GROUPS[fault]}:`}
                </th>
              </tr>
              {scenarios
                .filter((scenario) => scenario.fault === fault)
                .map((scenario) => (
                  <Row key={scenario.name} scenario={scenario} />
                ))}
            </tbody>
          ))}
        </table>
      </div>
      <p className="soft small">
        Times and failed requests are those of the most frequent ending: in the median, and in 95% of the rehearsals at
        most.
      </p>
    </Panel>
  );
}

function Row({ scenario }: { readonly scenario: AnyScenario }) {
  const { about, fates, failed, runs } = scenario;
  const sign = judged(scenario);
  const end = usualEnd(scenario);
  return (
    <tr>
      <th scope="row">
        {about}
        {sign && (
          <span className={`judged ${sign.icon}`}>
            <Icon name={sign.icon} size={14} /> {sign.word}
          </span>
        )}
      </th>
      <td>
        {fates && <Bar fates={fates} />}
        <span className="small">{fates ? said(fates, runs) : (failed ?? <span className="soft">to come …</span>)}</span>
      </td>
      <td className="number">{fates ? `${share(fates.back.interval[0])} to ${share(fates.back.interval[1])}` : "–"}</td>
      <td className="number">{end ? pair(end.timeMs, time) : "–"}</td>
      <td className="number">{end ? pair(end.harm, count) : "–"}</td>
    </tr>
  );
}

export const time = (value: number): string => duration(ms(Math.max(1, Math.round(value / 100) * 100)));

export const pair = ([median, most]: readonly [number, number], write: (value: number) => string): string =>
  median === most ? write(median) : `${write(median)}, ${write(most)}`;

type Fates = NonNullable<AnyScenario["fates"]>;

const FATES = [
  ["back", "taken back"],
  ["held", "held for a person"],
  ["through", "let through"],
] as const;

function said(fates: Fates, runs: number): string {
  const came = FATES.filter(([fate]) => fates[fate].runs > 0);
  return came.map(([fate, word]) => `${outOf(fates[fate].runs, runs)} ${word}`).join(", ");
}

const WIDTH = 160;

/** The words beside it say the same. */
function Bar({ fates }: { readonly fates: Fates }) {
  const [back, held] = [WIDTH * fates.back.share, WIDTH * fates.held.share];
  const from = { back: 0, held: back, through: back + held };
  return (
    <svg className="fates" viewBox={`0 0 ${WIDTH} 10`} aria-hidden="true" focusable="false">
      {FATES.map(([fate]) => (
        <rect key={fate} className={`fate ${fate}`} x={from[fate]} width={WIDTH * fates[fate].share} height="10" />
      ))}
    </svg>
  );
}
