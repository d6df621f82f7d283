// What does the controller of a cluster answer to those who call it from outside?
import type { RolloutObject } from "../../adapters/kubernetes/client/objects.ts";
import { placeOf, serviceOf } from "../../adapters/kubernetes/service-name.ts";
import type { Answer, Command } from "../../core/engine/input.ts";
import { underWay } from "../../core/engine/state.ts";
import { SerinError } from "../../core/issues.ts";
import type { Clock } from "../../ports/clock.ts";
import { unknownService, type Controller } from "../../runtime/controller.ts";
import { unknownGroup } from "../../runtime/groups.ts";
import { deskOver, type Desk } from "../desk.ts";
import type { CommandRequest, Link, LogsQuery, LogsView, Reply, ServiceView } from "../contract.ts";
import { Refused } from "../http/problem.ts";
import { commandOf, removedStale } from "../local.ts";
import { logsOf } from "../logs.ts";
import { byUrgency } from "../order.ts";
import { summaryOf } from "../summary.ts";
import { viewOf } from "../view.ts";
import { applyTo } from "./apply.ts";
import { notFollowed, notScaled } from "./ask.ts";
import { environmentOf, filesOf } from "./file.ts";
import { remove } from "./link.ts";
import { UNKNOWN } from "./look.ts";
import { unanswered, type Reach } from "./reach.ts";

/** A part of a cluster, and who looks after it. */
export interface Seat {
  /** Its namespace; all of them without it. */
  readonly only: string | undefined;
  readonly controller: Controller;
  readonly cluster: {
    readonly rollouts: {
      get(namespace: string | undefined, name: string): RolloutObject | undefined;
      values(): Iterable<RolloutObject>;
    };
  };
  readonly operator: {
    /** Has a command carried out, with what follows from it for the cluster's objects. */
    carryOut(service: string, command: Command): Promise<Answer>;
  };
}

interface Options {
  readonly clock: Clock;
  /** The cluster, with the controller's own rights. */
  readonly reach: Reach;
}

/** The desk of a controller that leads. What its parts tell must be told to its feed. */
export function clusterDesk(seats: readonly Seat[], { clock, reach }: Options): Desk {
  const office = new Office(seats, clock);
  const file = filesOf(
    seats.flatMap(({ only }) => only ?? []),
    reach,
  );
  const link: Link = {
    list: async () => byUrgency([...office.names()].map((name) => summaryOf(office.view(name)))),
    get: async (service) => office.view(service),
    groups: async () => [],
    group: async (name) => {
      throw unknownGroup(name, []);
    },
    apply: (request) =>
      answered(async () => {
        const { name } = file.need(request.text);
        office.refuseStale(name, request);
        // How many must approve is added by the operator, whoever has applied the object.
        return applyTo(reach, request);
      }),
    command: (service, request) => answered(() => office.command(service, request)),
    records: (service, after, limit) =>
      answered(async () => {
        const { controller } = office.seatOf(service);
        return controller.has(service) ? controller.records(service, after, limit) : [];
      }),
    remove: (service, { expected }) =>
      answered(async () => {
        const { version } = office.view(service);
        if (expected !== undefined && expected !== version) throw removedStale(service, expected, version);
        await remove(reach, placeOf(service));
      }),
    close: async () => reach.client.connection.close(),
  };
  return deskOver(link, {
    places: {
      environmentOf: (service) => {
        const object = office.find(service);
        return object && environmentOf(object.metadata);
      },
      servicesOf: (name) => [name],
      nameOf: file.nameOf,
      inFile: file.placesIn,
    },
    names: () => office.names(),
    view: (service) => office.view(service),
    state: (service) => office.seatOf(service).controller.find(service)?.state,
    logs: (service, query) => office.logs(service, query),
    row: (service) => summaryOf(office.view(service)),
    read: (text) => answered(() => file.plan(text)),
  });
}

/** Rollouts by the names of their services, whoever of several looks after them. */
class Office {
  readonly #seats: readonly Seat[];
  readonly #clock: Clock;

  constructor(seats: readonly Seat[], clock: Clock) {
    this.#seats = seats;
    this.#clock = clock;
  }

