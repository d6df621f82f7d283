// What does a controller in this process answer to those who call it from outside?
import { randomUUID } from "node:crypto";
import { approvalsAsked } from "../core/engine/approve.ts";
import { underWay, type ServiceState } from "../core/engine/state.ts";
import { isGroupName, namesOf } from "../core/group/state.ts";
import { messageOf, SerinError } from "../core/issues.ts";
import type { Traffic } from "../core/plan/forecast.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import type { Clock } from "../ports/clock.ts";
import type { Controller } from "../runtime/controller.ts";
import type {
  Link,
  LogsQuery,
  LogsView,
  PlannedView,
  PlanView,
  RehearsedFileView,
  RehearseRequest,
  RevisionView,
  ServicesPage,
  ServicesQuery,
  ServiceSummary,
  ServiceView,
  Viewing,
} from "./contract.ts";
import type { ApprovalsFor } from "./access/access.ts";
import type { Places } from "./access/caller.ts";
import { environmentIn } from "./access/places.ts";
import { Feed } from "./feed.ts";
import { describeGroup } from "./group-plan.ts";
import { localLink } from "./local.ts";
import { logsOf } from "./logs.ts";
import { planText, planView, trafficOf, type PlannedAny } from "./planning.ts";
import { Rehearser } from "./rehearsing.ts";
import { revisionsOf } from "./revisions.ts";
import { eventsHere } from "./stream.ts";
import { pageOf, rowOf } from "./summary.ts";
import { viewOf } from "./view.ts";
import { groupViewsOf, viewsOf } from "./views.ts";

/** A link, and what only a door opens to. */
export interface Desk extends Link {
  readonly feed: Feed;
  readonly places: Places;
  page(query: ServicesQuery, sees: (service: string) => boolean): ServicesPage;
  revisions(service: string): readonly RevisionView[];
  /** Throws SERIN_NO_LOG where somebody else keeps the replicas' output, and for a pool that is not there. */
  logs(service: string, query: LogsQuery): Promise<LogsView>;
  /** Throws SERIN_NOTHING_PLANNED when no rollout is under way. */
  plan(service: string): PlanView;
  /** From now on gates of these services ask for so many approvals at least; absent where their files alone say so. Rejects with whoever could not be asked. */
  askForApprovals?(needed: ApprovalsFor): Promise<void>;
  /** Reads a file as if it were applied; changes nothing. */
  planFile(text: string, origin: string): Promise<PlannedView>;
  /** How a file would go, in virtual time; ended by the signal. */
  rehearse(request: RehearseRequest, signal: AbortSignal): Promise<RehearsedFileView>;
}

/** The services that a desk answers for. */
export interface Known {
  readonly places: Places;
  readonly names: () => Iterable<string>;
  /** Throws a SerinError for a service not known. */
  readonly view: (service: string) => ServiceView;
  /** The same in a row of a table. */
  readonly row: (service: string) => ServiceSummary;
  /** What was decided of it; nothing before the first decision. Throws a SerinError for a service not known. */
  readonly state: (service: string) => ServiceState | undefined;
  readonly logs: (service: string, query: LogsQuery) => Promise<LogsView>;
  /** Reads a file as if it were applied. */
  readonly read: (text: string, origin: string) => Promise<PlannedAny>;
}

