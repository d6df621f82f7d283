// How is a replica's process started?
import { type ChildProcess, spawn } from "node:child_process";
import { open, stat } from "node:fs/promises";
import type { ProcessTemplate } from "../../core/process-template.ts";
import { messageOf } from "../../core/issues.ts";
import { errnoOf } from "./errors.ts";
import type { House } from "./house.ts";
import { logOf, type ReplicaRecord } from "./records.ts";

/** A process that runs, or why there is none. `hopeless`: trying again will not help until a person does something. */
export type Launched =
  | { readonly child: ChildProcess; readonly pid: number }
  | { readonly why: string; readonly hopeless: boolean };

/** Starts the process in a session of its own, so that it outlives the controller. */
export async function launch(house: House, record: ReplicaRecord, template: ProcessTemplate): Promise<Launched> {
  const files = house.files.pathOf(record.revision);
  const filled = (text: string): string => text.replaceAll("{files}", files).replaceAll("{port}", String(record.port));
  const [program = "", ...args] = template.command.map(filled);
  const log = await open(house.logs.pathOf(logOf(record)), "a", 0o600);
  try {
    const child = spawn(program, args, {
      cwd: template.cwd,
      detached: true,
      stdio: ["ignore", log.fd, log.fd],
      env: {
        ...inherited(),
        ...Object.fromEntries(Object.entries(template.env).map(([name, value]) => [name, filled(value)])),
        PORT: String(record.port),
        HOST: record.host,
        SERIN_SERVICE: house.service,
        SERIN_POOL: record.pool,
        SERIN_REVISION: record.revision,
        SERIN_REPLICA: record.id,
        SERIN_FILES: files,
        SERIN_STATE: house.dir,
      },
    });
    // Without a number there is no process, and the error event says why.
    if (child.pid !== undefined) {
      child.on("error", () => undefined);
      child.unref();
      return { child, pid: child.pid };
    }
    const error = await new Promise<unknown>((resolve) => child.once("error", resolve));
    return await failure(error, program, template.cwd);
  } catch (error) {
    // Arguments that no process can have: a zero byte, an empty name.
    return await failure(error, program, template.cwd);
  } finally {
    await log.close();
  }
}

/** The controller's environment without what Serin said in it, should the controller itself run below another one. */
function inherited(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("SERIN_")));
}

async function failure(thrown: unknown, program: string, cwd: string): Promise<Launched> {
  const folder = await stat(cwd).catch(() => undefined);
  if (!folder?.isDirectory()) return { why: `the folder ${cwd} does not exist`, hopeless: true };
  switch (errnoOf(thrown)) {
    case "ENOENT":
      return { why: `the command ${JSON.stringify(program)} does not exist`, hopeless: true };
    case "EACCES":
      return { why: `the command ${JSON.stringify(program)} may not be executed`, hopeless: true };
    default:
      return { why: `cannot start ${JSON.stringify(program)}: ${messageOf(thrown)}`, hopeless: false };
  }
}
