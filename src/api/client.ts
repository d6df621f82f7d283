// How does a program talk to a controller in another process?
//
// This is `serin/client`.
import { messageOf, SerinError } from "../core/issues.ts";
import type {
  GroupView,
  Link,
  LogsQuery,
  LogsView,
  PlannedView,
  PlanView,
  Problem,
  RehearsedFileView,
  RehearseRequest,
  ReportForm,
  ReportView,
  RevisionView,
  ServicesPage,
  ServicesQuery,
  ServiceSummary,
  ServiceView,
  StreamEvent,
  Viewing,
  Whoami,
} from "./contract.ts";
import { eventsIn } from "./event-stream.ts";
import type { Door } from "./server.ts";
import { byUrgency } from "./order.ts";
import { Stale } from "./stale.ts";
import { groupViewsOf, viewsOf } from "./views.ts";

export type * from "./contract.ts";
export { SerinError } from "../core/issues.ts";
export { Stale } from "./stale.ts";

/** What to follow. */
export interface FollowOptions {
  /** One service or group alone, with all that is known of it. */
  readonly service?: string | undefined;
  /** The place to go on from: an event's `id`, or the `position` of a page. */
  readonly from?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** So long nobody may answer after a connection was cut, in milliseconds; for ever without it. */
  readonly patienceMs?: number | undefined;
}

/** A link to a controller's API, and all that only the API can be asked. Refusals are SerinErrors, old views `Stale`. */
export interface Client extends Link {
  whoami(): Promise<Whoami>;
  page(query?: ServicesQuery): Promise<ServicesPage>;
  revisions(service: string): Promise<readonly RevisionView[]>;
  /** What the replicas wrote last. */
  logs(service: string, query?: LogsQuery): Promise<LogsView>;
  plan(service: string): Promise<PlanView>;
  /** What happened in a rollout, and why; of one under way as far as it is. */
  report(service: string, rollout: number): Promise<ReportView>;
  /** The same to be read: a page that needs nothing else, or Markdown. */
  reportText(service: string, rollout: number, form: ReportForm): Promise<string>;
  /** Reads a file as if it were applied; changes nothing. */
  planFile(text: string, origin: string): Promise<PlannedView>;
  /** How a file would go, in virtual time; nothing is run. Ended by the signal. */
  rehearse(request: RehearseRequest, signal?: AbortSignal): Promise<RehearsedFileView>;
  /** Everything that changes, for as long as the signal lets it. Cut connections are taken up again where they ended. */
  events(options?: FollowOptions): AsyncGenerator<StreamEvent, void, undefined>;
  views(what: Viewing): AsyncGenerator<ServiceView, void, undefined>;
  groupViews(what: Viewing): AsyncGenerator<GroupView, void, undefined>;
}

