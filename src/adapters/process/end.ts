// How is a process ended, with everything that it has started?
import { processesForAll, type SeenProcess } from "./system.ts";

/** Which processes belong to a replica whose first process is no more. */
export interface Leftovers {
  /** The first process, and so the number of its session and group. 0 when it was never known. */
  readonly pid: number;
  readonly birth: string | undefined;
  readonly replica: string;
  readonly state: string;
  /** Whether they are killed now, or still have time to end of themselves. */
  readonly kill: boolean;
}

/** Sends a signal to a process and all of its group. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  // Group 0 would be our own, and 1 is everyone.
  if (pid <= 1) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already. The next look will tell.
  }
}

/** Ends what a replica has left behind. True when nothing is left. */
export async function endLeftovers(left: Leftovers): Promise<boolean> {
  const all = await processesForAll();
  const first = all.find(({ pid }) => pid === left.pid);
  // While any of a session lives, nobody else gets its number. So a stranger there means that the session is gone.
  const sessionIsOurs = left.pid > 1 && (first === undefined || first.birth === left.birth);
  const ours = (seen: SeenProcess): boolean =>
    (seen.mark?.replica === left.replica && seen.mark.state === left.state) ||
    (sessionIsOurs && (seen.session === left.pid || seen.group === left.pid));
  const found = all.filter((seen) => seen.pid !== process.pid && ours(seen));
  if (left.kill) for (const { pid } of found) kill(pid);
  return found.length === 0;
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
