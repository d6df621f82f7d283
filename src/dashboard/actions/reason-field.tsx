// Why does a person want it?
import { useId } from "react";

interface Props {
  readonly actor: string;
  readonly reason: string;
  readonly onChange: (reason: string) => void;
}

export function ReasonField({ actor, reason, onChange }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>Reason</label>
      <input
        id={id}
        type="text"
        required
        maxLength={2000}
        value={reason}
        autoFocus
        aria-describedby={`${id}-kept`}
        onChange={({ target }) => onChange(target.value)}
      />
      <p id={`${id}-kept`} className="soft small">{`Kept with the decision, as said by ${actor}.`}</p>
    </div>
  );
}
