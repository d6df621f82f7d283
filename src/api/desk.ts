// What does a controller in this process answer to those who call it from outside?
import { randomUUID } from "node:crypto";
import { underWay } from "../core/engine/state.ts";
import { isGroupName, namesOf } from "../core/group/state.ts";
import { SerinError } from "../core/issues.ts";
import type { Traffic } from "../core/plan/forecast.ts";
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
} from "./contract.ts";
import type { ApprovalsFor } from "./access/access.ts";
import type { Places } from "./access/caller.ts";
import { environmentIn } from "./access/places.ts";
import { Feed } from "./feed.ts";
import { describeGroup } from "./group-plan.ts";
import { localLink } from "./local.ts";
import { logsOf } from "./logs.ts";
import { planText, planView, trafficOf } from "./planning.ts";
import { Rehearser } from "./rehearsing.ts";
import { revisionsOf } from "./revisions.ts";
import { pageOf, rowOf } from "./summary.ts";
import { viewOf } from "./view.ts";

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
  /** From now on gates of these services ask for so many approvals at least; absent where their files alone say so. */
  askForApprovals?(needed: ApprovalsFor): Promise<void>;
  /** Reads a file as if it were applied; changes nothing. */
  planFile(text: string, origin: string): Promise<PlannedView>;
  /** How a file would go, in virtual time; ended by the signal. */
  rehearse(request: RehearseRequest, signal: AbortSignal): Promise<RehearsedFileView>;
}

/** The desk of a controller. What the controller tells must be told to its feed. */
export function deskOf(controller: Controller, clock: Clock): Desk {
  const link = localLink(controller, clock);
  const view = (service: string): ServiceView => viewOf(controller.get(service), clock.now());
  const names = (): Iterable<string> => controller.names();
  const usually = (service: string): Traffic | undefined =>
    controller.has(service) ? trafficOf(view(service)) : undefined;
  const rehearser = new Rehearser();
  const ended = new AbortController();
  const row = (service: string): ServiceSummary => rowOf(controller.get(service), clock.now());
  const feed = new Feed({ names, row, view, groups: () => link.groups() });
  return {
    ...link,
    feed,
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
    page: (query, sees) => {
      // What changes from here on is told.
      const position = feed.name(feed.last);
      const rows = [...controller.each()].filter(({ state }) => sees(state.service));
      return {
        ...pageOf(
          rows.map((seen) => rowOf(seen, clock.now())),
          query,
        ),
        position,
      };
    },
    revisions: (service) => revisionsOf(controller.get(service).state),
    logs: (service, query) => logsOf(controller, view(service), query),
    plan: (service) => {
      const { state } = controller.get(service);
      const rollout = underWay(state);
      if (!rollout) throw nothingPlanned(service);
      return planView(rollout.program, state.spec, trafficOf(view(service)));
    },
    askForApprovals: async (needed) => {
      for (const { state } of controller.each()) {
        const { metadata, spec } = state.spec;
        const atLeast = needed({ service: state.service, environment: environmentIn(metadata) });
        if (atLeast === undefined || atLeast <= (spec.approvals ?? 0)) continue;
        const asked = { id: randomUUID(), actor: "the access file", reason: "" };
        await controller.send(state.service, { ...asked, kind: "approvals", atLeast });
      }
    },
    planFile: async (text, origin) => {
      const planned = await planText(text, origin);
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
    rehearse: (request, signal) =>
      rehearser.rehearse(request, { usually, signal: AbortSignal.any([signal, ended.signal]) }),
    close: async () => {
      ended.abort();
      feed.close();
      await link.close();
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
