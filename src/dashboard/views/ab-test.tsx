// What does the A/B test say?
import type { TestReading } from "../../core/engine/state.ts";
import { rateOf } from "../../core/stats/ab/arms.ts";
import { count, share } from "../../core/stats/figures.ts";
import type { Sign } from "../data/words.ts";
import { Panel } from "../parts/panel.tsx";
import { Pill } from "../parts/sign.tsx";

function signOf({ report: { decision, plan } }: TestReading): Sign {
  if (decision.kind === "better")
    return { word: `${plan.names[decision.which]} is better`, icon: "check", tone: "good" };
  if (decision.kind === "no-difference") return { word: "no difference", icon: "scales", tone: "held" };
  if (decision.kind === "split-off") return { word: "the split is off", icon: "warn", tone: "back" };
  return { word: "undecided", icon: "scales", tone: "way" };
}

export function AbTest({ reading }: { readonly reading: TestReading }) {
  const { report, text } = reading;
  const { plan, total, fixed } = report;
  const missing = fixed?.kind === "locked" ? fixed.missing : undefined;
  return (
    <Panel title="A/B test" beside={<Pill sign={signOf(reading)} />}>
      <p className="lead">{text}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">variant</th>
            <th scope="col" className="number">
              users
            </th>
            <th scope="col" className="number">
              converted
            </th>
            <th scope="col" className="number">
              rate
            </th>
            {missing && (
              <th scope="col" className="number">
                users missing
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {(["control", "treatment"] as const).map((which) => {
            const rate = rateOf(total[which]);
            return (
              <tr key={which}>
                <th scope="row">
                  <span className={`role ${which === "control" ? "stable" : "canary"}`}>{plan.names[which]}</span>
                </th>
                <td className="number">{count(total[which].users)}</td>
                <td className="number">{count(total[which].converted)}</td>
                <td className="number">{rate === undefined ? "–" : share(rate)}</td>
                {missing && <td className="number">{count(missing[which])}</td>}
              </tr>
            );
          })}
        </tbody>
      </table>
      <p className="soft small">
        {`A difference is found where there is none in at most ${share(plan.alpha)} of such tests${plan.sample ? "; it is read once, at the planned sample" : ", however often one looks"}.`}
      </p>
    </Panel>
  );
}
