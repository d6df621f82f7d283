// How do the members of one group follow its decisions?
import type { Answer, Command } from "../core/engine/input.ts";
import type { ServiceState } from "../core/engine/state.ts";
import type { Ask, GroupCommand, GroupDecision, GroupInput, Refused } from "../core/group/input.ts";
import { GROUP_FORMAT, namesOf, type GroupState } from "../core/group/state.ts";
import { stepGroup } from "../core/group/step.ts";
import { messageOf, SerinError } from "../core/issues.ts";
import { ms } from "../core/units.ts";
import type { Saved, Seq } from "../ports/journal.ts";
import { within } from "./ask.ts";
import { PACE, type House, type Pace } from "./parts.ts";

/** The services that a group's members are. */
export interface Peers {
  stateOf(service: string): ServiceState | undefined;
  send(service: string, command: Command): Promise<Answer>;
  remove(service: string): Promise<void>;
}

interface Pending {
  readonly command: GroupCommand;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** A member answers when its own loop has written down what was asked. */
const ASK_MS = 20_000;

/** Looks at the members, decides, writes down, and only then asks; then again. */
export class GroupLoop {
  state: GroupState;
  /** What does not work right now, by part. */
  readonly troubles = new Map<string, string>();
  private readonly house: House;
  private readonly peers: Peers;
  private readonly pace: Pace;
  private seq: Seq;
  private savedAtMs = 0;
  private saved: GroupState | undefined;
  private refused: readonly Refused[] = [];
  private pending: Pending[] = [];
  private readonly stopping = new AbortController();
  private wake = new AbortController();
  private done: Promise<void> = Promise.resolve();

  constructor(at: { readonly house: House; readonly peers: Peers }, state: GroupState, seq: Seq) {
    this.house = at.house;
    this.peers = at.peers;
    this.pace = { ...PACE, ...at.house.pace };
    this.state = state;
    this.seq = seq;
    this.saved = seq === 0 ? undefined : state;
  }

  start(): void {
    this.done = this.run();
  }

  /** Stops deciding; the members go on by themselves. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.wake.abort();
    await this.done;
    for (const { command, reject } of this.pending.splice(0)) reject(tooLate(this.state.group, command));
  }

  /** Looks at the members now, and not only when it is time to. */
  look(): void {
    this.wake.abort();
  }

  /** Resolves with the answer once it is written down. */
  send(command: GroupCommand): Promise<Answer> {
    if (this.stopping.signal.aborted) return Promise.reject(tooLate(this.state.group, command));
    return new Promise((resolve, reject) => {
      this.pending.push({ command, resolve, reject });
      this.wake.abort();
    });
  }

  private async run(): Promise<void> {
    while (!this.stopping.signal.aborted) {
      this.wake = new AbortController();
      try {
        await this.tick();
        this.clear("controller");
      } catch (error) {
        this.trouble("controller", error);
      }
      if (this.stopping.signal.aborted) return;
      if (this.pending.length === 0) await this.house.clock.sleep(ms(this.pauseMs()), this.wake.signal);
    }
  }

  private pauseMs(): number {
    const isQuiet = this.state.run === undefined || this.state.run.phase === "ended";
    return isQuiet ? this.pace.idleMs : this.pace.activeMs;
  }

  /** One pass: look at the members, decide, write down, then ask. */
  async tick(): Promise<void> {
    const taken = this.pending.splice(0);
    try {
      const decision = stepGroup(this.state, this.observe(taken.map(({ command }) => command)));
      await this.write(decision);
      this.state = decision.state;
      this.refused = [];
      for (const { command, resolve } of taken.splice(0)) {
        resolve(decision.answers.find(({ id }) => id === command.id) ?? { id: command.id, text: "" });
      }
      const { records } = decision;
      if (records.length > 0) this.house.tell?.({ kind: "decided", service: this.state.group, records });
      await this.askAll(decision.asks);
    } catch (error) {
      for (const { reject } of taken) reject(error);
      throw error;
    }
  }

