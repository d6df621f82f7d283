// What is shown until the controller has answered?
import { TroubleBox } from "./trouble.tsx";

interface Props {
  /** Why the last try has failed, while it is tried again; or why nothing is tried any more. */
  readonly failure: Error | null;
}

export function Reading({ failure }: Props) {
  return <div className="page">{failure ? <TroubleBox error={failure} /> : <p className="soft">Reading …</p>}</div>;
}
