// How does the API server hear of a pod, whenever it can be reached?
import { setTimeout as sleep } from "node:timers/promises";
import { isStatus, type Api } from "../api.ts";
import type { Pod } from "../objects.ts";

const AGAIN_MS = 100;

const pathOf = ({ metadata }: Pod): string => `/api/v1/namespaces/${metadata.namespace}/pods/${metadata.name}`;

/** Whether a pod of that name is another one: somebody else's write at the same moment is a conflict, too. */
const isOther = (error: unknown): boolean => isStatus(error, 409) && String(error).includes("UID");

/** Tells one pod's status, one after the other and only the newest. */
export class Reporter {
  readonly #api: Api;
  readonly #pod: Pod;
  readonly #status: () => object;
  #isNew = false;
  #isOver = false;
  #telling: Promise<void> | undefined;

  constructor(api: Api, pod: Pod, status: () => object) {
    this.#api = api;
    this.#pod = pod;
    this.#status = status;
  }

  changed(): void {
    this.#isNew = true;
    this.#telling ??= this.#tell().finally(() => (this.#telling = undefined));
  }

  /** Takes the pod's object away, once its last status was told. */
  async gone(): Promise<void> {
    await this.#telling;
    this.#isOver = true;
    const data = { gracePeriodSeconds: 0, preconditions: { uid: this.#pod.metadata.uid } };
    await this.#insist(() => this.#api.call("DELETE", pathOf(this.#pod), { data }));
  }

  /** Says nothing more. */
  end(): void {
    this.#isOver = true;
  }

  async #tell(): Promise<void> {
    while (this.#isNew && !this.#isOver) {
      this.#isNew = false;
      // With its uid, so that another pod of that name is left alone.
      const data = { metadata: { uid: this.#pod.metadata.uid }, status: this.#status() };
      const body = { data, type: "strategic-merge-patch+json" };
      await this.#insist(() => this.#api.call("PATCH", `${pathOf(this.#pod)}/status`, body));
    }
  }

  /** Asks until there is an answer. A pod that is gone or another one needs no more. */
  async #insist(ask: () => Promise<unknown>): Promise<void> {
    for (;;) {
      try {
        await ask();
        return;
      } catch (error) {
        if (isStatus(error, 404, 422) || isOther(error)) return;
        await sleep(AGAIN_MS);
      }
    }
  }
}
