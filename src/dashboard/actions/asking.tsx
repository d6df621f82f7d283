// How does a button come to be asked about, and where is told what came of it?
import { useState, type ReactNode } from "react";
import { Icon } from "../parts/icon.tsx";
import { VerbDialog } from "./verb-dialog.tsx";
import type { Target, Verb } from "./verb.ts";

interface Asking {
  readonly ask: (verb: Verb) => void;
  /** What came of the last one. */
  readonly said: ReactNode;
  /** Open while a person is asked. */
  readonly dialog: ReactNode;
}

interface Props<V> {
  readonly view: V;
  readonly targetOf: (view: V) => Target;
  readonly verbsOf: (view: V) => readonly Verb[];
}

/** One question at a time, whatever has become of its button meanwhile. */
export function useAsking<V>({ view, targetOf, verbsOf }: Props<V>): Asking {
  const [asked, setAsked] = useState<string>();
  const [said, setSaid] = useState<string>();
  return {
    ask: ({ label }) => {
      setSaid(undefined);
      setAsked(label);
    },
    said: (
      <p role="status" className="said">
        {said && (
          <>
            <Icon name="check" /> {said}
          </>
        )}
      </p>
    ),
    dialog: asked !== undefined && (
      <VerbDialog
        find={(now: V) => verbsOf(now).find(({ label }) => label === asked)}
        view={view}
        targetOf={targetOf}
        onDone={(text) => {
          setAsked(undefined);
          setSaid(text);
        }}
      />
    ),
  };
}