  private observe(commands: readonly GroupCommand[]): GroupInput {
    const asked = commands.flatMap((command) => (command.kind === "apply" ? Object.keys(command.targets) : []));
    const names = new Set([
      ...namesOf(this.state),
      ...Object.keys(this.state.members),
      ...this.state.leaving,
      ...asked,
    ]);
    const members = Object.fromEntries([...names].map((name) => [name, this.peers.stateOf(name)]));
    return { nowMs: this.house.clock.now(), members, commands, refused: this.refused };
  }

  /** Nothing is asked of anybody before what it follows from is in the journal. Counts alone may wait. */
  private async write({ state, records, asks, answers }: GroupDecision): Promise<void> {
    const { clock, journal } = this.house;
    const isDue = clock.now() - this.savedAtMs >= this.pace.saveIdleMs;
    const mustSave = records.length > 0 || this.saved === undefined || this.saved.members !== state.members;
    const isTold = answers.some(({ refused }) => !refused);
    if (state === this.saved || !(mustSave || isTold || asks.some(({ command }) => !command) || isDue)) return;
    try {
      this.seq = await journal.append(state.group, this.seq, { format: GROUP_FORMAT, state, records });
      this.saved = state;
      this.savedAtMs = clock.now();
      this.clear("journal");
    } catch (error) {
      this.trouble("journal", error);
      await this.catchUp();
      throw error;
    }
  }

  /** What stands in the journal is what was decided, whoever wrote it. */
  private async catchUp(): Promise<void> {
    const saved = await this.house.journal.load(this.state.group).catch(() => undefined);
    if (!saved) return;
    this.state = readGroup(this.state.group, saved);
    this.saved = this.state;
    this.seq = saved.seq;
  }

  private async askAll(asks: readonly Ask[]): Promise<void> {
    const answers = await Promise.all(asks.map((ask) => this.ask(ask)));
    this.refused = answers.flatMap((refused) => refused ?? []);
  }

  private async ask({ service, command }: Ask): Promise<Refused | undefined> {
    try {
      const { clock } = this.house;
      const answer = await within(clock, ASK_MS, async () =>
        command ? this.peers.send(service, command) : this.peers.remove(service).then(() => undefined),
      );
      this.clear(service);
      const trouble = answer?.refused;
      return trouble && command && { service, kind: command.kind, code: trouble.code, what: trouble.what };
    } catch (error) {
      // What a member refuses before it is there is thrown: a port that another program holds.
      this.trouble(service, error);
      if (!(error instanceof SerinError) || !command || error.trouble.exitCode !== 2) return undefined;
      return { service, kind: command.kind, code: error.trouble.code, what: error.trouble.what };
    }
  }

  private trouble(part: string, error: unknown): void {
    const why = messageOf(error);
    if (this.troubles.get(part) === why) return;
    this.troubles.set(part, why);
    const code = error instanceof SerinError ? error.trouble.code : undefined;
    this.house.tell?.({ kind: "trouble", service: this.state.group, part, why, code });
  }

  private clear(part: string): void {
    if (!this.troubles.delete(part)) return;
    this.house.tell?.({ kind: "cleared", service: this.state.group, part });
  }
}

/** The state of a group as it was saved. Throws a SerinError for a format not yet known. */
export function readGroup(group: string, { format, state }: Saved): GroupState {
  if (format === GROUP_FORMAT) return state as GroupState;
  throw new SerinError({
    code: "SERIN_JOURNAL_NEWER",
    what: `the journal of ${group} was written by a newer Serin`,
    found: `format ${format}; this one knows format ${GROUP_FORMAT}`,
    now: "its members go on by themselves",
    next: "use the newer Serin",
  });
}

function tooLate(group: string, { kind }: GroupCommand): SerinError {
  return new SerinError({
    code: "SERIN_LETS_GO",
    what: `${kind} of ${group} was not carried out: the controller lets go of it`,
    now: "its members go on by themselves",
    next: "start a controller with serin serve and ask again",
  });
}
