// What belongs together on a page?
import { useId, type ReactNode } from "react";

interface Props {
  readonly title: string;
  /** Beside the title. */
  readonly beside?: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

export function Panel({ title, beside, className = "", children }: Props) {
  const id = useId();
  return (
    <section className={`panel ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {beside}
      </header>
      {children}
    </section>
  );
}
