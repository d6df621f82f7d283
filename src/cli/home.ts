// Where is Serin's state, and who holds it?
import { chmod, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { adapters } from "../adapters/registry.ts";
import { openSqliteJournal, readSqliteJournal } from "../adapters/sqlite/journal.ts";
import { systemClock } from "../adapters/system/clock.ts";
import { connect } from "../api/client.ts";
import type { Link } from "../api/contract.ts";
import { openEvents, type EventsOptions, type OpenEvents } from "../api/events.ts";
import { localLink } from "../api/local.ts";
import { openDoor, type Door } from "../api/server.ts";
import { SerinError } from "../core/issues.ts";
import { Controller } from "../runtime/controller.ts";
import type { House } from "../runtime/parts.ts";
import { lookFromJournal } from "./journal-look.ts";

/** The state's folder: `--state`, else $SERIN_STATE, else `.serin` in the current folder. */
export function stateDir(option: string | undefined): string {
  return resolve(option ?? process.env["SERIN_STATE"] ?? ".serin");
}

const journalFile = (dir: string): string => join(dir, "journal.db");
const doorFile = (dir: string): string => join(dir, "controller.json");

/** What a controller may be told besides where its state is. */
export interface HostOptions extends Pick<House, "tell" | "pace"> {
  /** Where it takes events of the users of A/B tests; nowhere without it. */
  readonly events?: EventsOptions | undefined;
}

/** A controller in this process. */
export interface Hosted extends Link {
  /** Where it takes events, if it does. */
  readonly eventsUrl?: string | undefined;
}

/** Starts a controller on the state in `dir`. Throws SERIN_JOURNAL_HELD when another one has it. */
export async function openController(dir: string, options: HostOptions = {}): Promise<Hosted> {
  const { events: wanted, ...told } = options;
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const clock = systemClock();
  const journal = await openSqliteJournal(journalFile(dir));
  const factory = adapters({ dir, clock });
  const controller = new Controller({ clock, journal, factory, messenger: factory.messenger, ...told });
  const link = localLink(controller, clock);
  let events: OpenEvents | undefined;
  const close = async (): Promise<void> => {
    await events?.close();
    await link.close();
    await factory.close();
  };
  try {
    const states = () => controller.list().map(({ state }) => state);
    const house = {
      clock,
      states,
      state: (name: string) => controller.get(name).state,
      events: () => factory.events(),
    };
    events = wanted && (await openEvents(wanted, house));
    await controller.start();
  } catch (error) {
    await close();
    throw error;
  }
  return { ...link, close, eventsUrl: events?.url };
}

/** The same, and other terminals reach it for as long as it is open. */
export async function hostController(dir: string, options: HostOptions = {}): Promise<Hosted> {
  const link = await openController(dir, options);
  try {
    const door = await openDoor(link);
    await announce(dir, door);
    const close = async (): Promise<void> => {
      await withdraw(dir);
      await door.close(() => link.close());
    };
    return { ...link, close };
  } catch (error) {
    await link.close();
    throw error;
  }
}

/** Tells other processes of this user where the controller is. */
async function announce(dir: string, door: Door): Promise<void> {
  const file = doorFile(dir);
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify({ ...door, pid: process.pid })}\n`, { mode: 0o600 });
  await chmod(draft, 0o600);
  await rename(draft, file);
}

async function withdraw(dir: string): Promise<void> {
  await rm(doorFile(dir), { force: true });
}

/** The controller that runs on this state, if it answers. */
export async function findController(dir: string): Promise<Link | undefined> {
  let door: Door;
  try {
    door = JSON.parse(await readFile(doorFile(dir), "utf8")) as Door;
  } catch {
    return undefined;
  }
  const link = connect(door);
  try {
    await link.list();
    return link;
  } catch (error) {
    // After kill -9 the file stays, and its port may be another program's by now, or another controller's.
    if (error instanceof SerinError && ["SERIN_NO_ANSWER", "SERIN_NOT_ALLOWED"].includes(error.trouble.code))
      return undefined;
    throw error;
  }
}

/** The controller that runs, or the error that says how to start one. */
export async function needController(dir: string): Promise<Link> {
  const link = await findController(dir);
  if (link) return link;
  throw new SerinError({
    code: "SERIN_NO_CONTROLLER",
    what: `no controller runs on ${dir}`,
    now: "traffic stays at the last split",
    next: "start one with: serin serve",
    exitCode: 2,
  });
}

/** What can be looked at without a controller. */
export type Looking = Pick<Link, "list" | "get" | "groups" | "group" | "records" | "close">;

/** The controller that runs, or what its journal says when none does. */
export async function lookInto(dir: string): Promise<Looking> {
  return (await findController(dir)) ?? lookFromJournal(await readSqliteJournal(journalFile(dir)));
}