/** What goes along with a call. */
interface Sent {
  readonly body?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Longest wait for an answer; taking a service down waits for its replicas to drain. */
const ANSWER_MS = 120_000;
/** How long to wait until a stream that was cut is asked for again. */
const AGAIN_MS = 1_000;
/** Services in one page, when all are wanted. */
const PAGE = 1_000;

/** Speaks with the controller behind a door. */
export function connect(door: Door): Client {
  const ask = async (method: string, path: string, init: RequestInit): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set("authorization", `Bearer ${door.token}`);
    const response = await reach(`${door.url}${path}`, { ...init, method, headers });
    if (response.ok) return response;
    const answer = await response.json().then(
      (json) => json as Partial<Problem>,
      () => undefined,
    );
    const { trouble, changes, version } = answer ?? {};
    if (!trouble) throw noAnswer(`${door.url} answers ${response.status}, in words of another program`);
    throw changes && version !== undefined ? new Stale(trouble, { changes, version }) : new SerinError(trouble);
  };
  const call = async <T>(method: string, path: string, { body, signal }: Sent = {}): Promise<T> => {
    const late = AbortSignal.timeout(ANSWER_MS);
    const init: RequestInit = { signal: signal ? AbortSignal.any([signal, late]) : late };
    if (body !== undefined)
      Object.assign(init, { body: JSON.stringify(body), headers: { "content-type": "application/json" } });
    const response = await ask(method, path, init);
    if (response.status === 204) return undefined as T;
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw noAnswer(`${door.url} answers ${response.status}, in words of another program`, error);
    }
  };
  const at = (service: string): string => `/v1/services/${encodeURIComponent(service)}`;
  const reportAt = (service: string, rollout: number): string => `${at(service)}/rollouts/${rollout}/report`;
  const page = (query: ServicesQuery = {}): Promise<ServicesPage> => call("GET", `/v1/services${queryText(query)}`);
  const events = ({ service, ...options }: FollowOptions = {}): ReturnType<typeof followed> => {
    const { signal } = options;
    const open = (place: string | undefined): Promise<Response> =>
      ask("GET", `/v1/events${queryText({ service })}`, {
        ...(signal && { signal }),
        ...(place !== undefined && { headers: { "last-event-id": place } }),
      });
    return followed(open, options);
  };
  const client: Client = {
    whoami: () => call("GET", "/v1/whoami"),
    page,
    list: () => everyRow(page),
    get: (service) => call("GET", at(service)),
    groups: () => call("GET", "/v1/groups"),
    group: (name) => call("GET", `/v1/groups/${encodeURIComponent(name)}`),
    apply: (request) => call("POST", "/v1/apply", { body: request }),
    command: (service, request) => call("POST", `${at(service)}/commands`, { body: request }),
    records: (service, after, limit) => call("GET", `${at(service)}/records${queryText({ after, limit })}`),
    remove: (service, request) => call("DELETE", `${at(service)}${queryText(request)}`),
    logs: (service, query = {}) => call("GET", `${at(service)}/logs${queryText(query)}`),
    revisions: async (service) =>
      (await call<{ items: readonly RevisionView[] }>("GET", `${at(service)}/revisions`)).items,
    plan: (service) => call("GET", `${at(service)}/plan`),
    report: (service, rollout) => call("GET", reportAt(service, rollout)),
    reportText: async (service, rollout, form) => {
      const init = { signal: AbortSignal.timeout(ANSWER_MS) };
      return (await ask("GET", `${reportAt(service, rollout)}?format=${form}`, init)).text();
    },
    planFile: (text, origin) => call("POST", "/v1/plan", { body: { text, origin } }),
    rehearse: (request, signal) => call("POST", "/v1/rehearse", { body: request, signal }),
    events,
    views: (what) => viewsOf(client, what),
    groupViews: (what) => groupViewsOf(client, what),
    close: () => Promise.resolve(),
  };
  return client;
}

/** Page after page, in an order in which no row moves meanwhile. */
async function everyRow(page: Client["page"]): Promise<readonly ServiceSummary[]> {
  const rows: ServiceSummary[] = [];
  let cursor: string | undefined;
  do {
    const { items, next }: ServicesPage = await page({ limit: PAGE, cursor, order: "name" });
    rows.push(...items);
    cursor = next;
  } while (cursor !== undefined);
  return byUrgency(rows);
}

/** Event after event. Only the first connection must succeed; what cuts a later one is waited for, as long as may be. */
async function* followed(
  open: (place: string | undefined) => Promise<Response>,
  { from, signal, patienceMs = Infinity }: Omit<FollowOptions, "service">,
): AsyncGenerator<StreamEvent, void, undefined> {
  let place = from;
  let cutMs: number | undefined;
  for (let wasOpen = false; ;) {
    if (signal?.aborted) return;
    try {
      const { body } = await open(place);
      wasOpen = true;
      cutMs = undefined;
      for await (const { id, event } of eventsIn(body)) {
        place = id ?? place;
        if (event) yield event;
      }
    } catch (error) {
      if (signal?.aborted) return;
      const isRefused = error instanceof SerinError && error.trouble.code !== "SERIN_NO_ANSWER";
      const isGone = cutMs !== undefined && performance.now() - cutMs >= patienceMs;
      if (!wasOpen || isRefused || isGone) throw error;
    }
    cutMs ??= performance.now();
    await pause(AGAIN_MS, signal);
  }
}

function pause(forMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, forMs);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    signal?.addEventListener("abort", end, { once: true });
  });
}

function queryText(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? ""
    : `?${new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()}`;
}

async function reach(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw noAnswer(messageOf(cause), error);
  }
}

function noAnswer(found: string, cause?: unknown): SerinError {
  return new SerinError(
    {
      code: "SERIN_NO_ANSWER",
      what: "the controller does not answer",
      found,
      now: "traffic stays at the last split",
      next: "start it again with: serin serve",
    },
    { cause },
  );
}
