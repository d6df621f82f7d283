// How does one service look among thousands?
import { Link } from "@tanstack/react-router";
import { memo } from "react";
import { shareOf } from "../../core/split.ts";
import { percent, WHOLE } from "../../core/units.ts";
import { sureness } from "../../core/stats/figures.ts";
import type { ServiceSummary } from "../../api/contract.ts";
import { HEALTH, releaseSign, VERDICT, type Release } from "../data/words.ts";
import { Icon } from "../parts/icon.tsx";
import { Mark, Pill } from "../parts/sign.tsx";

interface Props {
  readonly row: ServiceSummary;
  readonly index: number;
  readonly place: { readonly top: number; readonly height: number };
}

function release({ rollout }: ServiceSummary): Release | undefined {
  if (!rollout) return undefined;
  const { phase, outcome, paused, waiting } = rollout;
  return { phase, outcome, isPaused: paused !== undefined, waitsFor: waiting?.for };
}

/** Drawn again only when its service has changed. */
export const FleetRow = memo(
  function FleetRow({ row, index, place }: Props) {
    const { service, namespace, rollout, attention, health } = row;
    return (
      <div
        role="row"
        aria-rowindex={index + 2}
        data-index={index}
        className={`fleet-row${attention ? " attention" : ""}`}
        style={{ height: place.height, transform: `translateY(${place.top}px)` }}
      >
        <span role="cell" className="name">
          <Link to="/services/$name" params={{ name: service }} title={service}>
            {service}
          </Link>
          <span className="soft small">{rollout ? `rollout ${rollout.number}, ${rollout.strategy}` : namespace}</span>
        </span>
        <span role="cell">
          <Pill sign={releaseSign(release(row))} />
        </span>
        <span role="cell" className="where">
          <Where row={row} />
        </span>
        <span role="cell" className="share-cell">
          <ShareCell row={row} />
        </span>
        <span role="cell" className="verdict-cell">
          <VerdictCell row={row} />
        </span>
        <span role="cell">
          <Mark sign={HEALTH[health]} short />
        </span>
      </div>
    );
  },
  (a, b) => a.row === b.row && a.index === b.index && a.place.top === b.place.top && a.place.height === b.place.height,
);

function Where({ row: { attention, rollout, queued } }: { readonly row: ServiceSummary }) {
  if (attention)
    return (
      <span className="why" title={attention.text}>
        <Icon name="warn" size={14} />
        <span className="hidden">needs attention: </span>
        {attention.text}
      </span>
    );
  if (!rollout) return <span className="soft">–</span>;
  if (rollout.phase === "ended")
    return <span className="soft clip">{queued ? `${queued} waits` : (rollout.why ?? "")}</span>;
  return (
    <span className="clip" title={rollout.waiting?.text}>
      <span className="soft">{`${rollout.cursor + 1}/${rollout.steps}`}</span> {rollout.waiting?.text ?? ""}
    </span>
  );
}

function ShareCell({ row: { rollout, weights } }: { readonly row: ServiceSummary }) {
  if (!rollout || rollout.phase === "ended") return <span className="soft">–</span>;
  const share = shareOf(weights, "canary");
  return (
    <>
      <span className="bar" aria-hidden="true">
        <span className="canary" style={{ width: `${(100 * share) / WHOLE}%` }} />
      </span>
      <span className="nowrap">{percent(share)}</span>
    </>
  );
}

function VerdictCell({ row: { rollout } }: { readonly row: ServiceSummary }) {
  const verdict = rollout?.verdict;
  if (!verdict) return <span className="soft">–</span>;
  return (
    <span className="clip">
      <Mark sign={VERDICT[verdict.kind]} />
      {verdict.kind === "worse" && <span className="soft small">{` ${sureness(verdict.sure)} sure`}</span>}
    </span>
  );
}
