// Which streams send now, and which a moment later?

/** How many streams are served before what they wrote is handed to the system. */
const AT_ONCE = 8;

interface Sender {
  pump(): void;
}

/**
 * A change that concerns every stream is written a few streams at a time: the first ones' bytes are on their way before the
 * last ones' are made. What changes in one turn of the event loop goes out together.
 */
export class Turns {
  #waiting: Sender[] = [];
  #running = false;

  /** Must not be called again for a sender before its `pump` was. */
  add(sender: Sender): void {
    this.#waiting.push(sender);
    if (this.#running) return;
    this.#running = true;
    queueMicrotask(() => this.#run());
  }

  #run(): void {
    const now = this.#waiting.splice(0, AT_ONCE);
    this.#running = this.#waiting.length > 0;
    if (this.#running) setImmediate(() => this.#run());
    for (const sender of now) sender.pump();
  }
}
