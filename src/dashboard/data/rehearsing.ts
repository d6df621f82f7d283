// How is a file rehearsed, scenario after scenario, while somebody looks on?
import { useEffect, useRef, useState } from "react";
import type { RehearsedFileView, RehearseRequest } from "../../api/contract.ts";
import { ask } from "./http.ts";

/** Scenarios that are played one after the other. */
interface Played {
  readonly isCut: boolean;
  readonly scenarios: readonly { readonly name?: string | undefined }[];
}

interface Rehearsing<View> {
  /** What is known so far; scenarios that are still to come have no runs. */
  readonly rehearsal?: View | undefined;
  readonly error?: unknown;
  /** Whether there is more to come. */
  readonly isBusy: boolean;
}

/**
 * The rehearsal of a file, `of` one service or of a release: nothing before it is begun, and nothing is worked on once nobody
 * looks any more.
 */
export function useRehearsal<View extends Played>(
  file: Pick<RehearseRequest, "text" | "origin">,
  of: (answer: RehearsedFileView) => View | undefined,
): Rehearsing<View> & {
  readonly begin: (runs: number) => void;
  readonly end: () => void;
} {
  const [state, setState] = useState<Rehearsing<View>>({ isBusy: false });
  const going = useRef<AbortController>(undefined);
  const end = (): void => going.current?.abort();
  useEffect(() => () => going.current?.abort(), []);
  const begin = (runs: number): void => {
    end();
    const mine = new AbortController();
    going.current = mine;
    setState({ isBusy: true });
    const isCurrent = (): boolean => going.current === mine;
    void played<View>(file, runs, {
      of,
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

interface Listener<View> {
  readonly of: (answer: RehearsedFileView) => View | undefined;
  readonly signal: AbortSignal;
  readonly tell: (rehearsal: View) => void;
}

/** One scenario in each call, so that each is there as soon as it can be. */
async function played<View extends Played>(
  file: Pick<RehearseRequest, "text" | "origin">,
  runs: number,
  { of, signal, tell }: Listener<View>,
): Promise<void> {
  const call = async (more: Partial<RehearseRequest>): Promise<View | undefined> =>
    of(await ask<RehearsedFileView>("/v1/rehearse", { ...file, ...more }, signal));
  const rehearsal = await call({ runs: 0 });
  if (!rehearsal) return;
  tell(rehearsal);
  const scenarios = [...rehearsal.scenarios];
  let isCut = false;
  for (const [index, { name }] of scenarios.entries()) {
    const one = await call({ scenario: name, runs, timeline: true });
    const [scenario] = one?.scenarios ?? [];
    if (scenario) scenarios[index] = scenario;
    isCut ||= one?.isCut === true;
    tell({ ...rehearsal, scenarios: [...scenarios], isCut });
  }
}
