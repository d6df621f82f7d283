// How is a file rehearsed, scenario after scenario, while somebody looks on?
import { useEffect, useRef, useState } from "react";
import type { RehearsalView, RehearsedFileView, RehearseRequest } from "../../api/contract.ts";
import { ask } from "./http.ts";

interface Rehearsing {
  /** What is known so far; scenarios that are still to come have no runs. */
  readonly rehearsal?: RehearsalView | undefined;
  readonly error?: unknown;
  /** Whether there is more to come. */
  readonly isBusy: boolean;
}

/** The rehearsal of a file: nothing before it is begun, and nothing is worked on once nobody looks any more. */
export function useRehearsal(file: Pick<RehearseRequest, "text" | "origin">): Rehearsing & {
  readonly begin: (runs: number) => void;
  readonly end: () => void;
} {
  const [state, setState] = useState<Rehearsing>({ isBusy: false });
  const going = useRef<AbortController>(undefined);
  const end = (): void => going.current?.abort();
  useEffect(() => () => going.current?.abort(), []);
  const begin = (runs: number): void => {
    end();
    const mine = new AbortController();
    going.current = mine;
    setState({ isBusy: true });
    const isCurrent = (): boolean => going.current === mine;
    void played(file, runs, {
      signal: mine.signal,
      tell: (rehearsal) => isCurrent() && setState({ rehearsal, isBusy: true }),
    })
      .then(
        () => undefined,
        // What was ended by whoever looks is no trouble.
        (error: unknown) => (mine.signal.aborted ? undefined : error),
      )
      .then((error) => isCurrent() && setState((before) => ({ ...before, isBusy: false, error })));
  };
  return { ...state, begin, end };
}

interface Listener {
  readonly signal: AbortSignal;
  readonly tell: (rehearsal: RehearsalView) => void;
}

/** One scenario in each call, so that each is there as soon as it can be. */
async function played(
  file: Pick<RehearseRequest, "text" | "origin">,
  runs: number,
  { signal, tell }: Listener,
): Promise<void> {
  const call = (more: Partial<RehearseRequest>): Promise<RehearsedFileView> =>
    ask<RehearsedFileView>("/v1/rehearse", { ...file, ...more }, signal);
  const { rehearsal } = await call({ runs: 0 });
  if (!rehearsal) return;
  tell(rehearsal);
  const scenarios = [...rehearsal.scenarios];
  let isCut = false;
  for (const [index, { name }] of scenarios.entries()) {
    const one = (await call({ scenario: name, runs, timeline: true })).rehearsal;
    const [scenario] = one?.scenarios ?? [];
    if (scenario) scenarios[index] = scenario;
    isCut ||= one?.isCut === true;
    tell({ ...rehearsal, scenarios: [...scenarios], isCut });
  }
}
