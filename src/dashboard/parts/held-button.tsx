// How does a button look that cannot be pressed now, and why?
import { useId } from "react";

interface Props {
  readonly label: string;
  /** Why it cannot be pressed; nothing when it can. */
  readonly why?: string | undefined;
  readonly className?: string;
  readonly type?: "button" | "submit";
  readonly onPress?: () => void;
}

/** It stays within reach of the keyboard, and says why: a button that is only grey says nothing. */
export function HeldButton({ label, why, className = "", type = "button", onPress }: Props) {
  const id = useId();
  const isHeld = why !== undefined;
  return (
    <span className="held-button">
      <button
        type={type}
        className={`button ${className}`}
        aria-disabled={isHeld || undefined}
        aria-describedby={isHeld ? id : undefined}
        onClick={(event) => {
          if (isHeld) event.preventDefault();
          else onPress?.();
        }}
      >
        {label}
      </button>
      {isHeld && (
        <span id={id} role="tooltip" className="held-why">
          {`${why.slice(0, 1).toUpperCase()}${why.slice(1)}.`}
        </span>
      )}
    </span>
  );
}
