// Who gets how much of the traffic: wanted, reported and measured?
import type { ServiceView } from "../../api/contract.ts";
import { conditionsText, isForUsers } from "../../core/match.ts";
import { ROLES, shareOf, type Role } from "../../core/split.ts";
import { count } from "../../core/stats/figures.ts";
import { duration, ms, percent, WHOLE } from "../../core/units.ts";
import type { Report } from "../../report/model.ts";
import { Panel } from "../parts/panel.tsx";
import { SharePlot } from "./share-plot.tsx";

interface Props {
  readonly view: ServiceView;
  readonly report: Report | undefined;
}

export function Traffic({ view, report }: Props) {
  const { measured } = view;
  const beside = measured && (
    <span className="soft">{`${count(measured.requests)} requests in ${duration(ms(measured.windowMs))}`}</span>
  );
  return (
    <Panel title="Traffic" beside={beside}>
      <SplitBar view={view} />
      <Shares view={view} />
      <Rules view={view} />
      {report && <SharePlot report={report} />}
    </Panel>
  );
}

function rolesOf({ wanted, reported, measured }: ServiceView): readonly Role[] {
  const has = (role: Role): boolean =>
    shareOf(wanted, role) > 0 || shareOf(reported ?? {}, role) > 0 || (measured?.shares[role] ?? 0) > 0;
  return ROLES.filter((role) => has(role) || role === "stable");
}

function SplitBar({ view }: { readonly view: ServiceView }) {
  const roles = rolesOf(view);
  const said = roles.map((role) => `${role} ${percent(shareOf(view.wanted, role))}`).join(", ");
  return (
    <div className="split-bar" role="img" aria-label={`Wanted: ${said}`}>
      {roles.map((role) => (
        <span key={role} className={role} style={{ width: `${(100 * shareOf(view.wanted, role)) / WHOLE}%` }} />
      ))}
    </div>
  );
}

/** Measured shares that chance alone does not bring. */
function isOff(share: number, wanted: number, requests: number): boolean {
  const spread = Math.sqrt((wanted * (1 - wanted)) / Math.max(1, requests));
  return requests > 100 && Math.abs(share - wanted) > Math.max(0.01, 5 * spread);
}

function Shares({ view }: { readonly view: ServiceView }) {
  const { wanted, reported, measured } = view;
  return (
    <table className="shares">
      <thead>
        <tr>
          <th scope="col">who answers</th>
          <th scope="col" className="number">
            wanted
          </th>
          <th scope="col" className="number">
            router says
          </th>
          <th scope="col" className="number">
            measured
          </th>
        </tr>
      </thead>
      <tbody>
        {rolesOf(view).map((role) => {
          const share = measured?.shares[role];
          const off = share !== undefined && isOff(share, shareOf(wanted, role) / WHOLE, measured?.requests ?? 0);
          return (
            <tr key={role}>
              <th scope="row">
                <span className={`role ${role}`}>{role}</span>
              </th>
              <td className="number">{percent(shareOf(wanted, role))}</td>
              <td className="number">{reported ? percent(shareOf(reported, role)) : "cannot be read"}</td>
              <td className={`number${off ? " off" : ""}`}>
                {share === undefined ? "–" : `${(share * 100).toFixed(1)}%`}
                {off && <span className="hidden"> (not as wanted)</span>}
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Rules({ view }: { readonly view: ServiceView }) {
  const { matches = [], mirror, sticky } = view.split;
  const said = [
    ...matches.map((rule) => {
      const who = isForUsers(rule) ? `Requests with ${conditionsText(rule.when)}` : "Requests at the preview address";
      return `${who} go to ${rule.to}.`;
    }),
    ...(mirror
      ? [
          `${percent(mirror.share)} of the requests are copied to ${mirror.to.join(" and ")}; nobody gets their answers.`,
        ]
      : []),
    ...(sticky ? [`Users stay with who answered them first, by ${sticky.key.kind} ${sticky.key.name}.`] : []),
  ];
  if (said.length === 0) return null;
  return (
    <ul className="rules soft">
      {said.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
