// Where is Serin's state, and who holds it?
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { adapters } from "../adapters/registry.ts";
import { openSqliteJournal, readSqliteJournal } from "../adapters/sqlite/journal.ts";
import { systemClock } from "../adapters/system/clock.ts";
import { openAuditStore } from "../adapters/sqlite/audit.ts";
import { actsFor } from "../api/access/acts.ts";
import { callerHere } from "../api/access/caller.ts";
import { auditIn, headText, type Audit } from "../api/access/audit.ts";
import { sessionFile } from "../api/access/session-file.ts";
import { asker } from "../api/asker.ts";
import { connect, type Client } from "../api/client.ts";
import type { ClusterChoice, ClusterLink } from "../api/cluster/link.ts";
import type { Link } from "../api/contract.ts";
import { openEvents, type EventsOptions, type OpenEvents } from "../api/events.ts";
import { deskOf, type Desk } from "../api/desk.ts";
import { openDoor, type Door, type DoorOptions, type OpenDoor } from "../api/server.ts";
import { SerinError } from "../core/issues.ts";
import { Controller } from "../runtime/controller.ts";
import type { House, Pass, Told } from "../runtime/parts.ts";
import type { Log } from "../telemetry/log.ts";
import { Telemetry, type TelemetryOptions } from "../telemetry/telemetry.ts";
import { acrossRestarts } from "./across.ts";
import { auditFile } from "./audit.ts";
import { orInCluster } from "./cluster-options.ts";
import type { Context } from "./io.ts";
import { lookFromJournal } from "./journal-look.ts";
import { toldLink } from "./told-link.ts";
import { version } from "./version.ts";

/** The state's folder: `--state`, else $SERIN_STATE, else `.serin` in the current folder. */
export function stateDir(option: string | undefined): string {
  return resolve(option ?? process.env["SERIN_STATE"] ?? ".serin");
}

const journalFile = (dir: string): string => join(dir, "journal.db");
const doorFile = (dir: string): string => join(dir, "controller.json");

/** What a controller may be told besides where its state is. */
export interface HostOptions extends Pick<House, "tell" | "pace"> {
  /** What it tells of itself; nothing without it. */
  readonly telemetry?: Omit<TelemetryOptions, "clock" | "version"> | undefined;
  /** Where it takes events of the users of A/B tests; nowhere without it. */
  readonly events?: EventsOptions | undefined;
  /** Where other processes, and browsers, reach it; on a port of the system's choice without it. */
  readonly door?: DoorOptions | undefined;
  /** Takes what there is to tell of the door: files that were read anew. */
  readonly say?: ((text: string) => void) | undefined;
}

/** A controller in this process. */
export interface Hosted extends Desk {
  /** Where it is reached, once it is. */
  readonly url?: string | undefined;
  /** Where it takes events, if it does. */
  readonly eventsUrl?: string | undefined;
  /** Where its metrics are, if it serves them. */
  readonly metricsUrl?: string | undefined;
  /** Its log, if it keeps one. */
  readonly log?: Log | undefined;
}

/** Starts a controller on the state in `dir`. Throws SERIN_JOURNAL_HELD when another one has it. */
async function openController(dir: string, options: HostOptions = {}): Promise<Hosted> {
  const { events: wanted, tell, pace, telemetry: told = {} } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const clock = systemClock();
  const journal = await openSqliteJournal(journalFile(dir));
  const factory = adapters({ dir, clock });
  const telemetry = await Telemetry.open({ ...told, clock, version: version() }).catch(async (error: unknown) => {
    await journal.close();
    throw error;
  });
  const house = {
    clock,
    journal: telemetry.journal(journal),
    factory: telemetry.factory(factory),
    messenger: telemetry.messenger(factory.messenger),
    pace,
    tell: (event: Told) => {
      telemetry.told(event);
      desk.feed.told(event);
      tell?.(event);
    },
    passed: (pass: Pass) => telemetry.passed(pass),
  };
  const controller = new Controller(house);
  const desk = deskOf(controller, clock);
  const link = toldLink(desk, (asked) => telemetry.asked(asked));
  let events: OpenEvents | undefined;
  const close = async (): Promise<void> => {
    await events?.close();
    await link.close();
    await factory.close();
    await telemetry.close();
  };
  try {
    const states = () => controller.list().map(({ state }) => state);
    const state = (name: string) => controller.get(name).state;
    events = wanted && (await openEvents(wanted, { clock, states, state, events: () => factory.events() }));
    await telemetry.serve(() => controller.each());
    await controller.start();
    telemetry.takeUp(controller.list());
  } catch (error) {
    await close();
    throw error;
  }
  return { ...link, close, eventsUrl: events?.url, metricsUrl: telemetry.url, log: telemetry.log };
}

