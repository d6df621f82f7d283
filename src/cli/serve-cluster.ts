// How does a controller look after a cluster?
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { hostname } from "node:os";
import { systemClock } from "../adapters/system/clock.ts";
import { readListen, type Listen } from "../core/spec/listen.ts";
import { readDuration } from "../core/spec/durations.ts";
import { ms } from "../core/units.ts";
import { runOperator } from "../operator/host.ts";
import { Telemetry } from "../telemetry/telemetry.ts";
import { badOption } from "./bad-option.ts";
import type { Context } from "./io.ts";
import { clockTime } from "./paint.ts";
import { readByPerson } from "./serve.ts";
import { telemetryOptions, type TypedTelemetry } from "./telemetry-options.ts";
import { version } from "./version.ts";

/** The options as they are typed. */
export interface TypedCluster extends TypedTelemetry {
  readonly kubernetes?: boolean | undefined;
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespaces?: string | undefined;
  readonly leaseNamespace?: string | undefined;
  readonly lease: string;
  readonly health?: string | undefined;
  /** Of the dashboard, which a cluster does not have. */
  readonly listen?: string | undefined;
}

/** Where a pod's namespace stands. */
const OWN_NAMESPACE = "/var/run/secrets/kubernetes.io/serviceaccount/namespace";

/** Looks after a cluster's Rollouts until it is asked to end, or another controller leads. */
export async function serveClusterCommand(
  options: TypedCluster,
  { io, json, state, signal }: Context,
): Promise<number> {
  if (options.listen !== undefined)
    throw badOption(
      "--listen is for services of this machine",
      "--kubernetes is there too",
      "a cluster is asked by its own API: leave --listen out",
    );
  const health = options.health === undefined ? undefined : addressOf(options.health);
  const isForPerson = !json && readByPerson(process.env["SERIN_LOG"]);
  const logs = telemetryOptions(options, isForPerson ? undefined : json ? 1 : 2);
  const telemetry = await Telemetry.open({ ...logs, clock: systemClock(), version: version() });
  const say = (text: string): void => {
    telemetry.log?.say(text);
    if (isForPerson) io.out(`${clockTime(Date.now())}  ${text}`);
  };
  const only = options.namespaces?.split(",").map((name) => name.trim());
  const running = await runOperator(
    {
      kubeconfig: options.kubeconfig,
      context: options.context,
      only,
      leaseNamespace: options.leaseNamespace ?? ownNamespace() ?? only?.[0] ?? "default",
      leaseMs: leaseOf(options.lease),
      identity: `${process.env["POD_NAME"] ?? hostname()}-${process.pid}`,
      dir: state,
      version: version(),
      telemetry,
      say,
      tell: (event) => {
        if (!isForPerson || event.kind !== "decided") return;
        for (const { text } of event.records) io.out(`${clockTime(Date.now())}  ${event.service}  ${text}`);
      },
    },
    signal,
  );
  const server = health && (await openHealth(health, running.leads));
  try {
    const why = await running.ended;
    say(why === undefined ? "ending; traffic and pods go on" : `ending: ${why}; traffic and pods go on`);
    return why === undefined ? 0 : 1;
  } finally {
    server?.close();
  }
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
