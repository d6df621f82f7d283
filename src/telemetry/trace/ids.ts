// Which ids do the spans of a rollout have, whoever tells of them and however often?
import { createHash } from "node:crypto";

const digest = (text: string): string => createHash("sha256").update(text).digest("hex");

/** 32 hexadecimal digits, the same for one rollout for ever. */
export const traceIdOf = (rollout: string): string => digest(`serin trace ${rollout}`).slice(0, 32);

/** 16 hexadecimal digits, the same for one span for ever; `key` is "" for the root. */
export const spanIdOf = (rollout: string, key: string): string => digest(`serin span ${rollout} ${key}`).slice(0, 16);
