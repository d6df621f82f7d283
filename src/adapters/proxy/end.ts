// How is a proxy taken away, without cutting off a request?
import { SerinError } from "../../core/issues.ts";
import { ms } from "../../core/units.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Call } from "../../ports/observed.ts";
import { ask } from "../../proxy/control-client.ts";
import { isAlive } from "../../proxy/lock.ts";
import type { Settings } from "../../proxy/settings.ts";
import type { Control } from "../../proxy/store.ts";

/** Beyond the drain time, until a proxy that was told to stop is ended by force. */
const GRACE_MS = 5_000;
const LOOK_EVERY_MS = ms(25);

export interface EndOptions {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly call: Call;
}

/** Lets it drain and waits until its process has gone; one that hangs is killed. It has just proved who it is. */
export async function endProxy(control: Control, { settings, clock, call }: EndOptions): Promise<void> {
  const { status } = await ask(control, { method: "POST", path: "/stop", signal: call.signal });
  if (status !== 202) throw stays(settings, `it answers ${status} to /stop`);
  const deadline = clock.now() + settings.drainMs + GRACE_MS;
  while (isAlive(control.pid)) {
    if (call.signal.aborted) throw stays(settings, "it still lets requests end");
    if (clock.now() > deadline) kill(control.pid);
    await clock.sleep(LOOK_EVERY_MS, call.signal);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}

function stays({ name }: Settings, found: string): SerinError {
  return new SerinError({
    code: "SERIN_PROXY_STAYS",
    what: `The proxy of ${name} has not ended yet.`,
    found,
    now: "It takes no new connections.",
    next: "Take the service down again: it waits for the rest, and ends a proxy that hangs.",
  });
}
