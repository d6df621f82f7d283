// Who looks after all services at once?
import { newService } from "../core/engine/decide.ts";
import { traffic } from "../core/engine/texts.ts";
import { withAtLeast } from "../core/engine/approve.ts";
import type { Answer, ApplyCommand, Command } from "../core/engine/input.ts";
import type { DecisionRecord, ServiceState } from "../core/engine/state.ts";
import { isGroupName } from "../core/group/state.ts";
import { SerinError } from "../core/issues.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { ms } from "../core/units.ts";
import type { ReplicaLog } from "../ports/workload.ts";
import { within } from "./ask.ts";
import { decisionsAfter } from "./decisions.ts";
import { Groups } from "./groups.ts";
import type { Measured } from "./measured.ts";
import type { House, Told } from "./parts.ts";
import { readState } from "./saved.ts";
import { ServiceLoop } from "./service.ts";

/** So long the replicas' logs may take to be read. */
const LOGS_MS = ms(5_000);

/** A service as it can be looked at. */
export interface Seen {
  readonly state: ServiceState;
  /** What the last look saw; nothing before the first. */
  readonly world: ServiceLoop["seen"];
  readonly measured: Measured | undefined;
  /** What does not work right now, by part. */
  readonly troubles: Readonly<Record<string, string>>;
}

/** Runs one loop per service. A slow or failing part of one delays no other. */
export class Controller {
  private readonly house: House;
  private readonly loops = new Map<string, ServiceLoop>();
  /** Services that are looked after together. */
  readonly groups: Groups;
  /** How many people must approve a rollout at least, whatever its file says: asked when a file, or a group, brings it. */
  approvalsFor: (rollout: Rollout) => number | undefined = () => undefined;

  constructor(house: House) {
    const tell = (event: Told): void => {
      house.tell?.(event);
      // Whatever it is a part of goes back, or on, at once.
      if (isTurn(event)) this.groups.lookAt(event.service);
    };
    this.house = { ...house, tell };
    this.groups = new Groups(house, {
      stateOf: (service) => this.stateOf(service),
      send: (service, command) => this.send(service, command),
      remove: (service) => this.remove(service),
    });
  }

  /** Takes up every service and group in the journal where it was left. */
  async start(): Promise<void> {
    const names = await this.house.journal.list();
    for (const service of names.filter((name) => !isGroupName(name))) {
      const saved = await this.house.journal.load(service);
      if (saved) this.add(new ServiceLoop(this.house, readState(service, saved), saved.seq));
    }
    for (const group of names.filter(isGroupName)) await this.groups.take(group);
  }

  /** Lets go of everything; traffic and replicas stay as they are. */
  async stop(): Promise<void> {
    await Promise.all([this.groups.stop(), ...[...this.loops.values()].map((loop) => loop.stop())]);
    this.loops.clear();
    await this.house.journal.close();
  }

  /** Carries a command out and answers when it is written down. Throws a SerinError for a service not known. */
  async send(service: string, asked: Command): Promise<Answer> {
    if (asked.kind === "apply") await this.check(service, asked);
    // Nothing is waited for between this and the loop: whatever is asked of all services then reaches this one, too.
    const command = asked.kind === "apply" ? this.approvable(asked) : asked;
    const known = this.loops.get(service);
    if (known) return known.send(command);
    if (command.kind !== "apply") throw this.unknown(service);
    const loop = new ServiceLoop(this.house, newService(command), 0);
    // Before it begins, so that its first pass has something to write down.
    const sent = loop.send(command);
    this.add(loop);
    try {
      const answer = await sent;
      if (answer.refused) {
        await this.forget(loop);
        await this.house.journal.remove(service);
      }
      return answer;
    } catch (error) {
      // Whether it was written is what the journal says; when that cannot be read, the service stays.
      const isUnwritten = await this.house.journal.load(service).then(
        (saved) => saved === undefined,
        () => false,
      );
      if (isUnwritten) await this.forget(loop);
      throw error;
    }
  }

  /** A release has been read long before its last wave comes. */
  private approvable(command: ApplyCommand): ApplyCommand {
    const { spec } = command;
    return { ...command, spec: withAtLeast(spec, this.approvalsFor(spec)) };
  }

