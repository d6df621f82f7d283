// What was decided, when, why and by whom?
import type { DecisionRecord } from "../../core/engine/state.ts";
import { decisionSign } from "../data/words.ts";
import { Icon } from "../parts/icon.tsx";
import { At } from "../parts/time.tsx";

export function DecisionList({ records }: { readonly records: readonly DecisionRecord[] }) {
  if (records.length === 0) return <p className="soft">Nothing was decided yet.</p>;
  return (
    <ol className="decisions">
      {records.map((record, index) => {
        const { atMs, version, text, actor, reason, run } = record;
        const sign = decisionSign(record);
        return (
          <li key={`${version}-${index}-${text}`} className={sign.tone}>
            <span className="decision-mark">
              <Icon name={sign.icon} size={14} />
            </span>
            <div>
              <p className="small soft">
                <At atMs={atMs} /> · {sign.word}
              </p>
              <p className="decision-text">{text}</p>
              {actor && (
                <p className="soft">
                  by {actor}
                  {reason ? `: ${reason}` : ""}
                </p>
              )}
              {run && run.output.trim() !== "" && (
                <details>
                  <summary>{`What ${run.name} answered`}</summary>
                  <pre tabIndex={0}>{run.output}</pre>
                </details>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}