/** The same, and other terminals reach it for as long as it is open. */
export async function hostController(dir: string, options: HostOptions = {}): Promise<Hosted> {
  const link = await openController(dir, options);
  const doors: OpenDoor[] = [];
  let audit: Audit | undefined;
  const close = async (): Promise<void> => {
    // Streams have no end of their own.
    link.feed.close();
    let closing: Promise<void> | undefined;
    await Promise.all(doors.map((door) => door.close(() => (closing ??= link.close()))));
    await (closing ?? link.close());
    audit?.close();
  };
  try {
    const { door: asked = {}, say = () => {} } = options;
    const clock = systemClock();
    audit = auditIn(openAuditStore(auditFile(dir)), clock, (head, note) => {
      link.log?.say(`audit ${headText(head)}: ${note.kind}`, { event: "audit", ...head });
    });
    const keeper = { clock, audit, say };
    // Programs of this machine come by a door of their own where the other one asks for more than the state's token.
    const isForOthers = asked.access !== undefined || asked.tls !== undefined;
    const quiet = { ...keeper, say: () => {} };
    // Four eyes are asked for there, too.
    const own = isForOthers
      ? await openDoor(link, quiet, { access: asked.access })
      : await openDoor(link, keeper, asked);
    doors.push(own);
    const sessions = sessionFile(join(dir, "sessions.json"));
    if (isForOthers) doors.push(await openDoor(link, { ...keeper, sessions }, asked));
    await announce(doorFile(dir), { ...own, ...(link.metricsUrl === undefined ? {} : { metrics: link.metricsUrl }) });
    const withdrawn = async (): Promise<void> => {
      await withdraw(dir);
      await close();
    };
    // What this process asks for itself is written down as well.
    const acts = actsFor(callerHere({ audit, places: link.places, actor: asker() }), link);
    return { ...link, ...acts, close: withdrawn, url: doors.at(-1)?.url };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What is told to other processes. */
interface Announced extends Door {
  /** Where its metrics are, if it serves them. */
  readonly metrics?: string | undefined;
}

/** Where the controller that was last announced serves its metrics, if it does. */
export async function announcedMetrics(dir: string): Promise<string | undefined> {
  const text = await readFile(doorFile(dir), "utf8").catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as Announced).metrics;
}

/** Tells other processes of this user where the controller is. */
export async function announce(file: string, door: Announced): Promise<void> {
  const draft = `${file}.${process.pid}`;
  const { url, token, metrics } = door;
  await writeFile(draft, `${JSON.stringify({ url, token, metrics, pid: process.pid })}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
}

async function withdraw(dir: string): Promise<void> {
  await rm(doorFile(dir), { force: true });
}

/** The controller that runs on this state, if it answers. Who watches a service or group goes on with the one after it. */
export async function findController(dir: string): Promise<Link | undefined> {
  const find = (): Promise<Client | undefined> => reachController(dir);
  const link = await find();
  return (
    link && {
      ...link,
      views: (what) => acrossRestarts(link, what, { find, views: (one, asked) => one.views(asked) }),
      groupViews: (what) => acrossRestarts(link, what, { find, views: (one, asked) => one.groupViews(asked) }),
    }
  );
}

async function reachController(dir: string): Promise<Client | undefined> {
  let door: Door;
  try {
    door = JSON.parse(await readFile(doorFile(dir), "utf8")) as Door;
  } catch {
    return undefined;
  }
  const link = connect(door);
  try {
    await link.whoami();
    return link;
  } catch (error) {
    // After kill -9 the file stays, and its port may be another program's by now, or another controller's.
    if (error instanceof SerinError && ["SERIN_NO_ANSWER", "SERIN_NOT_ALLOWED"].includes(error.trouble.code))
      return undefined;
    throw error;
  }
}

/** Where services are: on this machine, or in a cluster. */
export type Where = Pick<Context, "state" | "cluster">;

/** A link to a cluster. */
export async function openCluster(choice: ClusterChoice): Promise<ClusterLink> {
  // What speaks to clusters is loaded for those who have one.
  const { kubeLink } = await import("../api/cluster/link.ts");
  return kubeLink({ ...choice, version: version() });
}

/** The controller that runs, or the error that says how to start one. */
export async function needController({ state: dir, cluster }: Where): Promise<Link> {
  const link = cluster ? await openCluster(cluster) : await findController(dir);
  if (link) return link;
  throw new SerinError({
    code: "SERIN_NO_CONTROLLER",
    what: `no controller runs on ${dir}`,
    now: "traffic stays at the last split",
    next: `start one with: serin serve${orInCluster()}`,
    exitCode: 2,
  });
}

/** What can be looked at without a controller. */
export type Looking = Pick<
  Link,
  "where" | "list" | "get" | "groups" | "group" | "records" | "views" | "groupViews" | "close"
>;

/** The controller that runs, or what its journal says when none does. */
export async function lookInto({ state: dir, cluster }: Where): Promise<Looking> {
  if (cluster) return openCluster(cluster);
  const found = await findController(dir);
  if (found) return found;
  const journal = await readSqliteJournal(journalFile(dir)).catch((error: unknown) => {
    if (!(error instanceof SerinError) || error.trouble.code !== "SERIN_JOURNAL_MISSING") throw error;
    const { next = "" } = error.trouble;
    throw new SerinError({ ...error.trouble, next: `${next.replace(/\.$/u, "")}${orInCluster()}` }, { cause: error });
  });
  return lookFromJournal(journal);
}