  /** Refuses what could never be done, before anything has changed. */
  private async check(service: string, { spec, origin }: Extract<Command, { kind: "apply" }>): Promise<void> {
    try {
      await this.house.factory.check?.({ service, spec, origin });
    } catch (error) {
      if (!(error instanceof SerinError)) throw error;
      const known = this.loops.get(service);
      const now = `nothing was changed; ${known ? traffic(known.state) : `${service} is not there yet`}`;
      throw new SerinError({ ...error.trouble, now }, { cause: error });
    }
  }

  /** Lets go of a service that has not come into being. */
  private async forget(loop: ServiceLoop): Promise<void> {
    await loop.stop();
    this.loops.delete(loop.state.service);
  }

  list(): readonly Seen[] {
    return [...this.each()];
  }

  /** The same, one by one: each is looked at when its turn comes. */
  *each(): Iterable<Seen> {
    for (const loop of this.loops.values()) yield seenOf(loop);
  }

  /** The names of all services. */
  names(): Iterable<string> {
    return this.loops.keys();
  }

  /** Throws a SerinError for a service not known. */
  get(service: string): Seen {
    return seenOf(this.loopOf(service));
  }

  find(service: string): Seen | undefined {
    const loop = this.loops.get(service);
    return loop && seenOf(loop);
  }

  /** Its state alone, which costs nothing to look at; nothing for a service not known. */
  stateOf(service: string): ServiceState | undefined {
    return this.loops.get(service)?.state;
  }

  /** Decisions with a version above `after`, oldest first, at most `limit`. */
  async records(service: string, after: number, limit: number): Promise<readonly DecisionRecord[]> {
    if (isGroupName(service)) this.groups.get(service);
    else this.get(service);
    return decisionsAfter(this.house.journal, service, { after, limit });
  }

  /** The last lines of each replica of a pool; nothing where somebody else keeps them. Throws a SerinError for a service not known. */
  async logs(service: string, pool: string, lines: number): Promise<readonly ReplicaLog[] | undefined> {
    const { workload } = await this.loopOf(service).theWorkload();
    return within(this.house.clock, LOGS_MS, async (call) => workload.logs?.(pool, lines, call));
  }

  /** Whether it looks after a service of this name. */
  has(service: string): boolean {
    return this.loops.has(service);
  }

  /** Has a service looked at now: something that it rests on has changed. Nothing happens for one that is not known. */
  rouse(service: string): void {
    this.loops.get(service)?.rouse();
  }

  /** Lets go of a service that somebody else has taken away; what is left of it stays as it is. */
  async drop(service: string): Promise<void> {
    const loop = this.loops.get(service);
    if (loop) await this.forget(loop);
  }

  /** Ends a service: its traffic, its replicas and what is known of it. */
  async remove(service: string): Promise<void> {
    await this.loopOf(service).remove();
    this.loops.delete(service);
  }

  private loopOf(service: string): ServiceLoop {
    const loop = this.loops.get(service);
    if (!loop) throw this.unknown(service);
    return loop;
  }

  private add(loop: ServiceLoop): void {
    this.loops.set(loop.state.service, loop);
    loop.start();
  }

  private unknown(service: string): SerinError {
    return unknownService(service, [...this.loops.keys()]);
  }
}

const isTurn = (event: Told): boolean =>
  event.kind === "decided" && event.records.some(({ kind }) => kind === "back" || kind === "ended");

/** The answer to a name that nobody has. */
export function unknownService(service: string, names: readonly string[]): SerinError {
  return new SerinError({
    code: "SERIN_UNKNOWN_SERVICE",
    what: `there is no service "${service}"`,
    found: names.length > 0 ? `services: ${names.join(", ")}` : "no service at all",
    next: "serin apply FILE",
    exitCode: 2,
  });
}

function seenOf(loop: ServiceLoop): Seen {
  return {
    state: loop.state,
    world: loop.seen,
    // Few of those who look want to know, and it is most of the work.
    get measured() {
      return loop.meter.measure(loop.state.pools);
    },
    troubles: Object.fromEntries(loop.troubles),
  };
}
