// What would a rollout do, and what could it show?
import type { PlanView as Plan } from "../../api/contract.ts";
import { Panel } from "../parts/panel.tsx";

export function PlanView({ plan }: { readonly plan: Plan }) {
  const { text, forecast, strategy, service } = plan;
  return (
    <>
      <PlanText title={`Plan of ${service} (${strategy})`} text={text} />
      {forecast ? (
        <Panel title="What it can detect">
          <p>{forecast.traffic}</p>
          <Rows rows={forecast.steps} caption="Caught with 90% probability by the end of each step that compares" />
          <Rows
            rows={forecast.bad}
            caption="What becomes of a bad version, and how many requests fail until it is off"
          />
          {[...forecast.good, ...forecast.unforecast].map((line) => (
            <p key={line}>{line}</p>
          ))}
          {forecast.advice.map((line) => (
            <p key={line} className="notice">
              <span aria-hidden="true">→</span> <span>{line}</span>
            </p>
          ))}
        </Panel>
      ) : (
        <p className="soft">
          What it can detect depends on the traffic, which is measured once the service has served for a minute.
        </p>
      )}
    </>
  );
}

/** A plan in lines, as a terminal shows it. */
export function PlanText({ title, text }: { readonly title: string; readonly text: readonly string[] }) {
  return (
    <Panel title={title}>
      <pre className="plan-text" tabIndex={0} aria-label={title}>
        {text.join("\n")}
      </pre>
    </Panel>
  );
}

function Rows({ rows, caption }: { readonly rows: readonly (readonly string[])[]; readonly caption: string }) {
  const [head, ...rest] = rows;
  if (!head || rest.length === 0) return null;
  return (
    <div className="scroll" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption>{caption}</caption>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th scope="col" key={`${index}${cell}`}>
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rest.map((row) => (
            <tr key={row.join("|")}>
              {row.map((cell, index) => (
                <td key={`${index}${cell}`}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
