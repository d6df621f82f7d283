// How is the rollout doing, at a glance?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { records, service } from "../data/queries.ts";
import { liveReport } from "../data/report.ts";
import { Panel } from "../parts/panel.tsx";
import { AbTest } from "./ab-test.tsx";
import { DecisionList } from "./decision-list.tsx";
import { Differences } from "./differences.tsx";
import { Metrics } from "./metrics.tsx";
import { PoolList } from "./pool-list.tsx";
import { Steps } from "./steps.tsx";
import { Traffic } from "./traffic.tsx";
import { Rivals, VerdictPanel } from "./verdict.tsx";

const route = getRouteApi("/services/$name");

/** Decisions that are shown here; all of them have a page of their own. */
const LAST = 6;

export function Overview() {
  const { name } = route.useParams();
  const { data: view } = useQuery(service(name));
  const { data: known } = useQuery(records(name));
  if (!view) return null;
  const { rollout } = view;
  const report = liveReport(view, known);
  const all = (known ?? view.recent).filter((record) => record.rollout === rollout?.number);
  const found = rollout?.comparison ?? all.findLast(({ comparison }) => comparison)?.comparison;
  const test = rollout?.test ?? all.findLast((record) => record.test)?.test;
  return (
    <div className="overview">
      <div className="main-column">
        <Traffic view={view} report={report} />
        {test && <AbTest reading={test} />}
        {found && <Differences comparison={found} />}
        {report && rollout && <VerdictPanel report={report} rollout={rollout} />}
        {rollout?.rivals && <Rivals rivals={rollout.rivals} />}
        {report && <Metrics report={report} />}
      </div>
      <div className="side-column">
        {rollout && <Steps rollout={rollout} />}
        <Panel
          title="Replicas"
          beside={
            <Link to="/services/$name/replicas" params={{ name }}>
              More
            </Link>
          }
        >
          <PoolList pools={view.pools} />
        </Panel>
        <Panel
          title="Last decisions"
          beside={
            <Link to="/services/$name/decisions" params={{ name }}>
              All
            </Link>
          }
        >
          <DecisionList records={all.slice(-LAST).toReversed()} />
        </Panel>
      </div>
    </div>
  );
}
