// How does each revision behave at this moment?
import type { Behaviour } from "../adapters/memory/workload.ts";
import type { Traits } from "./scenario.ts";
import { answersOf, behaviourOf, GOOD, tellsOf, withTraits } from "./traits.ts";
import type { Tells } from "./signals.ts";
import type { Answers } from "./traffic.ts";

/** Whoever is meant by `everything`. */
const EVERYTHING = "everything";

/** What the cast must know of the world. */
export interface Surroundings {
  /** Since the scenario began. */
  readonly nowMs: () => number;
  /** The share of the traffic that a revision has, 0…1. */
  readonly share: (revision: string) => number;
}

interface Said {
  readonly of: string;
  readonly traits: Traits;
  readonly atMs: number;
}

interface Outage {
  readonly of: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly errors: number;
}

/** All that was said of one revision so far. */
interface Standing {
  readonly traits: Traits;
  readonly answers: Answers;
  readonly behaviour: Behaviour;
  readonly drift?: { readonly from: number; readonly to: number; readonly fromMs: number; readonly overMs: number };
}

/** Knows what was said of revisions, and in which order. */
export class Cast {
  readonly #around: Surroundings;
  #said: Said[] = [];
  #outages: Outage[] = [];
  #standing = new Map<string, Standing>();

  constructor(around: Surroundings) {
    this.#around = around;
  }

  say(said: Said): void {
    this.#said.push(said);
    this.#standing.clear();
  }

  outage(outage: Outage): void {
    this.#outages.push(outage);
  }

  behaviour(revision: string): Behaviour {
    return this.#of(revision).behaviour;
  }

  answers(revision: string): Answers {
    const { answers, traits, drift } = this.#of(revision);
    if (!drift && !traits.errorsFrom && this.#outages.length === 0) return answers;
    const nowMs = this.#around.nowMs();
    let { errors } = answers;
    if (drift) {
      const part = Math.min(1, Math.max(0, (nowMs - drift.fromMs) / Math.max(1, drift.overMs)));
      errors = drift.from + (drift.to - drift.from) * part;
    }
    const { errorsFrom } = traits;
    if (errorsFrom && this.#around.share(revision) >= errorsFrom.share) ({ errors } = errorsFrom);
    for (const { of, fromMs, toMs, errors: more } of this.#outages) {
      const isHit = (of === EVERYTHING || of === revision) && nowMs >= fromMs && nowMs < toMs;
      // A request fails by the outage, or else as it would have.
      if (isHit) errors = more + (1 - more) * errors;
    }
    return errors === answers.errors ? answers : { ...answers, errors };
  }

  tells(revision: string, others: string): Tells {
    return tellsOf(this.#of(revision).traits, this.#of(others).traits);
  }

  #of(revision: string): Standing {
    const known = this.#standing.get(revision);
    if (known) return known;
    let traits: Traits = GOOD;
    let drift: Standing["drift"];
    for (const said of this.#said) {
      if (said.of !== revision && said.of !== EVERYTHING) continue;
      const before = traits.errors ?? GOOD.errors;
      traits = withTraits(traits, said.traits);
      const asked = said.traits.drift;
      if (asked) drift = { from: before, to: asked.errors, fromMs: said.atMs, overMs: asked.overMs };
      else if ("errors" in said.traits) drift = undefined;
    }
    const standing = { traits, answers: answersOf(traits), behaviour: behaviourOf(traits), ...(drift && { drift }) };
    this.#standing.set(revision, standing);
    return standing;
  }
}
