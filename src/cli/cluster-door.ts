// How do people and programs reach the controller of a cluster?
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { openAuditStore } from "../adapters/sqlite/audit.ts";
import { auditIn, headText } from "../api/access/audit.ts";
import type { Place } from "../api/access/places.ts";
import { clusterDesk, type Seat } from "../api/cluster/desk.ts";
import { deskInTurn } from "../api/cluster/in-turn.ts";
import { Reach, type ReachOptions } from "../api/cluster/reach.ts";
import type { Desk } from "../api/desk.ts";
import { Refused } from "../api/http/problem.ts";
import { openDoor, type DoorOptions } from "../api/server.ts";
import type { Trouble } from "../core/issues.ts";
import type { Clock } from "../ports/clock.ts";
import type { Told } from "../runtime/parts.ts";
import type { Telemetry } from "../telemetry/telemetry.ts";
import { auditFile } from "./audit.ts";
import { announce } from "./home.ts";
import { toldLink } from "./told-link.ts";

/** No command looks for it by itself: what is meant for a machine must not reach a cluster. */
const announced = (dir: string): string => join(dir, "kube-controller.json");

interface Keeper extends ReachOptions {
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly say: (text: string) => void;
  /** Absolute folder of the state. */
  readonly dir: string;
  /** Whether this controller leads now, and who does instead. */
  readonly leads: () => boolean;
  readonly other: () => string | undefined;
}

/** The door of a controller of a cluster. */
export interface ClusterDoor {
  readonly url: string;
  /** Takes in what is looked after from now on. */
  readonly begins: (seats: readonly Seat[]) => void;
  /** Takes in what the controller tells. */
  readonly told: (event: Told) => void;
  readonly approvalsFor: (place: Place) => number | undefined;
  readonly close: () => Promise<void>;
}

/** Opens it before the controller leads: until then it says who does. */
export async function openClusterDoor(options: DoorOptions, keeper: Keeper): Promise<ClusterDoor> {
  const { clock, telemetry, say, dir } = keeper;
  let desk: Desk | undefined;
  const standby = (): Trouble | undefined => (desk && keeper.leads() ? undefined : notLeading(keeper.other()));
  const now = (): Desk => {
    if (desk) return desk;
    throw new Refused(notLeading(keeper.other()), 503);
  };
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const audit = auditIn(openAuditStore(auditFile(dir)), clock, (head, note, entry) => {
    // The folder of a pod goes with it: whoever collects the log has all that was asked.
    telemetry.log?.say(`audit ${headText(head)}: ${note.kind}`, { event: "audit", ...head, entry });
  });
  const door = await openDoor(deskInTurn(now), { clock, audit, say }, { ...options, standby }).catch(
    (error: unknown) => {
      audit.close();
      throw error;
    },
  );
  // Whoever keeps an access file says in it who may come in; nobody comes by this folder.
  const isAnnounced = options.access === undefined;
  if (isAnnounced) await announce(announced(dir), door);
  return {
    url: door.url,
    begins: (seats) => {
      const led = clusterDesk(seats, { clock, reach: new Reach(keeper) });
      desk = toldLink(led, (asked) => telemetry.asked(asked));
    },
    told: (event) => desk?.feed.told(event),
    approvalsFor: door.approvalsFor,
    close: async () => {
      if (isAnnounced) await rm(announced(dir), { force: true });
      // Streams have no end of their own.
      desk?.feed.close();
      await door.close(async () => desk?.close());
      audit.close();
    },
  };
}

function notLeading(other: string | undefined): Trouble {
  return {
    code: "SERIN_NOT_LEADING",
    what: "this controller stands by: it looks after nothing now",
    found: other === undefined ? "nobody is known to lead; one will within moments" : `the controller ${other} leads`,
    now: "rollouts go on as they are decided by the one that leads",
    next: "ask that one: in the cluster the Service serin-dashboard leads to it",
  };
}
