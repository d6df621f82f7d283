// How do others find the pod of the controller that leads?
import type { KubeClient, Ref } from "../adapters/kubernetes/client/client.ts";
import { RESOURCES } from "../adapters/kubernetes/client/objects.ts";
import { LEADS } from "../adapters/kubernetes/names.ts";
import { messageOf } from "../core/issues.ts";
import { ms } from "../core/units.ts";
import type { Clock } from "../ports/clock.ts";

interface Marking {
  readonly client: Pick<KubeClient, "merge">;
  readonly clock: Clock;
  readonly pod: Ref | undefined;
  readonly say: (text: string) => void;
}

const CALL_MS = 5_000;
const AGAIN_MS = 1_000;
const AGAIN_AT_MOST_MS = 30_000;

/** The label that the dashboard's Service selects a pod by. Whatever comes of it, leading goes on. */
export class PodMark {
  readonly #marking: Marking;
  /** Ends the tries for what was wished last. */
  #wish = new AbortController();
  #tries = Promise.resolve();
  #said = "";

  constructor(marking: Marking) {
    this.#marking = marking;
  }

  /** Gives the pod the label, or takes it off; resolves after the first try. It is tried until it is done or the opposite is wished. */
  async set(leads: boolean): Promise<void> {
    this.#wish.abort();
    const wish = new AbortController();
    this.#wish = wish;
    // One after the other: an earlier wish that is answered late must not come last.
    const first = this.#tries.then(() => this.#try(leads));
    this.#tries = first.then((isDone) => (isDone ? undefined : this.#again(leads, wish.signal)));
    await first;
  }

  /** Tries no more. */
  close(): void {
    this.#wish.abort();
  }

  async #again(leads: boolean, signal: AbortSignal): Promise<void> {
    for (let waitMs = AGAIN_MS; ; waitMs = Math.min(2 * waitMs, AGAIN_AT_MOST_MS)) {
      await this.#marking.clock.sleep(ms(waitMs), signal);
      if (signal.aborted || (await this.#try(leads))) return;
    }
  }

  async #try(leads: boolean): Promise<boolean> {
    const { client, pod, say } = this.#marking;
    if (!pod) return true;
    const patch = { metadata: { labels: { [LEADS]: leads ? "true" : null } } };
    try {
      await client.merge({ resource: RESOURCES.pods, ...pod }, patch, { signal: AbortSignal.timeout(CALL_MS) });
      this.#said = "";
      return true;
    } catch (error) {
      const now = `pod ${pod.name} is not marked as ${leads ? "the one that leads" : "one that waits"} yet: ${messageOf(error)}`;
      if (now !== this.#said) say(now);
      this.#said = now;
      return false;
    }
  }
}
