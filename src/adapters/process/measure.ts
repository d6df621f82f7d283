// What does the operating system count for each process?
import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { promisify } from "node:util";
import { errnoOf } from "./errors.ts";

/** What one process uses. Zombies are among them: until they are noticed, what they have used stands nowhere else. */
export interface Measured {
  readonly pid: number;
  readonly group: number;
  readonly session: number;
  /** The same text as in system.ts. */
  readonly birth: string;
  /** Only waits to be noticed. */
  readonly zombie: boolean;
  /** Processor time of itself, and of children that have ended and were waited for. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Not there where the system does not say. */
  readonly threads?: number;
}

/** What is dearer to read, for the processes of one replica. `why` when the system refuses. */
export type Detail = { readonly value: number } | { readonly why: string };

/** The looks at a system. */
export interface Meter {
  readonly processes: () => Promise<readonly Measured[]>;
  readonly details?: Details;
}

/** What not every system tells. Of processes that have ended since the look nothing is added. */
export interface Details {
  /** Open descriptors. */
  readonly files: (of: readonly Measured[]) => Detail;
  /** Bytes that system calls have read, those of ended children too. */
  readonly read: (of: readonly Measured[]) => Detail;
  /** The same, written. */
  readonly written: (of: readonly Measured[]) => Detail;
}

/** /proc counts in hundredths of a second, whatever the kernel's own ticks are (USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Linux: everything from /proc. */
export function procMeter(): Meter {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
  const page = pageBytes(readFileSync("/proc/self/auxv"));
  const details = { files: new Last(descriptors), read: new Last(bytesRead), written: new Last(bytesWritten) };
  return {
    processes: async () => {
      // Nothing here waits for a disk, and one look for all processes at once shows one moment.
      const all = pids().flatMap((pid) => measured(pid, { boot, page }));
      for (const one of Object.values(details)) one.keep(all);
      return all;
    },
    details: {
      files: (of) => details.files.sum(of),
      read: (of) => details.read.sum(of),
      written: (of) => details.written.sum(of),
    },
  };
}

function pids(): readonly number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0);
}

const AT_PAGESZ = 6n;

/** The size of a page of memory, from what the kernel hands to each program. 4 KiB where it does not say. */
function pageBytes(auxv: Buffer): number {
  for (let at = 0; at + 16 <= auxv.length; at += 16) {
    if (auxv.readBigUInt64LE(at) === AT_PAGESZ) return Number(auxv.readBigUInt64LE(at + 8));
  }
  return 4_096;
}

interface Units {
  readonly boot: string;
  readonly page: number;
}

function measured(pid: number, { boot, page }: Units): readonly Measured[] {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    // It has ended since it was listed.
    return [];
  }
  // The name, in brackets, may hold anything; the numbers are behind its end. The first of them is field 3.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const field = (number: number): number => Number(fields[number - 3]);
  const state = fields[0] ?? "";
  return [
    {
      pid,
      group: field(5),
      session: field(6),
      birth: `${boot}.${fields[19]}`,
      zombie: state === "Z" || state === "X",
      cpuSeconds: (field(14) + field(15) + field(16) + field(17)) / TICKS_PER_SECOND,
      residentBytes: field(24) * page,
      threads: field(20),
    },
  ];
}

/**
 * One value of processes, with what was read last of each: a zombie does not show its own to everyone, but will hand it
 * on to its parent, where it must not count again.
 */
class Last {
  readonly #read: (pid: number) => number;
  #known = new Map<string, number>();

  constructor(read: (pid: number) => number) {
    this.#read = read;
  }

  sum(of: readonly Measured[]): Detail {
    let value = 0;
    for (const one of of) {
      const key = keyOf(one);
      try {
        if (!one.zombie) this.#known.set(key, this.#read(one.pid));
      } catch (error) {
        // Ended since it was listed, or somebody else's by now: what is not allowed is not made up.
        if (!["ENOENT", "ESRCH"].includes(errnoOf(error))) return { why: `may not be read (${errnoOf(error)})` };
      }
      value += this.#known.get(key) ?? 0;
    }
    return { value };
  }

  /** Forgets all others. */
  keep(all: readonly Measured[]): void {
    if (this.#known.size === 0) return;
    const kept = all.flatMap((one) => {
      const value = this.#known.get(keyOf(one));
      return value === undefined ? [] : [[keyOf(one), value] as const];
    });
    this.#known = new Map(kept);
  }
}

function keyOf({ pid, birth }: Measured): string {
  return `${pid} ${birth}`;
}

function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function bytesRead(pid: number): number {
  return bytesOf(pid, /^rchar: (\d+)/mu);
}

function bytesWritten(pid: number): number {
  return bytesOf(pid, /^wchar: (\d+)/mu);
}

function bytesOf(pid: number, pattern: RegExp): number {
  const [, bytes = "0"] = pattern.exec(readFileSync(`/proc/${pid}/io`, "latin1")) ?? [];
  return Number(bytes);
}

const run = promisify(execFile);
const PS = ["-axo", "pid=,pgid=,stat=,lstart=,time=,rss="];
const PS_OPTIONS = { env: { PATH: "/bin:/usr/bin", LC_ALL: "C", TZ: "UTC" }, maxBuffer: 64 * 1_048_576 };
const PS_LINE = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s+([\d:.-]+)\s+(\d+)\s*$/u;

/** Elsewhere: processor time and memory, from ps. Of children that have ended it says nothing. */
export function psMeter(): Meter {
  return {
    processes: async () => {
      const { stdout } = await run("ps", PS, PS_OPTIONS);
      return stdout.split("\n").flatMap((line) => {
        const [, pid, group, state = "", birth = "", time = "", kibibytes] = PS_LINE.exec(line) ?? [];
        if (pid === undefined) return [];
        return [
          {
            pid: Number(pid),
            group: Number(group),
            session: Number(group),
            birth,
            zombie: state.startsWith("Z"),
            cpuSeconds: secondsOf(time),
            residentBytes: Number(kibibytes) * 1_024,
          },
        ];
      });
    },
  };
}

/** `1-02:03:04` as on Linux, `62:03.40` as on macOS. */
export function secondsOf(time: string): number {
  const [, days = "0", clock = ""] = /^(?:(\d+)-)?([\d:.]+)$/u.exec(time) ?? [];
  return clock.split(":").reduce((seconds, part) => seconds * 60 + Number(part), 0) + Number(days) * 86_400;
}
