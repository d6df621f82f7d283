// How is a command run where every address of pods and Services is this machine's own, and no packet leaves?
import { spawnSync } from "node:child_process";

/** Set for whatever runs inside. */
export const INSIDE = "SERIN_OWN_NETWORK";

/** Those of Services and of pods: whatever is sent to them stays on the loopback interface, without an address of its own. */
const RANGES = ["10.96.0.0/12", "10.240.0.0/12"];

const ROUTES = ["ip link set lo up", ...RANGES.map((range) => `ip route add local ${range} dev lo`)].join(" && ");

/** Processes get numbers of their own, too: what outlives the command ends with the namespace. */
const NAMESPACE = ["--net", "--pid", "--fork", "--mount-proc", "--kill-child"];

const enter = (): readonly string[] => [...(process.getuid?.() === 0 ? [] : ["-r"]), ...NAMESPACE];

/** Why there can be no such namespace on this machine. */
export function whyNoNamespace(): string | undefined {
  if (process.platform !== "linux") return "network namespaces are Linux's";
  const { status, error, stderr } = spawnSync("unshare", [...enter(), "sh", "-c", ROUTES], { encoding: "utf8" });
  if (error) return "unshare is not there";
  return status === 0 ? undefined : (stderr.trim().split("\n").at(-1) ?? `unshare ended with ${status}`);
}

/** Runs a command to its end in a namespace of its own and answers with its exit status. */
export function inNamespace(command: readonly string[], env: NodeJS.ProcessEnv = process.env): number {
  // The shell stays and reaps what others leave.
  const script = `${ROUTES} && "$@"; exit $?`;
  const { status } = spawnSync("unshare", [...enter(), "sh", "-c", script, "sh", ...command], {
    env: { ...env, [INSIDE]: "1" },
    stdio: "inherit",
  });
  return status ?? 1;
}

if (import.meta.main) {
  const why = whyNoNamespace();
  if (why !== undefined) console.error(`serin: no network namespace: ${why}`);
  process.exitCode = why === undefined ? inNamespace(process.argv.slice(2)) : 1;
}
