// Is it worse, how sure is that, and what is missing?
import type { RivalView, RolloutView } from "../../api/contract.ts";
import { count, sureness } from "../../core/stats/figures.ts";
import { isScored } from "../../core/stats/kayenta/scored.ts";
import type { Verdict } from "../../core/stats/plan.ts";
import type { Report } from "../../report/model.ts";
import { finite, sure } from "../../report/quantity.ts";
import { harmed, limitsSaid } from "../../report/told.ts";
import { VERDICT } from "../data/words.ts";
import { Icon } from "../parts/icon.tsx";
import { Panel } from "../parts/panel.tsx";
import { Pill } from "../parts/sign.tsx";

export function VerdictPanel({ report, rollout }: { readonly report: Report; readonly rollout: RolloutView }) {
  const { verdict } = report;
  if (!verdict) {
    const hasNone = rollout.replaces === undefined;
    return (
      <Panel title="Verdict">
        <p className="soft">
          {hasNone
            ? "A first version has nothing to be compared with."
            : "Nothing was judged yet: no evidence was counted."}
        </p>
      </Panel>
    );
  }
  return (
    <Panel title="Verdict" beside={<Pill sign={VERDICT[verdict.kind]} />}>
      <Sureness verdict={verdict} report={report} />
      {verdict.suspended && (
        <p className="notice warn">
          <Icon name="warn" />
          <span>{`The verdict is held back: ${verdict.suspended}`}</span>
        </p>
      )}
      <Missing report={report} />
      <p className="soft small">{`${capital(harmed(report))}. ${capital(limitsSaid(report.limits))}.`}</p>
    </Panel>
  );
}

function Sureness({ verdict, report }: { readonly verdict: Verdict; readonly report: Report }) {
  if (isScored(verdict)) return <p>Judged as Kayenta does, which states no error rate.</p>;
  const isFine = verdict.kind === "no-worse";
  const from = `, from ${count(verdict.canaryRequests)} canary and ${count(verdict.baselineRequests)} stable requests`;
  const limit = 1 - Math.exp(-report.limits.worse);
  return (
    <p>
      <span className="big">{isFine ? weakest(report) : sureness(verdict.sure)}</span>
      {isFine ? " sure that it is no worse than its margins allow" : " sure that it is worse"}
      <span className="soft">{isFine ? from : `${from}; it goes back from ${sureness(limit)} on`}</span>
    </p>
  );
}

/** As sure as the least sure of the metrics that had to be shown. */
function weakest({ metrics }: Report): string {
  const logs = metrics.flatMap(({ mustShow, logGo }) => (mustShow ? [finite(logGo) ?? Infinity] : []));
  return sure(Math.min(...logs));
}

function Missing({ report }: { readonly report: Report }) {
  const missing = report.metrics.filter((metric) => metric.mustShow && !metric.noWorse && metric.missing !== undefined);
  if (missing.length === 0 || report.isOver) return null;
  return (
    <div>
      <h3>Missing until it is shown to be no worse</h3>
      <ul className="missing">
        {missing.map(({ name, missing: lacks }) => (
          <li key={name}>
            <span className="strong">{name}</span> {lacks}
          </li>
        ))}
      </ul>
    </div>
  );
}

export function Rivals({ rivals }: { readonly rivals: readonly RivalView[] }) {
  return (
    <Panel title="Further candidates">
      <ul className="rivals">
        {rivals.map(({ name, role, revision, verdict, left }) => (
          <li key={role}>
            <p>
              <span className={`role ${role}`}>{name}</span> <code className="soft">{revision}</code>{" "}
              {verdict && <Pill sign={VERDICT[verdict.kind]} />}
            </p>
            <p className={left === undefined ? "soft" : undefined}>
              {left === undefined ? (verdict?.text ?? "Nothing was seen of it yet.") : `Has left: ${left}`}
            </p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);
