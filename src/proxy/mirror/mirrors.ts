// Which lanes of a worker have their requests copied?
import type { Route } from "../../core/split.ts";
import type { MirroredIn } from "./messages.ts";
import { Mirroring, type MirroringOptions } from "./mirroring.ts";
import { strain } from "./strain.ts";

/** The mirrorings of one worker, by section. Each has room for copies of its own: no service's copies take another's. */
export class Mirrors {
  readonly #options: MirroringOptions;
  readonly #all = new Map<string, Mirroring>();

  constructor(options: Omit<MirroringOptions, "isStrained">) {
    this.#options = { ...options, isStrained: strain() };
  }

  /** From now on copies are made as this route of the section wants it, by what this answers with; none without a mirror. */
  follow(section: string, route: Route | undefined): Mirroring | undefined {
    const wanted = route?.split.mirror !== undefined;
    let mirroring = this.#all.get(section);
    if (!mirroring && wanted) this.#all.set(section, (mirroring = new Mirroring(this.#options)));
    mirroring?.follow(route);
    return wanted ? mirroring : undefined;
  }

  /** Replicas that answer a copy at this moment. */
  busy(): readonly string[] {
    return [...this.#all.values()].flatMap((mirroring) => mirroring.busy());
  }

  /** What was counted since this was last asked. */
  news(): readonly MirroredIn[] {
    const news = [...this.#all].flatMap(([section, mirroring]) =>
      mirroring.news().map((mirrored) => Object.assign({ section }, mirrored)),
    );
    for (const [section, mirroring] of this.#all) if (mirroring.over) this.#all.delete(section);
    return news;
  }

  /** Ends the threads; what they have not told is lost. */
  async terminate(): Promise<void> {
    await Promise.all([...this.#all.values()].map((mirroring) => mirroring.terminate()));
  }
}
