// Where do the tests of messages deliver from?
import { mkdtempSync, realpathSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMessenger } from "../../../src/adapters/messenger/messenger.ts";
import { systemClock } from "../../../src/adapters/system/clock.ts";
import type { Message, Target } from "../../../src/core/outbox/message.ts";
import { payloadOf } from "../../../src/core/outbox/payload.ts";
import { ms, weight } from "../../../src/core/units.ts";
import type { Call } from "../../../src/ports/observed.ts";
import type { Carriage } from "../../../src/ports/messenger.ts";

export const ID = "shop/12/smoke test";

export const PAYLOAD = payloadOf({
  id: ID,
  service: "shop",
  rollout: 3,
  candidate: "r-2",
  stable: "r-1",
  phase: "Progressing",
  share: weight(50_000),
  event: "verdict",
  severity: "error",
  text: 'errors <3> "worse" & slower',
  metadata: { team: "payments" },
});

export function message(target: Target): Message {
  return {
    id: ID,
    name: "smoke test",
    purpose: "hook",
    target,
    payload: PAYLOAD,
    timeoutMs: ms(10_000),
    failed: 0,
    retries: 0,
    dueMs: ms(0),
  };
}

const messenger = createMessenger({ clock: systemClock() });

/** One attempt. */
export function deliver(target: Target, signal: Call["signal"] = new AbortController().signal): Promise<Carriage> {
  return messenger.deliver(message(target), { signal });
}

/** A folder of one test. */
export class Folder {
  readonly dir = realpathSync(mkdtempSync(join(tmpdir(), "serin-messenger-")));

  path(name: string): string {
    return join(this.dir, name);
  }

  async remove(): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
  }
}
