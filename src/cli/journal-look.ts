// What does the journal say when no controller runs?
import { groupViewOf } from "../api/group-view.ts";
import type { GroupView, ServiceView } from "../api/contract.ts";
import { byUrgency } from "../api/order.ts";
import { summaryOf } from "../api/summary.ts";
import { viewOf } from "../api/view.ts";
import { isGroupName, namesOf } from "../core/group/state.ts";
import { ms } from "../core/units.ts";
import type { Journal } from "../ports/journal.ts";
import { unknownService } from "../runtime/controller.ts";
import { decisionsAfter } from "../runtime/decisions.ts";
import { readGroup } from "../runtime/group.ts";
import { unknownGroup } from "../runtime/groups.ts";
import { readState } from "../runtime/saved.ts";
import type { Looking } from "./home.ts";

const TROUBLES = { controller: "none runs; this is what was last written down (serin serve starts one)" };

type Reading = Pick<Journal, "list" | "load" | "records" | "close">;

/** Services and groups as they were last written down. */
export function lookFromJournal(journal: Reading): Looking {
  const names = async (group: boolean): Promise<readonly string[]> =>
    (await journal.list()).filter((name) => isGroupName(name) === group);
  const stateOf = async (service: string) => {
    const saved = await journal.load(service);
    return saved && readState(service, saved);
  };
  const view = async (service: string): Promise<ServiceView> => {
    const state = isGroupName(service) ? undefined : await stateOf(service);
    if (!state) throw unknownService(service, await names(false));
    const seen = { state, world: undefined, measured: undefined, troubles: TROUBLES };
    return { ...viewOf(seen, ms(Date.now())), health: "unknown" };
  };
  const group = async (name: string): Promise<GroupView> => {
    const saved = isGroupName(name) ? await journal.load(name) : undefined;
    if (!saved) throw unknownGroup(name, await names(true));
    const state = readGroup(name, saved);
    const states = await Promise.all(namesOf(state).map(async (service) => [service, await stateOf(service)] as const));
    return groupViewOf({ state, members: Object.fromEntries(states), troubles: TROUBLES }, { nowMs: ms(Date.now()) });
  };
  return {
    list: async () => byUrgency((await Promise.all((await names(false)).map(view))).map(summaryOf)),
    get: view,
    groups: async () => Promise.all((await names(true)).map(group)),
    group,
    records: (service, after, limit) => decisionsAfter(journal, service, { after, limit }),
    close: () => journal.close(),
  };
}
