// How did a rehearsal go?
import { count } from "../../core/stats/figures.ts";
import type { Verdict } from "../../core/stats/plan.ts";
import { duration, ms } from "../../core/units.ts";
import type { Outcome } from "../../core/engine/state.ts";
import { releaseSign, type Sign } from "../data/words.ts";
import { Panel } from "../parts/panel.tsx";
import { Pill } from "../parts/sign.tsx";

/** As `serin rehearse --json` answers of one rehearsal. */
export interface RehearsedView {
  readonly ending: Outcome | "person" | "waiting";
  readonly why: string;
  readonly virtualMs: number;
  readonly requests: number;
  readonly canaryRequests: number;
  readonly canaryFailed: number;
  readonly lost: number;
  readonly harm: number;
  readonly seed: number;
  readonly timeline: readonly { readonly atMs: number; readonly text: string }[];
  readonly verdict?: Verdict | undefined;
  readonly answered: readonly string[];
}

function signOf(ending: RehearsedView["ending"]): Sign {
  if (ending === "person") return { word: "waits for a person", icon: "person", tone: "held" };
  if (ending === "waiting") return { word: "still waiting", icon: "clock", tone: "held" };
  return releaseSign({ phase: "ended", outcome: ending, isPaused: false });
}

export function Rehearsal({ rehearsed }: { readonly rehearsed: RehearsedView }) {
  const { ending, why, virtualMs, requests, canaryRequests, canaryFailed, harm, lost, timeline, seed } = rehearsed;
  return (
    <Panel title="Rehearsal" beside={<Pill sign={signOf(ending)} />}>
      <p className="lead">{`After ${duration(ms(virtualMs))}: ${why}`}</p>
      <dl className="facts">
        {[
          ["requests", count(requests)],
          ["of these by the new version", `${count(canaryRequests)}, ${count(canaryFailed)} failed`],
          ["failed beyond what stable would have", count(harm)],
          ["answered by nobody", count(lost)],
        ].map(([term, said]) => (
          <div key={term}>
            <dt>{term}</dt>
            <dd>{said}</dd>
          </div>
        ))}
      </dl>
      <ol className="timeline">
        {timeline.map(({ atMs, text }, index) => (
          <li key={`${index}${text}`}>
            <span className="soft number">{duration(ms(atMs))}</span> <span>{text}</span>
          </li>
        ))}
      </ol>
      <p className="soft small">{`In virtual time, with seed ${seed}: the same file and seed go the same way.`}</p>
    </Panel>
  );
}
