// Which steps are there, and where is it?
import type { RolloutView } from "../../api/contract.ts";
import { duration, ms } from "../../core/units.ts";
import { Icon } from "../parts/icon.tsx";
import { Panel } from "../parts/panel.tsx";
import { useNow } from "../parts/time.tsx";

type At = "done" | "now" | "failed" | "ahead";

function atOf({ cursor, phase, outcome }: RolloutView, index: number): At {
  if (index < cursor || outcome === "promoted") return "done";
  if (index > cursor) return "ahead";
  if (phase === "forward") return "now";
  return outcome === "concluded" ? "done" : "failed";
}

const SAID: Readonly<Record<At, string>> = { done: "done: ", now: "under way: ", failed: "left: ", ahead: "" };

export function Steps({ rollout }: { readonly rollout: RolloutView }) {
  const { steps, cursor, strategy } = rollout;
  const now = Math.min(cursor + 1, steps.length);
  return (
    <Panel title="Steps" beside={<span className="soft">{`${strategy}, ${now} of ${steps.length}`}</span>}>
      <ol className="steps">
        {steps.map((step, index) => {
          const at = atOf(rollout, index);
          return (
            <li key={`${index}${step}`} className={at} aria-current={at === "now" ? "step" : undefined}>
              <span className="step-mark" aria-hidden="true">
                {at === "done" ? (
                  <Icon name="check" size={14} />
                ) : at === "failed" ? (
                  <Icon name="back" size={14} />
                ) : (
                  index + 1
                )}
              </span>
              <span>
                <span className="hidden">{SAID[at]}</span>
                {step}
                {at === "now" && <Since sinceMs={rollout.stepSinceMs} />}
              </span>
            </li>
          );
        })}
      </ol>
    </Panel>
  );
}

function Since({ sinceMs }: { readonly sinceMs: number }) {
  return <span className="soft">{` for ${duration(ms(Math.max(0, useNow() - sinceMs)))}`}</span>;
}
