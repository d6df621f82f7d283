// How does a controller look after a cluster?
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { hostname } from "node:os";
import { checkOpening } from "../api/access/access.ts";
import { placeIn } from "../api/cluster/file.ts";
import { systemClock } from "../adapters/system/clock.ts";
import { readListen, type Listen } from "../core/spec/listen.ts";
import { readDuration } from "../core/spec/durations.ts";
import { ms } from "../core/units.ts";
import { runOperator, type RunningOperator } from "../operator/host.ts";
import { Telemetry } from "../telemetry/telemetry.ts";
import { badOption } from "./bad-option.ts";
import { openClusterDoor } from "./cluster-door.ts";
import type { TypedEvents } from "./events-options.ts";
import type { Context } from "./io.ts";
import { clockTime } from "./paint.ts";
import { clusterDoorOptions, readByPerson, type TypedServe } from "./serve.ts";
import { telemetryOptions, type TypedTelemetry } from "./telemetry-options.ts";
import { version } from "./version.ts";

/** The options as they are typed. */
export interface TypedCluster extends TypedServe, TypedTelemetry {
  readonly kubernetes?: boolean | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespaces?: string | undefined;
  readonly leaseNamespace?: string | undefined;
  readonly lease: string;
  readonly health?: string | undefined;
}

/** Where a pod's namespace stands. */
const OWN_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/** Looks after a cluster's Rollouts until it is asked to end, or another controller leads. */
export async function serveClusterCommand(
  options: TypedCluster,
  { io, json, state, signal }: Context,
): Promise<number> {
  refuseEvents(options);
  const opening = clusterDoorOptions(options);
  if (opening) await checkOpening(opening);
  const health = options.health === undefined ? undefined : addressOf(options.health);
  const isForPerson = !json && readByPerson(process.env["SERIN_LOG"]);
  const logs = telemetryOptions(options, isForPerson ? undefined : json ? 1 : 2);
  const telemetry = await Telemetry.open({ ...logs, clock: systemClock(), version: version() });
  const say = (text: string): void => {
    telemetry.log?.say(text);
    if (isForPerson) io.out(`${clockTime(Date.now())}  ${text}`);
  };
  const only = options.namespaces?.split(",").map((name) => name.trim());
  let running: RunningOperator | undefined;
  const reached = { kubeconfig: options.kubeconfig, context: options.context };
  const door =
    opening &&
    (await openClusterDoor(opening, {
      ...reached,
      namespace: only?.length === 1 ? only[0] : undefined,
      version: version(),
      clock: systemClock(),
      telemetry,
      say,
      dir: state,
      leads: () => running?.leads() ?? false,
      other: () => running?.other(),
    }));
  let server: Server | undefined;
  try {
    running = await runOperator(
      {
        ...reached,
        only,
        leaseNamespace: options.leaseNamespace ?? ownNamespace() ?? only?.[0] ?? "default",
        leaseMs: leaseOf(options.lease),
        identity: `${podName()}-${process.pid}`,
        dir: state,
        version: version(),
        telemetry,
        say,
        tell: (event) => {
          door?.told(event);
          if (!isForPerson || event.kind !== "decided") return;
          for (const { text } of event.records) io.out(`${clockTime(Date.now())}  ${event.service}  ${text}`);
        },
        begins: door?.begins,
        approvalsFor: door && (({ metadata }) => door.approvalsFor(placeIn(metadata))),
        pod: door && ownPod(),
      },
      signal,
    );
    if (door) say(`dashboard and API at ${door.url}`);
    server = health && (await openHealth(health, running.leads));
    const why = await running.ended;
    say(why === undefined ? "ending; traffic and pods go on" : `ending: ${why}; traffic and pods go on`);
    return why === undefined ? 0 : 1;
  } finally {
    server?.close();
    await door?.close();
  }
}

/** What the controller of a cluster does not do is said, and not left out. */
function refuseEvents({ events, eventsOrigin }: TypedEvents): void {
  const given = events !== undefined ? "--events" : eventsOrigin !== undefined ? "--events-origin" : undefined;
  if (given === undefined) return;
  const next = "leave it out, or take events where services run without Kubernetes: serin serve --events HOST:PORT";
  throw badOption(`${given} is not of clusters`, "the controller of a cluster takes no events of users", next);
}

const podName = (): string => process.env["POD_NAME"] ?? hostname();

/** The pod that this runs in, if it runs in one. */
function ownPod(): { readonly namespace: string; readonly name: string } | undefined {
  const namespace = process.env["POD_NAMESPACE"] ?? ownNamespace();
  return namespace === undefined ? undefined : { namespace, name: podName() };
}

function leaseOf(text: string): number {
  const read = readDuration(text, { atLeast: ms(1_000), atMost: ms(300_000) });
  if (read.ok) return read.value;
  throw badOption(`--lease ${text} is no time`, read.message, "name a time, such as --lease 15s");
}

function ownNamespace(): string | undefined {
  try {
    return readFileSync(OWN_NAMESPACE, "utf8").trim();
  } catch {
    return undefined;
  }
}

function addressOf(text: string): Listen {
  const listen = readListen(text.startsWith(":") ? `0.0.0.0${text}` : text);
  if (listen.ok) return listen.value;
  throw badOption(`--health ${text} is no address`, listen.message, "name an address, such as --health :8081");
}

/** What probes ask: whether the process lives, and whether it leads or waits for its turn. Both are well. */
function openHealth({ host, port }: Listen, leads: () => boolean): Promise<Server> {
  const server = createServer((request, response) => {
    const isKnown = request.url === "/healthz" || request.url === "/readyz";
    response.writeHead(isKnown ? 200 : 404, { "content-type": "text/plain" });
    response.end(isKnown ? (leads() ? "leads\n" : "waits\n") : "healthz and readyz are here\n");
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => resolve(server));
  });
}
