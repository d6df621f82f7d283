// How is something asked before anything else goes on?
import { useEffect, useId, useRef, type ReactNode } from "react";

interface Props {
  readonly title: string;
  readonly wide?: boolean;
  /** Nothing where it stays until what it asks for is done. */
  readonly onClose?: (() => void) | undefined;
  readonly children: ReactNode;
}

/** The browser's own dialog: it keeps the focus in, gives it back, and Escape closes it. */
export function Dialog({ title, wide = false, onClose, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    if (dialog && !dialog.open) dialog.showModal();
  }, []);
  return (
    <dialog
      ref={element}
      className={wide ? "wide" : undefined}
      aria-labelledby={id}
      onCancel={(event) => {
        if (!onClose) event.preventDefault();
      }}
      onClose={onClose}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}
