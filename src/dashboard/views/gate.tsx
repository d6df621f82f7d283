// What is asked at a gate, by whom may it be answered, and who has?
import type { ServiceView } from "../../api/contract.ts";
import { VerbButton } from "../actions/actions.tsx";
import { useAsking } from "../actions/asking.tsx";
import { gateVerbs, missingAt, whyNotYou } from "../actions/gate-verbs.ts";
import { targetOf } from "../actions/verbs.ts";
import { usePermissions, useSession } from "../data/session.ts";
import { Panel } from "../parts/panel.tsx";
import { Pill } from "../parts/sign.tsx";
import { Ago } from "../parts/time.tsx";

type Rollout = NonNullable<ServiceView["rollout"]>;
type Gate = NonNullable<Rollout["gate"]>;

/** Stays while what came of an answer is told. */
export function GatePanel({ view }: { readonly view: ServiceView }) {
  const { actor } = useSession();
  const permissions = usePermissions(view.service);
  const verbsOf = (now: ServiceView) => gateVerbs(now, actor);
  const { ask, said, dialog } = useAsking({ view, targetOf, verbsOf });
  const { rollout } = view;
  return (
    <>
      {rollout?.gate && (
        <Panel
          title={question(rollout.gate.what)}
          className="gate"
          beside={<Pill sign={{ word: "waits for approval", icon: "person", tone: "held" }} />}
        >
          <GateFacts rollout={rollout} gate={rollout.gate} holders={permissions.holders("promote")} />
          <Yours gate={rollout.gate} actor={actor} />
          <div className="buttons">
            {verbsOf(view).map((verb) => (
              <VerbButton key={verb.label} verb={verb} permissions={permissions} onAsk={ask} />
            ))}
          </div>
        </Panel>
      )}
      {said}
      {dialog}
    </>
  );
}

interface FactsProps {
  readonly rollout: Rollout;
  readonly gate: Gate;
  readonly holders: readonly string[];
}

function GateFacts({ rollout, gate, holders }: FactsProps) {
  const { needed, approvals, startedBy } = gate;
  const { cursor, steps, stepSinceMs } = rollout;
  const missing = missingAt(gate);
  return (
    <dl className="facts gate-facts">
      <div>
        <dt>asked</dt>
        <dd>
          {`step ${cursor + 1} of ${steps.length}, `}
          <Ago atMs={stepSinceMs} />
        </dd>
      </div>
      <div>
        <dt>approvals</dt>
        <dd>{needed === undefined ? "one is enough" : `${approvals.length} of ${needed}; ${missing} missing`}</dd>
      </div>
      {approvals.length > 0 && (
        <div>
          <dt>approved by</dt>
          <dd>{approvals.join(", ")}</dd>
        </div>
      )}
      {startedBy !== undefined && (
        <div>
          <dt>started by</dt>
          <dd>{needed === undefined ? startedBy : `${startedBy}, who cannot approve it`}</dd>
        </div>
      )}
      {holders.length > 0 && (
        <div>
          <dt>may approve</dt>
          <dd>{holders.join(", ")}</dd>
        </div>
      )}
    </dl>
  );
}

/** Why the buttons are as they are, for this person. */
function Yours({ gate, actor }: { readonly gate: Gate; readonly actor: string }) {
  const why = whyNotYou(gate, actor);
  if (why === undefined) return null;
  return <p className="strong">{`${why.slice(0, 1).toUpperCase()}${why.slice(1)}.`}</p>;
}

/** `shall everybody get it?` as a title. */
const question = (what: string): string =>
  `${what.slice(0, 1).toUpperCase()}${what.slice(1)}${/[.?!]$/u.test(what) ? "" : "?"}`;
