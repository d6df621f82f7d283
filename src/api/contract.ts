// What do programs and people get to see of Serin, and what may they ask?
//
// Types only: what the dashboard and the client share with the API. Each is that of a schema that the API answers by.
import type { z } from "@hono/zod-openapi";
import type { DecisionRecord } from "../core/engine/state.ts";
import type { Role } from "../core/split.ts";
import type * as calls from "./schemas/calls.ts";
import type { Frozen } from "./schemas/exactly.ts";

type Of<S extends z.ZodType> = Frozen<z.output<S>>;

/** One service as it is now. */
export interface ServiceView extends Of<typeof calls.service> {}
/** A pool: what is wanted of it and what runs. */
export type PoolView = ServiceView["pools"][number];
/** A rollout, under way or the last one. */
export type RolloutView = NonNullable<ServiceView["rollout"]>;
/** A further candidate of an experiment. */
export type RivalView = NonNullable<RolloutView["rivals"]>[number];
/** One service, in a row of a table. */
export interface ServiceSummary extends Of<typeof calls.summary> {}
/** Why a person should look at a service. */
export type Attention = NonNullable<ServiceSummary["attention"]>;
/** Some of the services, those first that need attention. */
export interface ServicesPage extends Of<typeof calls.servicesPage> {}
/** Which services are wanted. */
export type ServicesQuery = Partial<z.output<typeof calls.servicesQuery>>;
/** One version of a service, without its secrets. */
export interface RevisionView extends Of<typeof calls.revision> {}
/** What the replicas of a service wrote last. */
export interface LogsView extends Of<typeof calls.logs> {}
/** Which replicas' lines are wanted, and how many of each. */
export type LogsQuery = Partial<z.output<typeof calls.logsQuery>>;
/** What happened in one rollout, and why. */
export interface ReportView extends Of<typeof calls.report> {}
/** Texts that a report is written as: a page that needs nothing else, or for a pull request. */
export type ReportForm = Exclude<(typeof calls.REPORT_FORMS)[number], "json">;
/** Several services that are looked after together. */
export interface GroupView extends Of<typeof calls.group> {}
/** One member of a group. */
export type MemberView = GroupView["members"][number];
/** What a rollout does, step by step, and what it could show. */
export interface PlanView extends Of<typeof calls.plan> {}
/** What is made of a file: its plan, or every mistake in it. */
export interface PlannedView extends Of<typeof calls.planned> {}
/** A file to rehearse, and against what. */
export type RehearseRequest = Frozen<z.input<typeof calls.rehearseBody>>;
/** How a rollout, or a group, would go; or every mistake in its file. */
export interface RehearsedFileView extends Of<typeof calls.rehearsedFile> {}
/** How a rollout would go, scenario by scenario. */
export type RehearsalView = NonNullable<RehearsedFileView["rehearsal"]>;
/** How a release or façade would go, scenario by scenario. */
export type GroupRehearsalView = NonNullable<RehearsedFileView["group"]>;
/** Who is logged in, and what they may do. */
export interface Whoami extends Of<typeof calls.whoami> {}
/** In which ways a browser can log in. */
export interface Logins extends Of<typeof calls.logins> {}
/** Some of what is kept of who asked for what, and what came of it; oldest first. */
export interface AuditPage extends Of<typeof calls.auditPage> {}
/** Whether the audit log is whole. */
export type AuditCheck = Of<typeof calls.auditCheck>;
/** A refusal or a failure, as it is answered. */
export interface Problem extends Of<typeof calls.problem> {}

export type Shares = Readonly<Partial<Record<Role, number>>>;

/** A rollout file to follow. */
export type ApplyRequest = Frozen<z.input<typeof calls.applyBody>> &
  Asking & {
    /** So many people must approve, by service, whatever the file says. The API takes it from the access file, from no call. */
    readonly approvals?: Readonly<Record<string, number>> | undefined;
  };
/** A verb on a service. */
export type CommandRequest = Frozen<z.input<typeof calls.commandBody>> & Asking;

/** To take a service down. */
export type RemoveRequest = Asking & { readonly expected?: number | undefined };

/** Who asks, and why. */
export interface Asking {
  readonly actor: string;
  readonly reason: string;
}

/** What became of it. A refusal is thrown as a SerinError instead. */
export interface Reply extends Of<typeof calls.reply> {}

/** What changed, as /v1/events tells it. `id` is its place in the stream. */
export type StreamEvent = { readonly id?: string | undefined } & (
  | { readonly type: "service"; readonly data: ServiceSummary }
  /** Of a stream of one service; that of a group has `group` instead. */
  | { readonly type: "view"; readonly data: ServiceView }
  | { readonly type: "record"; readonly data: Of<typeof calls.decision> }
  | { readonly type: "gone"; readonly data: { readonly service: string } }
  | { readonly type: "group"; readonly data: GroupView }
  /** The place that was asked for is not known any more: read everything anew, and go on from here. */
  | { readonly type: "reset"; readonly data: { readonly why: string } }
);

/** Everything that can be asked of a controller, here or in another process. Commands, records and removal go by name. */
export interface Link {
  /** Which part of what there is it looks at, in words; all of it without. */
  readonly where?: string | undefined;
  /** Those first that need attention. */
  list(): Promise<readonly ServiceSummary[]>;
  get(service: string): Promise<ServiceView>;
  groups(): Promise<readonly GroupView[]>;
  group(name: string): Promise<GroupView>;
  apply(request: ApplyRequest): Promise<Reply>;
  command(service: string, request: CommandRequest): Promise<Reply>;
  /** Decisions with a version above `after`, oldest first. */
  records(service: string, after: number, limit: number): Promise<readonly DecisionRecord[]>;
  /** Takes a service down: its traffic, its replicas and what is known of it. A façade with all of its services. */
  remove(service: string, request: RemoveRequest): Promise<void>;
  /** The service as it is, and again whenever it has changed; only where the controller tells that by itself. */
  views?(what: Viewing): AsyncGenerator<ServiceView, void, undefined>;
  /** The same of a group, by its name. */
  groupViews?(what: Viewing): AsyncGenerator<GroupView, void, undefined>;
  close(): Promise<void>;
}

/** Which service or group is followed, until the signal fires. */
export interface Viewing {
  readonly service: string;
  readonly signal: AbortSignal;
  /** Decisions up to this version are known; those since are in the first view. */
  readonly after?: number | undefined;
}
