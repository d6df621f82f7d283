// How is one service followed, with every decision, by what a controller tells?
import type { Client } from "./client.ts";
import type { ServiceView, Viewing } from "./contract.ts";

/** Decisions asked for at once. */
const PAGE = 1_000;

/**
 * The service as it is now, and again whenever it has changed. A view names the last decisions only: whatever was decided
 * since the view before is there as well. Throws when the service is gone, and when its controller has gone away.
 */
export async function* viewsOf(
  link: Pick<Client, "get" | "records" | "events">,
  { service, after, signal }: Viewing,
): AsyncGenerator<ServiceView, void, undefined> {
  let known = after;
  for await (const { type, data } of link.events({ service, signal, patienceMs: 0 })) {
    if (type !== "view" && type !== "gone" && type !== "reset") continue;
    // Of what is gone this says so; after a reset it says how it is now.
    const view = type === "view" ? data : await link.get(service);
    yield known === undefined ? view : await withMissed(view, known);
    known = view.version;
  }

  async function withMissed(view: ServiceView, since: number): Promise<ServiceView> {
    if ((view.recent[0]?.version ?? 0) <= since + 1) return view;
    const recent = [];
    for (let page; page === undefined || page.length >= PAGE; recent.push(...page))
      page = await link.records(service, recent.at(-1)?.version ?? since, PAGE);
    return { ...view, recent };
  }
}
