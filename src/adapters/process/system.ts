// Which processes run on this machine, and whose are they?
import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { promisify } from "node:util";

/** What Serin puts into the environment of each of its processes, and reads back from it. */
export interface Mark {
  /** SERIN_STATE: the folder of the service's state. */
  readonly state: string;
  readonly replica: string;
  readonly pool: string;
  readonly revision: string;
  readonly host: string;
  readonly port: number;
}

/** One process. Zombies do not count: they only wait to be noticed. */
export interface SeenProcess {
  readonly pid: number;
  readonly group: number;
  readonly session: number;
  /** With `pid` the identity of a process: no two ever have both the same. */
  readonly birth: string;
  readonly mark?: Mark | undefined;
}

const run = promisify(execFile);
const PS_OPTIONS = { env: { PATH: "/bin:/usr/bin", LC_ALL: "C", TZ: "UTC" }, maxBuffer: 64 * 1_048_576 };

/** Every process that this user may see. */
export async function processes(): Promise<readonly SeenProcess[]> {
  if (process.platform !== "linux") return processesByPs();
  const names = await readdir("/proc");
  const pids = names.map(Number).filter((pid) => Number.isInteger(pid) && pid > 0);
  const all = await Promise.all(
    pids.map(async (pid) => {
      const seen = await lookAt(pid);
      return seen && Object.assign(seen, { mark: await markOf(pid) });
    }),
  );
  return all.filter((seen) => seen !== undefined);
}

let running: Promise<unknown> = Promise.resolve();
let waiting: Promise<readonly SeenProcess[]> | undefined;

/**
 * The same for many who ask at once: those who ask while it looks share the next look. It never begins before it was
 * asked for, so that nothing that had been started by then is missed.
 */
export function processesForAll(): Promise<readonly SeenProcess[]> {
  waiting ??= running.then(() => {
    waiting = undefined;
    const look = processes();
    running = look.catch(() => undefined);
    return look;
  });
  return waiting;
}

/** The birth of a process; undefined when there is none of that number, or only a zombie. */
export async function birthOf(pid: number): Promise<string | undefined> {
  if (process.platform === "linux") return (await lookAt(pid))?.birth;
  const { stdout } = await run("ps", ["-p", String(pid), "-o", "stat=,lstart="], PS_OPTIONS).catch(() => ({
    stdout: "",
  }));
  const [, state = "Z", birth] = /^\s*(\S+)\s+(.+?)\s*$/.exec(stdout) ?? [];
  return state.startsWith("Z") ? undefined : birth;
}

/** Every process by `ps`, which macOS has instead of /proc. Exported because Linux has a `ps` too, to test it with. */
export async function processesByPs(): Promise<readonly SeenProcess[]> {
  const { stdout } = await run("ps", ["axeww", "-o", "pid=,pgid=,stat=,lstart=,command="], PS_OPTIONS);
  return stdout.split("\n").flatMap((line) => {
    const [, pid, group, state, birth, rest] =
      /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s(.*)$/.exec(line) ?? [];
    if (!pid || !group || !state || !birth || state.startsWith("Z")) return [];
    const mark = markFrom((rest ?? "").split(" "));
    return [{ pid: Number(pid), group: Number(group), session: Number(group), birth, mark }];
  });
}

let bootId: Promise<string> | undefined;

/** Process numbers and births repeat from boot to boot, so the boot belongs to the identity. */
function boot(): Promise<string> {
  bootId ??= readFile("/proc/sys/kernel/random/boot_id", "utf8").then(
    (text) => text.slice(0, 8),
    () => "boot",
  );
  return bootId;
}

async function lookAt(pid: number): Promise<SeenProcess | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  if (stat === undefined) return undefined;
  // The name, in brackets, may hold anything; the numbers are behind its end. The first of them is field 3.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, , group, session] = fields;
  if (state === "Z" || state === "X") return undefined;
  return { pid, group: Number(group), session: Number(session), birth: `${await boot()}.${fields[19]}` };
}

async function markOf(pid: number): Promise<Mark | undefined> {
  const text = await readFile(`/proc/${pid}/environ`, "utf8").catch(() => "");
  return text.includes("SERIN_REPLICA=") ? markFrom(text.split("\0")) : undefined;
}

function markFrom(pairs: readonly string[]): Mark | undefined {
  const value = (name: string): string =>
    pairs.findLast((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";
  const [state, replica] = [value("SERIN_STATE"), value("SERIN_REPLICA")];
  if (!state || !replica) return undefined;
  const [pool, revision] = [value("SERIN_POOL"), value("SERIN_REVISION")];
  return { state, replica, pool, revision, host: value("HOST"), port: Number(value("PORT")) };
}
