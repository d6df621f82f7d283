// Who may start a proxy here at this moment?
import { randomUUID } from "node:crypto";
import {
  closeSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { SerinError } from "../core/issues.ts";

const REFRESH_MS = 2_000;
/** A holder shows that it lives every two seconds; one that has not for so long is gone, whatever its pid says. */
const STALE_MS = 15_000;
const LOOK_AGAIN_MS = 20;

/** Runs `work` while nobody else runs theirs under the same file, in this process or another. */
export async function withLock<T>(file: string, waitMs: number, work: () => Promise<T>): Promise<T> {
  const mine = `${process.pid} ${randomUUID()}`;
  const deadline = Date.now() + waitMs;
  while (!take(file, mine)) {
    if (Date.now() >= deadline) throw busy(file, waitMs);
    breakIfStale(file);
    await pause(LOOK_AGAIN_MS);
  }
  const refresh = setInterval(() => touch(file), REFRESH_MS);
  refresh.unref();
  try {
    return await work();
  } finally {
    clearInterval(refresh);
    if (holderOf(file) === mine) rmSync(file, { force: true });
  }
}

function take(file: string, mine: string): boolean {
  try {
    const descriptor = openSync(file, "wx", 0o600);
    writeSync(descriptor, mine);
    closeSync(descriptor);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function holderOf(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

function touch(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // The folder is gone; so is what the lock was for.
  }
}

/** Removes a lock whose holder is gone, and only that one: another may have replaced it in between. */
function breakIfStale(file: string): void {
  const holder = holderOf(file);
  if (holder === undefined || !isStale(file, holder)) return;
  const aside = `${file}.${randomUUID()}`;
  try {
    renameSync(file, aside);
    if (readFileSync(aside, "utf8") !== holder) linkSync(aside, file);
  } catch {
    // Somebody else was faster.
  }
  rmSync(aside, { force: true });
}

function isStale(file: string, holder: string): boolean {
  const age = ageOf(file);
  if (age > STALE_MS) return true;
  const pid = Number(holder.split(" ")[0]);
  // A lock is empty for the moment between its creation and its first line.
  return Number.isInteger(pid) && pid > 0 ? !isAlive(pid) : age > 1_000;
}

function ageOf(file: string): number {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

/** Whether some process has this id. It need not be the one that once had it. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function busy(file: string, waitMs: number): SerinError {
  return new SerinError({
    code: "SERIN_PROXY_BUSY",
    what: `Another process has been starting this proxy for more than ${Math.round(waitMs / 1000)} s.`,
    found: `${file} is held by process ${holderOf(file)?.split(" ")[0] ?? "unknown"}`,
    now: "A proxy that runs goes on as before.",
    next: "Try again; if that process hangs, end it.",
  });
}
