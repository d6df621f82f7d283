// Is a container well, as its probe asks?
import { spawn } from "node:child_process";
import { get } from "node:http";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContainerSpec, Probe } from "../objects.ts";

/** What a probe asks. */
export interface Probed {
  readonly spec: ContainerSpec;
  readonly podIP: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Until it was well for the first time, a container is asked this often, so that tests need not wait. */
const EAGER_MS = 200;

function http(url: string, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = get(url, { agent: false, timeout: timeoutMs }, (answer) => {
      answer.resume();
      const status = answer.statusCode ?? 0;
      resolve(status >= 200 && status < 400);
    });
    asked.on("timeout", () => asked.destroy());
    asked.on("error", () => resolve(false));
  });
}

function tcp(host: string, port: number, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: timeoutMs });
    const ends = (isWell: boolean) => (): void => {
      socket.destroy();
      resolve(isWell);
    };
    socket.on("connect", ends(true));
    socket.on("timeout", ends(false));
    socket.on("error", ends(false));
  });
}

function exec([command = "", ...args]: readonly string[], env: Probed["env"], timeout: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { env, stdio: "ignore", timeout, killSignal: "SIGKILL" });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}

/** So many times longer than a probe says it may take: here all pods, and all that looks after them, share one machine. */
const PATIENCE = 5;

async function ask(probe: Probe, { spec, podIP, env }: Probed): Promise<boolean> {
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000 * PATIENCE;
  const number = (port: number | string): number =>
    typeof port === "number" ? port : (spec.ports?.find(({ name }) => name === port)?.containerPort ?? 0);
  if (probe.httpGet) {
    const { host = podIP, port, path = "/" } = probe.httpGet;
    return http(`http://${host}:${number(port)}${path}`, timeoutMs);
  }
  if (probe.tcpSocket) return tcp(podIP, number(probe.tcpSocket.port), timeoutMs);
  return probe.exec ? exec(probe.exec.command, env, timeoutMs) : true;
}

/** Asks again and again and tells whenever the thresholds are reached, until the signal ends it. */
export async function keepProbing(
  probe: Probe,
  probed: Probed,
  { signal, told }: { signal: AbortSignal; told: (isWell: boolean) => void },
): Promise<void> {
  const { periodSeconds = 10, successThreshold = 1, failureThreshold = 3 } = probe;
  const wait = (forMs: number): Promise<void> => sleep(forMs, undefined, { signal }).catch(() => undefined);
  await wait((probe.initialDelaySeconds ?? 0) * 1000);
  let [well, ill, wasWell] = [0, 0, false];
  while (!signal.aborted) {
    const isWell = await ask(probe, probed);
    if (signal.aborted) return;
    [well, ill] = isWell ? [well + 1, 0] : [0, ill + 1];
    if (well >= successThreshold) told(true);
    if (ill >= failureThreshold) told(false);
    wasWell ||= isWell;
    await wait(wasWell ? periodSeconds * 1000 : Math.min(EAGER_MS, periodSeconds * 1000));
  }
}
