// Which buttons does a service or group have?
import { usePermissions, type Permissions } from "../data/session.ts";
import { HeldButton } from "../parts/held-button.tsx";
import { Icon } from "../parts/icon.tsx";
import { useAsking } from "./asking.tsx";
import type { Target, Verb } from "./verb.ts";

/** Beside the others behind "More". */
const SHOWN = 3;

interface Props<V> {
  readonly view: V;
  readonly targetOf: (view: V) => Target;
  /** All that can be asked of it, those that make sense now first. */
  readonly verbsOf: (view: V) => readonly Verb[];
}

export function Actions<V>({ view, targetOf, verbsOf }: Props<V>) {
  const { ask, said, dialog } = useAsking({ view, targetOf, verbsOf });
  const permissions = usePermissions(targetOf(view).name);
  const verbs = verbsOf(view);
  const button = (verb: Verb) => <VerbButton key={verb.label} verb={verb} permissions={permissions} onAsk={ask} />;
  return (
    <>
      <div className="actions">
        <div className="buttons">
          {verbs.slice(0, SHOWN).map(button)}
          {verbs.length > SHOWN && (
            <details className="more" name="more">
              <summary className="button">More</summary>
              <div>{verbs.slice(SHOWN).map(button)}</div>
            </details>
          )}
        </div>
        {said}
      </div>
      <NotYours verbs={verbs} permissions={permissions} />
      {dialog}
    </>
  );
}

interface ButtonProps {
  readonly verb: Verb;
  readonly permissions: Permissions;
  readonly onAsk: (verb: Verb) => void;
}

export function VerbButton({ verb, permissions, onAsk }: ButtonProps) {
  const { label, kind, not, isGrave, isFirst } = verb;
  const forbidden = permissions.forbids(kind);
  const why = forbidden === undefined ? not && `not now: ${not}` : `not for you: ${forbidden}`;
  return (
    <HeldButton
      label={label}
      why={why}
      className={`${isGrave ? "grave" : ""}${isFirst ? " first" : ""}`}
      onPress={() => onAsk(verb)}
    />
  );
}

/** In one place what no button of this person does, and who may. */
function NotYours({ verbs, permissions }: { readonly verbs: readonly Verb[]; readonly permissions: Permissions }) {
  const forbidden = verbs.map(({ label, kind }) => [permissions.forbids(kind), label] as const);
  const byWhy = Map.groupBy(forbidden, ([why]) => why);
  byWhy.delete(undefined);
  if (byWhy.size === 0) return null;
  return (
    <ul className="not-yours small soft" aria-label="What you may not do here">
      {[...byWhy].map(([why, all]) => (
        <li key={why}>
          <Icon name="person" size={13} />
          <span>{`${all.map(([, label]) => label).join(", ")}: ${why}`}</span>
        </li>
      ))}
    </ul>
  );
}
