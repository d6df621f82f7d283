// How is one service or group followed, with every decision, by what a controller tells?
import type { DecisionRecord } from "../core/engine/state.ts";
import type { Client } from "./client.ts";
import type { GroupView, ServiceView, StreamEvent, Viewing } from "./contract.ts";

/** Decisions asked for at once. */
const PAGE = 1_000;

type Telling = Pick<Client, "get" | "group" | "records" | "events">;

/**
 * The service as it is now, and again whenever it has changed. A view names the last decisions only: whatever was decided
 * since the view before is there as well. Throws when the service is gone, and when its controller has gone away.
 */
export function viewsOf(link: Omit<Telling, "group">, what: Viewing): AsyncGenerator<ServiceView, void, undefined> {
  return changesOf(link, what, {
    told: (event) => (event.type === "view" ? event.data : undefined),
    now: () => link.get(what.service),
  });
}

/** The same of a group. */
export function groupViewsOf(link: Omit<Telling, "get">, what: Viewing): AsyncGenerator<GroupView, void, undefined> {
  return changesOf(link, what, {
    told: (event) => (event.type === "group" ? event.data : undefined),
    now: () => link.group(what.service),
  });
}

interface Whole {
  readonly version: number;
  /** The last decisions, oldest first. */
  readonly recent: readonly DecisionRecord[];
}

/** How all of something is told, and asked for. */
interface Kind<View> {
  readonly told: (event: StreamEvent) => View | undefined;
  readonly now: () => Promise<View>;
}

async function* changesOf<View extends Whole>(
  link: Pick<Telling, "records" | "events">,
  { service, after, signal }: Viewing,
  { told, now }: Kind<View>,
): AsyncGenerator<View, void, undefined> {
  let known = after;
  for await (const event of link.events({ service, signal, patienceMs: 0 })) {
    // Of what is gone this says so; after a reset it says how it is now.
    const view = event.type === "gone" || event.type === "reset" ? await now() : told(event);
    if (!view) continue;
    yield known === undefined
      ? view
      : await withMissed(view, known, (since, limit) => link.records(service, since, limit));
    known = view.version;
  }
}

/** The view with every decision after a version that is known. */
export async function withMissed<View extends Whole>(
  view: View,
  known: number,
  records: (after: number, limit: number) => Promise<readonly DecisionRecord[]>,
): Promise<View> {
  if ((view.recent[0]?.version ?? 0) <= known + 1) return view;
  const recent: DecisionRecord[] = [];
  for (let page; page === undefined || page.length >= PAGE; recent.push(...page))
    page = await records(recent.at(-1)?.version ?? known, PAGE);
  return { ...view, recent };
}
