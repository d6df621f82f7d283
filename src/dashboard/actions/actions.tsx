// Which buttons does a service have, and what came of the last one?
import { useState } from "react";
import type { ServiceView } from "../../api/contract.ts";
import { Icon } from "../parts/icon.tsx";
import { VerbDialog } from "./verb-dialog.tsx";
import { verbsOf, type Verb } from "./verbs.ts";

/** Beside the others behind "More". */
const SHOWN = 3;

export function Actions({ view }: { readonly view: ServiceView }) {
  const [asked, setAsked] = useState<string>();
  const [said, setSaid] = useState<string>();
  const verbs = verbsOf(view);
  const find = (now: ServiceView): Verb | undefined => verbsOf(now).find(({ label }) => label === asked);
  const ask = (verb: Verb): void => {
    setSaid(undefined);
    setAsked(verb.label);
  };
  return (
    <div className="actions">
      <div className="buttons">
        {verbs.slice(0, SHOWN).map((verb) => (
          <VerbButton key={verb.label} verb={verb} onAsk={ask} />
        ))}
        {verbs.length > SHOWN && (
          <details className="more" name="more">
            <summary className="button">More</summary>
            <div>
              {verbs.slice(SHOWN).map((verb) => (
                <VerbButton key={verb.label} verb={verb} onAsk={ask} />
              ))}
            </div>
          </details>
        )}
      </div>
      <p role="status" className="said">
        {said && (
          <>
            <Icon name="check" /> {said}
          </>
        )}
      </p>
      {asked !== undefined && (
        <VerbDialog
          find={find}
          view={view}
          onDone={(text) => {
            setAsked(undefined);
            setSaid(text);
          }}
        />
      )}
    </div>
  );
}

function VerbButton({ verb, onAsk }: { readonly verb: Verb; readonly onAsk: (verb: Verb) => void }) {
  const { label, not, isGrave } = verb;
  return (
    <button
      type="button"
      className={`button${isGrave ? " grave" : ""}`}
      disabled={not !== undefined}
      title={not === undefined ? undefined : `Not now: ${not}`}
      onClick={() => onAsk(verb)}
    >
      {label}
    </button>
  );
}
