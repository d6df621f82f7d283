// Which parts of a message stand in the environment of the program that is run for it?
import type { Message } from "./message.ts";

const NAMED = [
  "service",
  "rollout",
  "candidate",
  "stable",
  "phase",
  "step",
  "share",
  "event",
  "severity",
  "text",
  "id",
];

/** `SERIN_SERVICE`, `SERIN_ROLLOUT` and so on; `SERIN_NAME` is the hook's. */
export function environmentOf({ name, payload }: Message): Readonly<Record<string, string>> {
  const named = NAMED.flatMap((part) => {
    const value = payload[part];
    const isPlain = typeof value === "string" || typeof value === "number";
    // No process can be given a zero byte.
    return isPlain ? [[`SERIN_${part.toUpperCase()}`, String(value).replaceAll("\0", "")] as const] : [];
  });
  return { ...Object.fromEntries(named), SERIN_NAME: name };
}
