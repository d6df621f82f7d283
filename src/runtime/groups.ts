// Who looks after all groups of services?
import type { Answer } from "../core/engine/input.ts";
import type { ServiceState } from "../core/engine/state.ts";
import type { GroupApply, GroupCommand } from "../core/group/input.ts";
import { newGroup, type GroupState } from "../core/group/state.ts";
import { SerinError } from "../core/issues.ts";
import { GroupLoop, readGroup, type Peers } from "./group.ts";
import type { House } from "./parts.ts";

/** A group as it can be looked at. */
export interface SeenGroup {
  readonly state: GroupState;
  readonly members: Readonly<Record<string, ServiceState | undefined>>;
  readonly troubles: Readonly<Record<string, string>>;
}

/** Runs one loop per group. */
export class Groups {
  readonly house: House;
  readonly peers: Peers;
  private readonly loops = new Map<string, GroupLoop>();

  constructor(house: House, peers: Peers) {
    this.house = house;
    this.peers = peers;
  }

  /** Takes up a group where it was left. */
  async take(group: string): Promise<void> {
    const saved = await this.house.journal.load(group);
    if (saved) this.add(new GroupLoop(this, readGroup(group, saved), saved.seq));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.loops.values()].map((loop) => loop.stop()));
    this.loops.clear();
  }

  /** Carries a command out and answers when it is written down. Throws a SerinError for a group not known. */
  async send(group: string, command: GroupCommand): Promise<Answer> {
    if (command.kind === "apply") this.refuseTaken(group, command);
    const known = this.loops.get(group);
    if (known) return known.send(command);
    if (command.kind !== "apply") throw this.unknown(group);
    const loop = new GroupLoop(this, newGroup(group, command.plan), 0);
    this.add(loop);
    try {
      const answer = await loop.send(command);
      if (answer.refused) await this.forget(loop);
      return answer;
    } catch (error) {
      if (loop.state.version === 0) await this.forget(loop);
      throw error;
    }
  }

  /** Something has come of a service: whatever it is a part of looks at it now. */
  lookAt(service: string): void {
    for (const loop of this.loops.values()) if (service in loop.state.members) loop.look();
  }

  list(): readonly SeenGroup[] {
    return [...this.loops.values()].map((loop) => this.seen(loop));
  }

  /** Throws a SerinError for a group not known. */
  get(group: string): SeenGroup {
    const loop = this.loops.get(group);
    if (!loop) throw this.unknown(group);
    return this.seen(loop);
  }

  /** The façade that a service is a part of. */
  facadeOf(service: string): string | undefined {
    return [...this.loops.values()].find(({ state }) => state.plan.kind === "facade" && service in state.members)?.state
      .group;
  }

  /** Ends a group. A façade's services end with it, the first one's proxy last; those of a release go on. */
  async remove(group: string): Promise<void> {
    const loop = this.loops.get(group);
    if (!loop) throw this.unknown(group);
    await loop.stop();
    const { plan } = loop.state;
    if (plan.kind === "facade") {
      const services = [...loop.state.leaving, ...plan.line.map(({ service }) => service), plan.rest];
      for (const service of services) if (this.peers.stateOf(service)) await this.peers.remove(service);
    }
    await this.house.journal.remove(group);
    this.loops.delete(group);
    this.house.tell?.({ kind: "removed", service: group });
  }

  /** A façade makes its services; one that is there already is somebody else's. */
  private refuseTaken(group: string, { plan, targets }: GroupApply): void {
    if (plan.kind !== "facade") return;
    const taken = Object.keys(targets).find(
      (service) => this.peers.stateOf(service) && this.facadeOf(service) !== group,
    );
    if (taken === undefined) return;
    throw new SerinError({
      code: "SERIN_NAME_TAKEN",
      what: `${group} would make the service ${taken}, which is there already`,
      now: "nothing was changed",
      next: `give the façade another name, or take the service down with: serin down ${taken}`,
      exitCode: 2,
    });
  }

  private async forget(loop: GroupLoop): Promise<void> {
    await loop.stop();
    this.loops.delete(loop.state.group);
    await this.house.journal.remove(loop.state.group);
  }

  private add(loop: GroupLoop): void {
    this.loops.set(loop.state.group, loop);
    loop.start();
  }

  private seen({ state, troubles }: GroupLoop): SeenGroup {
    const names = Object.keys(state.members);
    const members = Object.fromEntries(names.map((name) => [name, this.peers.stateOf(name)]));
    return { state, members, troubles: Object.fromEntries(troubles) };
  }

  private unknown(group: string): SerinError {
    return unknownGroup(group, [...this.loops.keys()]);
  }
}

/** The answer to the name of a group that nobody has. */
export function unknownGroup(group: string, names: readonly string[]): SerinError {
  return new SerinError({
    code: "SERIN_UNKNOWN_SERVICE",
    what: `there is no group "${group}"`,
    found: names.length > 0 ? `groups: ${names.join(", ")}` : "no group at all",
    next: "serin apply FILE",
    exitCode: 2,
  });
}
