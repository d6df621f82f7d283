// How does a controller run for a long time?
import { checkOpening } from "../api/access/access.ts";
import type { DoorOptions } from "../api/server.ts";
import { readListen } from "../core/spec/listen.ts";
import type { Told } from "../runtime/parts.ts";
import type { Log } from "../telemetry/log.ts";
import { badOption } from "./bad-option.ts";
import { eventsOptions, type TypedEvents } from "./events-options.ts";
import { hostController } from "./home.ts";
import type { Context, Io } from "./io.ts";
import { clockTime } from "./paint.ts";
import { telemetryOptions, type TypedTelemetry } from "./telemetry-options.ts";

/** The options as they are typed. */
export interface TypedServe extends TypedEvents, TypedTelemetry {
  readonly listen?: string | undefined;
  readonly access?: string | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly behindProxy?: boolean | undefined;
}

/** Where the dashboard is expected to be, or at any other port when several controllers run. */
export const USUAL_DOOR: DoorOptions = { listen: { host: "127.0.0.1", port: 7070 }, orElse: true, browser: true };

/** Where to listen: as it is said, else at the usual address, or at any other port when several controllers run. */
function doorOptions({ listen, access, tlsCert: cert, tlsKey: key, behindProxy }: TypedServe): DoorOptions {
  const next = "name both: --tls-cert FILE --tls-key FILE";
  if ((cert === undefined) !== (key === undefined))
    throw badOption("a certificate and its key go together", "found one of them", next);
  const tls = cert === undefined || key === undefined ? undefined : { cert, key };
  const door = { browser: true, access, tls, behindProxy };
  if (listen === undefined) return { ...USUAL_DOOR, orElse: access === undefined, ...door };
  const read = readListen(listen);
  if (read.ok) return { listen: read.value, ...door };
  throw badOption(`--listen ${listen} is no address`, read.message, "name an address, such as --listen 127.0.0.1:7070");
}

/** The same for a cluster, where nothing is opened that nobody asks for. */
export function clusterDoorOptions(options: TypedServe): DoorOptions | undefined {
  if (options.listen !== undefined) return doorOptions(options);
  const names = { access: "--access", tlsCert: "--tls-cert", tlsKey: "--tls-key", behindProxy: "--behind-proxy" };
  const given = Object.entries(names).find(([key]) => options[key as keyof typeof names] !== undefined);
  if (given === undefined) return undefined;
  const why = "in a cluster the dashboard and the API are nowhere unless --listen says where";
  throw badOption(`${given[1]} goes with --listen`, why, "name an address too, such as --listen 127.0.0.1:7070");
}

/**
 * Runs the controller until it is asked to end. Traffic and replicas outlive it. A person at a terminal reads text; a
 * program reads the log: on standard output with `--json`, else on standard error.
 */
export async function serveCommand(options: TypedServe, { io, json, state, signal }: Context): Promise<number> {
  const [events, door] = [eventsOptions(options), doorOptions(options)];
  const isForPerson = !json && readByPerson(process.env["SERIN_LOG"]);
  const telemetry = telemetryOptions(options, isForPerson ? undefined : json ? 1 : 2);
  await checkOpening(door);
  let log: Log | undefined;
  const say = (text: string): void => {
    log?.say(text);
    if (isForPerson) io.out(`${clockTime(Date.now())}  ${text}`);
  };
  const link = await hostController(state, { events, door, telemetry, say, ...(isForPerson && { tell: teller(io) }) });
  ({ log } = link);
  const services = await link.list();
  const count = `${services.length} ${services.length === 1 ? "service" : "services"}`;
  say(`serving ${state}: ${count}; commands: serin --state ${state} get`);
  if (link.url !== undefined) say(`dashboard and API at ${link.url}`);
  if (link.eventsUrl !== undefined) say(`taking events of users at ${link.eventsUrl}`);
  if (link.metricsUrl !== undefined) say(`metrics at ${link.metricsUrl}/metrics`);
  await ended(signal);
  say("ending; traffic and replicas go on");
  await link.close();
  return 0;
}

/** What is recorded as a person would see it says `SERIN_LOG=text`. */
export function readByPerson(wanted: string | undefined): boolean {
  if (wanted !== undefined && wanted !== "" && wanted !== "text" && wanted !== "json") {
    const next = "leave it out: text is for terminals, and json for everything else";
    throw badOption(`SERIN_LOG is ${wanted}`, "it is text or json", next);
  }
  return wanted ? wanted === "text" : process.stdout.isTTY;
}

function teller(io: Pick<Io, "out">): (event: Told) => void {
  const say = (service: string, text: string): void =>
    io.out(`${clockTime(Date.now())}  ${service ? `${service}  ` : ""}${text}`);
  return (event) => {
    const { service } = event;
    if (event.kind === "decided") for (const { text } of event.records) say(service, text);
    else if (event.kind === "trouble") say(service, `${event.part}: ${event.why}`);
    else if (event.kind === "cleared") say(service, `${event.part} works again`);
    else say(service, "is gone");
  };
}

function ended(signal: AbortSignal): Promise<void> {
  // The open port keeps the process alive meanwhile.
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
