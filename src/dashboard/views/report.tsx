// What happened in one rollout, from its beginning to its end?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi } from "@tanstack/react-router";
import type { Report } from "../../report/model.ts";
import { brought, harmed, mostShare, took } from "../../report/told.ts";
import { reportOf } from "../../report/report.ts";
import { records, service } from "../data/queries.ts";
import { DecisionList } from "./decision-list.tsx";
import { Panel } from "../parts/panel.tsx";
import { Pill } from "../parts/sign.tsx";
import { At } from "../parts/time.tsx";
import { releaseSign } from "../data/words.ts";
import { AbTest } from "./ab-test.tsx";
import { Differences } from "./differences.tsx";
import { Metrics } from "./metrics.tsx";
import { SharePlot } from "./share-plot.tsx";

const route = getRouteApi("/services/$name/rollouts/$number");

export function ReportPage() {
  const { name, number } = route.useParams();
  const { data: view } = useQuery(service(name));
  const { data: all } = useQuery(records(name));
  if (!view || !all) return <p className="soft">Reading …</p>;
  const known = all.filter(({ rollout }) => String(rollout) === number);
  if (known.length === 0) return <p className="empty">{`Nothing is known of rollout ${number} of ${name}.`}</p>;
  const report = reportOf(known, view);
  const found = known.findLast(({ comparison }) => comparison)?.comparison;
  const test = known.findLast((record) => record.test)?.test;
  return (
    <div className="stack">
      <Summary report={report} />
      {test && <AbTest reading={test} />}
      {found && <Differences comparison={found} />}
      <Panel title="Traffic">
        <SharePlot report={report} />
      </Panel>
      <Metrics report={report} />
      <Panel title="Decisions">
        <DecisionList records={known} />
      </Panel>
    </div>
  );
}

function Summary({ report }: { readonly report: Report }) {
  const { state, startedMs, decidedBy, headline } = report;
  const outcome = state === "going-back" || state === "under-way" ? undefined : state;
  const phase = outcome ? "ended" : state === "going-back" ? "back" : "forward";
  return (
    <Panel title={`Report of ${report.name}`} beside={<Pill sign={releaseSign({ phase, outcome, isPaused: false })} />}>
      <p className="lead">{headline}.</p>
      <p>{`Brought ${brought(report)}.`}</p>
      <dl className="facts">
        <Fact name="started">
          <At atMs={startedMs} />
        </Fact>
        <Fact name="took">{took(report)}</Fact>
        <Fact name="decided by">{decidedBy}</Fact>
        <Fact name="the canary’s largest share">{mostShare(report)}</Fact>
        <Fact name="what users met">{harmed(report)}</Fact>
      </dl>
      <Downloads report={report} />
    </Panel>
  );
}

const FORMS = [
  ["html", "html", "Page"],
  ["markdown", "md", "Markdown"],
  ["json", "json", "JSON"],
] as const;

/** The controller writes them, as it does for everybody who asks by the API. */
function Downloads({ report: { service: of, name } }: { readonly report: Report }) {
  const number = name.slice(of.length + 1);
  const at = `/v1/services/${encodeURIComponent(of)}/rollouts/${number}/report`;
  return (
    <p className="buttons downloads">
      <a className="button" href={`${at}?format=html`} target="_blank" rel="noreferrer">
        Open as a page
      </a>
      <span className="soft">Download:</span>
      {FORMS.map(([form, ending, word]) => (
        <a key={form} className="button" href={`${at}?format=${form}`} download={`${of}-${number}.${ending}`}>
          {word}
        </a>
      ))}
    </p>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: React.ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
