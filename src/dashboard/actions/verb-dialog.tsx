// How does a person confirm what shall happen, and why?
import { useState, type FormEvent } from "react";
import { Refused } from "../data/http.ts";
import { useSession } from "../data/session.ts";
import { timeText } from "../data/words.ts";
import { Dialog } from "../parts/dialog.tsx";
import { TroubleBox } from "../parts/trouble.tsx";
import { ReasonField } from "./reason-field.tsx";
import { carryOut, type Target, type Verb } from "./verb.ts";

interface Props<V> {
  /** What was chosen, as it is with a view. */
  readonly find: (view: V) => Verb | undefined;
  readonly view: V;
  readonly targetOf: (view: V) => Target;
  readonly onDone: (said: string | undefined) => void;
}

/** What was seen when it was opened is what is decided on, whatever the page shows by now. */
export function VerbDialog<V>({ find, view, targetOf, onDone }: Props<V>) {
  const [seen, setSeen] = useState(view);
  const target = targetOf(seen);
  const [reason, setReason] = useState("");
  const [replicas, setReplicas] = useState(String(target.replicas ?? 1));
  const [isBusy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>();
  const { actor } = useSession();
  const verb = find(seen);
  const act = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (!verb) return;
    setBusy(true);
    setRefused(undefined);
    try {
      onDone(
        await carryOut(decidedOn(verb, target, targetOf(view)), verb, {
          reason: reason.trim(),
          actor,
          replicas: Number(replicas),
        }),
      );
    } catch (error) {
      setRefused(error);
      setBusy(false);
    }
  };
  const isStale = refused instanceof Refused && refused.trouble.code === "SERIN_STALE";
  const lookAgain = (): void => {
    setSeen(view);
    setRefused(undefined);
  };
  return (
    <Dialog title={titleOf(verb, target)} onClose={() => onDone(undefined)}>
      <form className="dialog-form" onSubmit={(event) => void act(event)}>
        <ul className="does" aria-label="What will happen">
          {does(verb).map((line) => (
            <li key={line}>{line}</li>
          ))}
        </ul>
        {verb?.kind === "scale" && <Replicas replicas={replicas} onChange={setReplicas} />}
        <ReasonField actor={actor} reason={reason} onChange={setReason} />
        {refused !== undefined && <TroubleBox error={refused} />}
        {isStale && <Changes refused={refused} />}
        <div className="dialog-end">
          <button type="button" className="button" onClick={() => onDone(undefined)}>
            Leave as it is
          </button>
          {isStale ? (
            <button key="again" type="button" className="button first" onClick={lookAgain}>
              Look again
            </button>
          ) : (
            <button
              key="act"
              type="submit"
              className={`button first${verb?.isGrave ? " grave" : ""}`}
              disabled={isBusy || !verb || verb.not !== undefined}
            >
              {isBusy ? "Asking …" : (verb?.label ?? "Nothing to do")}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

/** Whoever wants the same rollout back wants it back, whatever else was decided meanwhile. */
function decidedOn({ kind }: Verb, seen: Target, now: Target): Target {
  return kind === "abort" && seen.number === now.number ? { ...seen, version: undefined } : seen;
}

function titleOf(verb: Verb | undefined, { name, number }: Target): string {
  if (!verb) return "Nothing to do";
  return `${verb.label}: ${number === undefined ? name : `${name}/${number}`}`;
}

function does(verb: Verb | undefined): readonly string[] {
  if (!verb) return ["What was chosen makes no sense any more: things have gone on meanwhile."];
  return verb.not === undefined ? verb.does : [`It cannot be done now: ${verb.not}.`];
}

function Replicas({
  replicas,
  onChange,
}: {
  readonly replicas: string;
  readonly onChange: (replicas: string) => void;
}) {
  return (
    <label className="field">
      <span>Replicas</span>
      <input
        type="number"
        min={1}
        max={1000}
        required
        value={replicas}
        onChange={({ target }) => onChange(target.value)}
      />
    </label>
  );
}

function Changes({ refused }: { readonly refused: Refused }) {
  if (refused.changes.length === 0) return null;
  return (
    <div>
      <p className="strong">Decided since you looked</p>
      <ul className="changes">
        {refused.changes.map(({ atMs, text }) => (
          <li key={`${atMs}${text}`}>
            <time dateTime={new Date(atMs).toISOString()}>{timeText(atMs)}</time> {text}
          </li>
        ))}
      </ul>
    </div>
  );
}