  /** Of Rollouts that nothing was decided about, too: somebody wants to know why. */
  *names(): Iterable<string> {
    for (const { controller, cluster } of this.#seats)
      for (const object of cluster.rollouts.values()) {
        const service = serviceOf(object);
        // What is deleted and followed no more is gone.
        if (controller.has(service) || object.metadata.deletionTimestamp === undefined) yield service;
      }
  }

  find(service: string): RolloutObject | undefined {
    const { namespace, name } = placeOf(service);
    return this.#seatIn(namespace)?.cluster.rollouts.get(namespace, name);
  }

  #seatIn(namespace: string): Seat | undefined {
    return this.#seats.find(({ only }) => only === undefined || only === namespace);
  }

  /** Who looks after a service. Throws a SerinError for one that is not there. */
  seatOf(service: string): Seat {
    const seat = this.#seatIn(placeOf(service).namespace);
    if (seat && this.find(service)) return seat;
    throw unknownService(service, [...this.names()]);
  }

  view(service: string): ServiceView {
    const { controller } = this.seatOf(service);
    const object = this.find(service);
    const seen = controller.find(service);
    const nowMs = this.#clock.now();
    const view = seen ? viewOf(seen, nowMs) : { ...UNKNOWN, service, nowMs, troubles: {} };
    const troubles = { ...(object && troublesOf(object, seen !== undefined)), ...view.troubles };
    return { ...view, namespace: placeOf(service).namespace, troubles };
  }

  async command(service: string, request: CommandRequest): Promise<Reply> {
    const { controller, operator } = this.seatOf(service);
    const object = this.find(service);
    if (object && request.kind === "scale") throw notScaled(object, request.replicas);
    if (object && !controller.has(service)) throw notFollowed({ ...object, status: { message: whyNot(object) } });
    // A rollout is called by the name of its service, and people leave the namespace out.
    const { name } = placeOf(service);
    const to = request.to?.startsWith(`${name}/`) ? `${service}${request.to.slice(name.length)}` : request.to;
    const { text, refused } = await operator.carryOut(service, commandOf({ ...request, to }));
    if (refused) throw new SerinError(refused);
    const { state } = controller.get(service);
    return { service, text, version: state.version, rollout: underWay(state)?.number };
  }

  async logs(service: string, query: LogsQuery): Promise<LogsView> {
    const { controller } = this.seatOf(service);
    try {
      return await answered(() => logsOf(controller, this.view(service), query));
    } catch (error) {
      throw error instanceof SerinError && error.trouble.code === "SERIN_KUBE_FORBIDDEN"
        ? noLog(service, error)
        : error;
    }
  }

  /** Of a file that is applied: what is not there yet has no version. */
  refuseStale(service: string, { expected }: { readonly expected?: number | undefined }): void {
    const version = this.find(service) ? this.view(service).version : 0;
    if (expected === undefined || expected === version) return;
    throw new SerinError({
      code: "SERIN_STALE",
      what: `the file of ${service} was decided on version ${expected}; it is at ${version} now`,
      now: "nothing was changed",
      next: "look at what has changed since, and apply it again",
    });
  }
}

/** Why what an object asks for is not brought about, as its conditions say it. */
function whyNot({ status }: RolloutObject): string | undefined {
  const accepted = status?.conditions?.find(({ type }) => type === "Accepted");
  return accepted?.status === "False" ? accepted.message : undefined;
}

function troublesOf(object: RolloutObject, isFollowed: boolean): Readonly<Record<string, string>> {
  const why = whyNot(object) ?? (isFollowed ? undefined : "it is about to be looked at");
  return {
    ...(why === undefined || why === "" ? {} : { rollout: why }),
    ...(object.metadata.deletionTimestamp === undefined
      ? {}
      : { deletion: "it is deleted, and goes once stable serves alone" }),
  };
}

function noLog(service: string, cause: SerinError): SerinError {
  const next = "serin export install --dashboard gives the controller the right to read logs of pods: pods/log";
  const what = `the logs of ${service}'s pods cannot be read`;
  return new SerinError({ code: "SERIN_NO_LOG", what, found: cause.trouble.what, next, exitCode: 2 }, { cause });
}

/** What the cluster itself does not do is no mistake of whoever calls. */
async function answered<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const why = unanswered(error);
    throw why ? new Refused(why.trouble, 503) : error;
  }
}
