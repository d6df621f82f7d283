// How does one release or façade go under a scenario?
import { isStuck } from "../core/group/standing.ts";
import { gateOf, type Standing } from "../core/group/state.ts";
import { GroupStage, lineOf, type GroupStageOptions, type Stand, type Turning } from "./group-stage.ts";
import { PATIENCE_MS, Person } from "./person.ts";
import type { Ending, Moment, Summary } from "./rehearsal.ts";

export interface GroupRehearsalOptions extends GroupStageOptions {
  /** Whether everything that waits for a person is answered with `promote`, not only gates of the members. */
  readonly promote: boolean;
  /** Longest time, in milliseconds of the scenario. */
  readonly limitMs: number;
}

/** What came of one member, until the rehearsal had ended. */
export interface MemberSummary extends Stand {
  /** From 1; the place in its line of a façade's route. */
  readonly wave: number;
  readonly requests: number;
  /** Answered by the new version, and how many of these failed. */
  readonly canaryRequests: number;
  readonly canaryFailed: number;
  /** Answered by nobody. */
  readonly lost: number;
  /** Failed requests, lost ones included, beyond what stable would have failed; at least 0. */
  readonly harm: number;
}

/** What came of one rehearsal of a group, in figures: of all members together, and of each. */
export interface GroupSummary extends Summary {
  readonly members: readonly MemberSummary[];
  /** Nothing where no member was found to be worse. */
  readonly turning?: Turning | undefined;
}

/** A moment of the group, or of a member. */
interface GroupMoment extends Moment {
  readonly of: string;
}

export interface GroupRehearsed extends GroupSummary {
  readonly why: string;
  readonly timeline: readonly GroupMoment[];
  /** What was answered for a person, in the order of asking. */
  readonly answered: readonly string[];
}

/** Plays one group to its end, or to where it needs a person. The same options give the same answer. */
export function rehearseGroup(options: GroupRehearsalOptions): Promise<GroupRehearsed> {
  return new GroupRehearsal(options).go();
}

/** Standings from which a member goes on by itself. */
const MOVES: ReadonlySet<Standing["at"]> = new Set(["starting", "under-way", "going-back"]);

class GroupRehearsal {
  readonly #options: GroupRehearsalOptions;
  readonly #stage: GroupStage;
  readonly #persons: ReadonlyMap<string, Person>;
  readonly #answered: string[] = [];
  /** Since when the group is held or paused. */
  #heldMs: number | undefined;

  constructor(options: GroupRehearsalOptions) {
    this.#options = options;
    const stage = new GroupStage(options);
    this.#stage = stage;
    this.#persons = new Map([...stage.parts.keys()].map((name) => [name, this.#personOf(name)]));
  }

  async go(): Promise<GroupRehearsed> {
    const stage = this.#stage;
    await stage.begin();
    const looks = (): number => [...stage.parts.values()].reduce((sum, { service }) => sum + service.looks, 0);
    const before = looks();
    let ending: Ending | undefined;
    while (ending === undefined) {
      const answers = [...this.#persons.values()].map((person) => person.nextMs(stage.nowMs));
      await stage.step(Math.min(this.#options.limitMs, ...answers));
      ending = this.#look();
    }
    const members = this.#members();
    const sum = (of: (member: MemberSummary) => number): number => members.reduce((all, one) => all + of(one), 0);
    const startMs = stage.world.nowMs - stage.nowMs;
    return {
      seed: this.#options.seed,
      ending,
      virtualMs: stage.nowMs,
      requests: sum(({ requests }) => requests),
      canaryRequests: sum(({ canaryRequests }) => canaryRequests),
      canaryFailed: sum(({ canaryFailed }) => canaryFailed),
      lost: sum(({ lost }) => lost),
      harm: sum(({ harm }) => harm),
      looks: looks() - before,
      members,
      turning: stage.turning,
      why: stage.state?.run?.why ?? stage.turning?.why ?? "",
      timeline: stage.decided.map(({ of, record: { atMs, text, actor } }) => ({
        of,
        atMs: atMs - startMs,
        text: actor ? `${text}, by ${actor}` : text,
      })),
      answered: this.#answered,
    };
  }

  /** Whether it goes route by route, each of which goes back alone. */
  get #isLine(): boolean {
    return this.#options.staged.plan.kind === "facade";
  }

  #personOf(member: string): Person {
    return new Person({
      promote: this.#options.promote,
      except: gateOf(this.#options.staged.group),
      ask: () => {
        const said = this.#persons.get(member)?.answered.at(-1) ?? "";
        this.#answered.push(`${member}: ${said}`);
        this.#stage.ask({ member, verb: "promote", actor: "rehearsal", reason: "answered automatically" });
      },
    });
  }

  #look(): Ending | undefined {
    const { nowMs, asksMore, state } = this.#stage;
    const isOver = nowMs >= this.#options.limitMs;
    const { phase, outcome } = state?.run ?? {};
    if (phase === "ended" && !asksMore) return outcome ?? "stopped";
    const isHeld = phase === "held" || state?.paused !== undefined;
    this.#heldMs = isHeld ? (this.#heldMs ?? nowMs) : undefined;
    const waited = this.#waitedMs();
    const { stands } = this.#stage;
    const goesOn = stands.some(({ service, at }) => MOVES.has(at) && !waited.has(service));
    const left = this.#isLine && !isHeld && waited.size === 0 && !goesOn && !asksMore ? endOf(stands) : undefined;
    if (left) return left;
    const longest = Math.max(...waited.values(), this.#heldMs === undefined ? -1 : nowMs - this.#heldMs);
    if (longest < 0) return isOver ? "waiting" : undefined;
    if (isOver) return "person";
    return longest >= PATIENCE_MS && !asksMore && !goesOn ? "person" : undefined;
  }

  /** For how long each member has waited for a person who is not there. */
  #waitedMs(): ReadonlyMap<string, number> {
    const { world, nowMs, parts } = this.#stage;
    const waited = [...parts].flatMap(([name, { service }]): (readonly [string, number])[] => {
      const known = () => world.stateOf(service)?.rollout;
      const look = { written: service.truth?.rollout, known, nowMs, worldMs: world.nowMs };
      const forMs = this.#persons.get(name)?.look(look);
      return forMs === undefined ? [] : [[name, forMs]];
    });
    return new Map(waited);
  }

  #members(): readonly MemberSummary[] {
    const line = lineOf(this.#options.staged.plan);
    return this.#stage.stands.map((stand): MemberSummary => {
      const totals = this.#stage.parts.get(stand.service)?.service.totals;
      if (!totals) throw new Error(`nobody plays ${stand.service}`);
      return {
        ...stand,
        wave: line.find(({ service }) => service === stand.service)?.wave ?? 1,
        requests: totals.requests,
        canaryRequests: totals.candidate,
        canaryFailed: totals.candidateFailed,
        lost: totals.lost,
        harm: Math.max(0, Math.round(totals.excess)),
      };
    });
  }
}

/** A façade's line stops at a route that is back with legacy; what becomes of it is for a person to say. */
function endOf(stands: readonly Stand[]): Ending | undefined {
  if (!stands.some(({ at }) => isStuck({ at }))) return undefined;
  return stands.some(({ at }) => at === "rolled-back") ? "rolled-back" : "stopped";
}

/** The figures of a rehearsal alone, for one of many. */
export function groupSummaryOf({
  why: _why,
  timeline: _timeline,
  answered: _answered,
  ...summary
}: GroupRehearsed): GroupSummary {
  return summary;
}
