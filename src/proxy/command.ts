// How does a person run the proxy by hand?
//
//   serin proxy --listen 127.0.0.1:8080 --to stable=127.0.0.1:9001,127.0.0.1:9002 --to canary=127.0.0.1:9003 --weight canary=10%
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { SerinError, messageOf } from "../core/issues.ts";
import { ROLES, type Backend, type Role, type Route, type RoutePool, type Weights } from "../core/split.ts";
import { NOTHING, WHOLE, percent, weight, weightOf, type Weight } from "../core/units.ts";
import type { Match } from "../core/match.ts";
import { PROXY_DEFAULTS, type ProxyConfig } from "./config.ts";
import { matchOf } from "./match-flag.ts";
import { checkRoute } from "./route-check.ts";
import type { RunningProxy } from "./running.ts";
import { serve } from "./serve.ts";
import { isSamePort } from "./settings.ts";

/** The flags as they were written. */
export interface ProxyFlags {
  readonly listen?: string | undefined;
  /** `role=host:port,host:port`, once per role. */
  readonly to?: readonly string[] | undefined;
  /** `role=10%`. What is not given away is stable's. */
  readonly weight?: readonly string[] | undefined;
  readonly tlsCert?: string | undefined;
  readonly tlsKey?: string | undefined;
  readonly workers?: string | undefined;
  readonly stickyCookie?: string | undefined;
  /** `role=header:name=value`, in the order in which they are asked. */
  readonly match?: readonly string[] | undefined;
  /** A second address; requests there are the canary's, if there is one. */
  readonly preview?: string | undefined;
}

const PREVIEW: Match = { when: [{ on: "listener", is: "preview" }], to: "canary" };

/** A proxy as it shall run, with the route that it begins with. */
export interface ProxyCommand {
  readonly config: ProxyConfig;
  readonly route: Route;
}

const PROXY_USAGE = `serin proxy --listen HOST:PORT --to ROLE=HOST:PORT[,HOST:PORT…] [options]

  --to ROLE=…             who answers for stable, canary or baseline; once per role
  --weight ROLE=SHARE     share of canary or baseline: 10%, 0.5%; the rest is stable's
  --match ROLE=WHAT       whose requests go to a role whatever its share; the first that holds decides. WHAT is
                          header:NAME[=VALUE], cookie:NAME[=VALUE], query:NAME[=VALUE], path:/BEGINNING
                          or method:NAME[,NAME…]
  --preview HOST:PORT     second address: requests there go to the canary, if there is one
  --tls-cert FILE         certificate chain, PEM; read again when it changes
  --tls-key FILE          its private key
  --workers N             threads that share the port (default 1)
  --sticky-cookie NAME    keeps each user with one role by this cookie

  serin proxy --listen 127.0.0.1:8080 --to stable=127.0.0.1:9001 --to canary=127.0.0.1:9003 --weight canary=10%
`;

/** Makes sense of the flags; throws one SERIN_BAD_ARGUMENTS with everything that is wrong with them. */
export function parseProxyCommand(flags: ProxyFlags): ProxyCommand {
  const mistakes: string[] = [];
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      mistakes.push(messageOf(error));
      return undefined;
    }
  };
  const place = attempt(() => endpoint(flags.listen ?? "127.0.0.1:8080", "--listen", 0));
  const tls = attempt(() => tlsOf(flags));
  const workers = attempt(() => workersOf(flags.workers ?? "1"));
  const pools = Object.assign({}, ...(flags.to ?? []).map((to) => attempt(() => poolOf(to))));
  const given = (flags.weight ?? []).map((text) => attempt(() => shareOf(text)));
  const weights = attempt(() => weightsOf(Object.assign({}, ...given)));
  const preview = attempt(() => previewOf(flags));
  const matches = [
    ...(preview && pools.canary ? [PREVIEW] : []),
    ...(flags.match ?? []).flatMap((text) => attempt(() => matchOf(text, roleOf)) ?? []),
  ];
  if (place && isSamePort({ ...place, preview })) mistakes.push("--preview: the port is that of --listen");
  if (!flags.to?.some((to) => to.startsWith("stable="))) mistakes.push("--to stable=HOST:PORT is missing");
  if (mistakes.length > 0 || !place || !weights || !workers) throw badArguments(mistakes);

  const key = { kind: "cookie", name: flags.stickyCookie ?? "" } as const;
  const sticky = flags.stickyCookie === undefined ? {} : { sticky: { key, salt: "serin proxy" } };
  const checked = checkRoute({ split: { weights, ...sticky, ...(matches.length > 0 && { matches }) }, pools });
  if (!checked.ok) throw badArguments(checked.why);
  return { config: { ...PROXY_DEFAULTS, ...place, preview, workers, tls }, route: checked.route };
}

function badArguments(mistakes: readonly string[]): SerinError {
  return new SerinError({
    code: "SERIN_BAD_ARGUMENTS",
    what: "The proxy cannot be run like this.",
    found: mistakes.join("; "),
    now: "Nothing was started.",
    next: "serin proxy --help",
    exitCode: 2,
  });
}

function endpoint(text: string, where: string, lowest: number): { readonly host: string; readonly port: number } {
  const parts = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const port = Number(parts?.[3]);
  const host = parts?.[1] ?? parts?.[2];
  if (host === undefined || port > 65_535 || port < lowest) throw new Error(`${where}: ${text} is not HOST:PORT`);
  return { host, port };
}