/** The desk of a controller. What the controller tells must be told to its feed. */
export function deskOf(controller: Controller, clock: Clock): Desk {
  const view = (service: string): ServiceView => viewOf(controller.get(service), clock.now());
  const desk = deskOver(localLink(controller, clock), {
    places: {
      // Asked of each event for each stream.
      environmentOf: (service) => {
        const state = controller.stateOf(service);
        return state && environmentIn(state.spec.metadata);
      },
      servicesOf: (name) => {
        if (!isGroupName(name)) return [name];
        const group = controller.groups.list().find(({ state }) => state.group === name);
        return group ? namesOf(group.state) : [name];
      },
    },
    names: () => controller.names(),
    view,
    state: (service) => controller.get(service).state,
    row: (service) => rowOf(controller.get(service), clock.now()),
    logs: (service, query) => logsOf(controller, view(service), query),
    read: planText,
  });
  return {
    ...desk,
    askForApprovals: async (needed) => {
      const neededBy = ({ metadata }: Rollout): number | undefined =>
        needed({ service: metadata.name, environment: environmentIn(metadata) });
      controller.approvalsFor = neededBy;
      const failed: string[] = [];
      for (const { state } of controller.each()) {
        const { service, spec, queued } = state;
        const atLeast = Math.max(neededBy(spec) ?? 0, (queued && neededBy(queued.command.spec)) ?? 0);
        if (atLeast <= approvalsAsked(state)) continue;
        const asked = { id: randomUUID(), actor: "the access file", reason: "" };
        // What one does not take is no reason to leave the others without.
        await controller
          .send(service, { ...asked, kind: "approvals", atLeast })
          .catch((error: unknown) => failed.push(`${service}: ${messageOf(error)}`));
      }
      if (failed.length > 0) throw new Error(failed.join("; "));
    },
  };
}

/** The desk of whoever knows services, beside a link to them. */
export function deskOver(link: Link, known: Known): Desk {
  const { places, view } = known;
  const feed = new Feed({
    names: known.names,
    row: known.row,
    view,
    groups: () => link.groups(),
    placesOf: (name) =>
      places.servicesOf(name).map((service) => ({ service, environment: places.environmentOf(service) })),
  });
  const rehearser = new Rehearser();
  const ended = new AbortController();
  const telling = tellingOf(link, feed);
  const usually = (service: string): Traffic | undefined =>
    [...known.names()].includes(service) ? trafficOf(view(service)) : undefined;
  return {
    ...link,
    feed,
    places,
    views: (what) => viewsOf(telling, what),
    groupViews: (what) => groupViewsOf(telling, what),
    page: (query, sees) => {
      // What changes from here on is told.
      const position = feed.name(feed.last);
      const names = [...known.names()].filter(sees);
      return {
        ...pageOf(
          names.map((name) => known.row(name)),
          query,
        ),
        position,
      };
    },
    revisions: (service) => {
      const state = known.state(service);
      return state ? revisionsOf(state) : [];
    },
    logs: (service, query) => known.logs(service, query),
    plan: (service) => {
      const state = known.state(service);
      const rollout = state && underWay(state);
      if (!rollout) throw nothingPlanned(service);
      return planView(rollout.program, state.spec, trafficOf(view(service)));
    },
    planFile: async (text, origin) => {
      const planned = await known.read(text, origin);
      if (!planned.ok) return planned;
      const issues: PlannedView["issues"] = [];
      if ("group" in planned) {
        const { group } = planned;
        return { ok: true, issues, group: { group: group.group, text: describeGroup(group) } };
      }
      const { rollout, program } = planned;
      const { name } = rollout.metadata;
      return { ok: true, issues, plan: planView(program, rollout, usually(name)) };
    },
    rehearse: (request, signal) => {
      const either = AbortSignal.any([signal, ended.signal]);
      return rehearser.rehearse(request, { read: known.read, usually, signal: either });
    },
    close: async () => {
      ended.abort();
      feed.close();
      await link.close();
    },
  };
}

/** What a link tells in this process, by a feed. */
function tellingOf(link: Link, feed: Feed) {
  return {
    ...link,
    events: async function* ({ service, signal }: Viewing) {
      // Throws for one that is not there, of which nothing would ever be told.
      await (isGroupName(service) ? link.group(service) : link.get(service));
      yield* eventsHere(feed, { service, signal });
    },
  };
}

function nothingPlanned(service: string): SerinError {
  return new SerinError({
    code: "SERIN_NOTHING_PLANNED",
    what: `no rollout of ${service} is under way`,
    next: "plan a file before it is applied: serin plan FILE",
    exitCode: 2,
  });
}
