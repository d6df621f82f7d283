// How does one connection to a Service get to a pod, and to another one when that pod ends?
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { Endpoint, Standing } from "./endpoints.ts";

/** What a connection asks about the pods behind its Service. */
export interface Backing {
  choose(): Endpoint | undefined;
  standingOf(endpoint: Endpoint): Standing;
}

/** News of a pod's end may come after its last word, the later the busier the machine. */
const NEWS_MS = 5_000;
/** A pod that ends closes what is idle; a request that was on its way at that moment is no longer than this underway. */
const CROSSED_MS = 3_000;
const LOOK_MS = 10;
/** More than that is not kept to be sent again. */
const KEPT_BYTES = 1_048_576;

/**
 * Passes bytes on. A pod that ends on purpose closes its idle connections, and the client's next request, which may be on
 * its way already, goes to another pod: that race is the fixture's own, since pods here need no time to be taken out of
 * use. Whatever else breaks a connection, a pod that crashes or that is killed over a request, breaks it for the client.
 */
export class Connection {
  readonly #client: Socket;
  readonly #backing: Backing;
  #pod: Socket | undefined;
  #endpoint: Endpoint | undefined;
  /** What the client sent since the pod's last word. */
  #unanswered: Buffer[] = [];
  #sentAt = 0;
  #isOver = false;
  #hasEnded = false;

  constructor(client: Socket, backing: Backing) {
    this.#client = client;
    this.#backing = backing;
    client.setNoDelay(true);
    client.on("data", (part: Buffer) => this.#sent(part));
    client.on("end", () => {
      this.#hasEnded = true;
      if (this.#pod) this.#pod.end();
      else this.#end();
    });
    client.on("error", () => this.#end());
    client.on("close", () => this.#end());
    client.on("drain", () => this.#pod?.resume());
    this.#dial();
  }

  #dial(): void {
    const endpoint = this.#backing.choose();
    if (!endpoint) return this.#break();
    this.#endpoint = endpoint;
    const pod = connect({ ...endpoint, allowHalfOpen: true, noDelay: true });
    this.#pod = pod;
    for (const part of this.#unanswered) pod.write(part);
    if (this.#hasEnded) pod.end();
    // It may have been stopped for the last pod.
    this.#client.resume();
    pod.on("data", (part) => {
      this.#unanswered = [];
      if (!this.#client.write(part)) pod.pause();
    });
    pod.on("drain", () => this.#client.resume());
    let isLost = false;
    const lost = (): void => {
      if (isLost) return;
      isLost = true;
      pod.destroy();
      if (this.#pod !== pod || this.#isOver) return;
      this.#pod = undefined;
      void this.#lost(endpoint);
    };
    pod.on("end", lost);
    pod.on("error", lost);
    pod.on("close", lost);
  }

  #sent(part: Buffer): void {
    if (this.#unanswered.length === 0) this.#sentAt = Date.now();
    this.#unanswered.push(part);
    if (!this.#pod) {
      // While it is being found out what became of the last pod, what comes waits.
      if (!this.#endpoint) this.#dial();
    } else if (!this.#pod.write(part)) this.#client.pause();
  }

  /** The pod has closed. */
  async #lost(endpoint: Endpoint): Promise<void> {
    if (this.#hasEnded && this.#unanswered.length === 0) return this.#end();
    const crossed = this.#unanswered.length > 0 && Date.now() - this.#sentAt <= CROSSED_MS;
    const idle = this.#unanswered.length === 0;
    const isOnPurpose = await this.#endsOnPurpose(endpoint);
    // One that refuses already may be said to serve for another moment.
    await sleep(LOOK_MS);
    if (this.#isOver) return;
    this.#endpoint = undefined;
    if (!isOnPurpose) return idle ? this.#end() : this.#break();
    if (idle && this.#unanswered.length === 0) return;
    const kept = this.#unanswered.reduce((total, part) => total + part.length, 0);
    if ((crossed || idle) && kept <= KEPT_BYTES) this.#dial();
    else this.#break();
  }

  async #endsOnPurpose(endpoint: Endpoint): Promise<boolean> {
    const deadline = Date.now() + NEWS_MS;
    for (;;) {
      const standing = this.#backing.standingOf(endpoint);
      if (standing === "ends" || standing === "gone") return true;
      if (this.#isOver || Date.now() > deadline) return false;
      await sleep(LOOK_MS);
    }
  }

  /** As the pod's own end would be. */
  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#client.end();
    this.#client.destroySoon();
    this.#pod?.destroy();
  }

  /** As a connection that nobody takes. */
  #break(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#client.resetAndDestroy();
    this.#pod?.destroy();
  }
}
