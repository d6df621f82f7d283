// What does a receiver get to know?
import type { Payload, Target } from "./message.ts";

export function payloadOf(about: Readonly<Record<string, unknown>>): Payload {
  return about;
}

export function anchored(target: Target, origin: string): Target {
  return target.kind === "command" && target.cwd === "" ? { ...target, cwd: origin } : target;
}