function previewOf({ preview }: ProxyFlags): ProxyConfig["preview"] {
  return preview === undefined ? undefined : endpoint(preview, "--preview", 0);
}

function roleOf(name: string, where: string): Role {
  const role = ROLES.find((known) => known === name);
  if (!role)
    throw new Error(`${where}: ${name || "nothing"} is not a role; roles are ${ROLES.toReversed().join(", ")}`);
  return role;
}

function poolOf(text: string): Readonly<Partial<Record<Role, RoutePool>>> {
  const [name = "", list] = text.split("=", 2);
  const role = roleOf(name, "--to");
  const backends = (list ?? "").split(",").map((one): Backend => {
    const { host, port } = endpoint(one, `--to ${role}`, 1);
    return { replica: one, host, port };
  });
  return { [role]: { pool: role, backends } };
}

function shareOf(text: string): Weights {
  const parts = /^([^=]*)=(\d+(?:\.\d+)?)%$/.exec(text);
  if (!parts) throw new Error(`--weight: ${text} is not ROLE=SHARE, as in canary=10%`);
  const share = Number(parts[2]) / 100;
  const role = roleOf(parts[1] ?? "", "--weight");
  if (share > 1) throw new Error(`--weight: ${text} is more than everything`);
  return { [role]: weightOf(share) };
}

/** What was not given away is stable's. */
function weightsOf(given: Weights): Weights {
  const away = ROLES.reduce((sum, role) => sum + (role === "stable" ? 0 : (given[role] ?? NOTHING)), 0);
  if (away > WHOLE) throw new Error(`--weight: the shares are ${percent(away as Weight)} together`);
  const rest = weight(WHOLE - away);
  if (given.stable !== undefined && given.stable !== rest) {
    throw new Error(
      `--weight: stable=${percent(given.stable)} leaves a share to nobody; what is left is ${percent(rest)}`,
    );
  }
  return { ...given, stable: rest };
}

function workersOf(text: string): number {
  const workers = Number(text);
  if (/^\d+$/.test(text) && workers >= 1 && workers <= 256) return workers;
  throw new Error(`--workers: ${text} is not a number from 1 to 256`);
}

function tlsOf({ tlsCert, tlsKey }: ProxyFlags): ProxyConfig["tls"] {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined) throw new Error("--tls-key needs --tls-cert beside it");
  if (tlsKey === undefined) throw new Error("--tls-cert needs --tls-key beside it");
  return { cert: resolve(tlsCert), key: resolve(tlsKey) };
}

/** Runs until it is told to end by SIGINT or SIGTERM; resolves with the exit code when the last request has ended. */
async function runProxy(command: ProxyCommand): Promise<number> {
  const dir = mkdtempSync(join(tmpdir(), "serin-proxy-"));
  try {
    const settings = { ...command.config, name: "proxy", dir };
    const served = await serve({ settings, log: (line) => console.error(line) });
    if (served.kind !== "started") return 1;
    await served.proxy.setRoute(command.route);
    return await untilEnded(served.proxy, command);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function untilEnded(proxy: RunningProxy, { route }: ProxyCommand): Promise<number> {
  const shares = ROLES.filter((role) => (route.split.weights[role] ?? NOTHING) > 0)
    .map((role) => `${role} ${percent(route.split.weights[role] ?? NOTHING)}`)
    .toReversed();
  console.log(`listens  ${proxy.control.address}`);
  if (proxy.control.preview !== undefined) console.log(`preview  ${proxy.control.preview}`);
  console.log(`split    ${shares.join(", ")}`);
  console.log(`metrics  ${proxy.metricsUrl}`);
  let signals = 0;
  const end = (): void => {
    signals += 1;
    if (signals > 1) process.exit(1);
    console.log("ends as soon as the requests under way have ended; once more to end at once");
    void proxy.stop();
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  await proxy.stopped;
  process.off("SIGINT", end);
  process.off("SIGTERM", end);
  return 0;
}

/** `serin proxy …`: the arguments after the verb. Prints what is wrong; resolves with the exit code. */
export async function runProxyCommand(args: readonly string[]): Promise<number> {
  try {
    const flags = flagsOf(args);
    if (flags === "help") {
      console.log(PROXY_USAGE);
      return 0;
    }
    return await runProxy(parseProxyCommand(flags));
  } catch (error) {
    console.error(messageOf(error));
    return error instanceof SerinError ? (error.trouble.exitCode ?? 1) : 1;
  }
}

function flagsOf(args: readonly string[]): ProxyFlags | "help" {
  const one = { type: "string" } as const;
  const many = { type: "string", multiple: true } as const;
  const options = { listen: one, "tls-cert": one, "tls-key": one, workers: one, preview: one, "sticky-cookie": one };
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { ...options, to: many, weight: many, match: many, help: { type: "boolean", short: "h" } },
    });
    if (values.help) return "help";
    const { "tls-cert": tlsCert, "tls-key": tlsKey, "sticky-cookie": stickyCookie, ...rest } = values;
    return { ...rest, tlsCert, tlsKey, stickyCookie };
  } catch (error) {
    throw badArguments([messageOf(error)]);
  }
}
