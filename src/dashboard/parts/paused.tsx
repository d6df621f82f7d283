// Who has paused it, why, and since when?
import type { RolloutView } from "../../api/contract.ts";
import { Ago } from "./time.tsx";
import { Icon } from "./icon.tsx";

export function PausedNotice({ paused }: { readonly paused: RolloutView["paused"] }) {
  if (!paused) return null;
  return (
    <p className="notice held">
      <Icon name="pause" />
      <span>
        {`Paused by ${paused.by}${paused.reason ? `: ${paused.reason}` : ""}, `}
        <Ago atMs={paused.atMs} />
      </span>
    </p>
  );
}
