// Which files does somebody need who starts Envoys for these rollouts?
import { SerinError } from "../../core/issues.ts";
import type { EnvoySpec } from "../../core/spec/envoy.ts";
import type { Listen } from "../../core/spec/listen.ts";
import type { Rollout } from "../../core/spec/rollout.ts";
import type { Backend, RoutePool } from "../../core/split.ts";
import { WHOLE, type Weight } from "../../core/units.ts";
import { bootstrapOf, type BootstrapOptions } from "./bootstrap.ts";
import { withPaths } from "./certificates.ts";
import { addressOf } from "./plane.ts";
import type { Served } from "./resources/types.ts";
import { staticOf } from "./static.ts";

export type EnvoyFile = Readonly<Record<string, unknown>>;

/** A rollout of which a file is made. */
export interface ExportedRollout {
  readonly rollout: Rollout;
  /** The folder that its paths start from. */
  readonly origin: string;
}

/** What the bootstrap needs besides the rollout files. */
export type BootstrapAsked = Omit<BootstrapOptions, "fleet" | "control" | "tls"> & {
  /** Where Serin is, as seen from the Envoy. Default: where it listens. */
  readonly connect?: Listen | undefined;
  /** Files of the Envoy for a channel of TLS: who signed Serin's certificate, and its own certificate. */
  readonly ca?: string | undefined;
  readonly serverName?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
};

/** The file with which an Envoy comes to Serin for all else. All rollouts must be of one fleet and one channel. */
export function envoyBootstrap(rollouts: readonly ExportedRollout[], asked: BootstrapAsked): EnvoyFile {
  const [first, ...others] = rollouts.map(envoyOf);
  if (!first) throw wrong("no rollout file was named", "none", "name one: serin export envoy rollout.yaml");
  const other = others.find(({ fleet, xds }) => fleet !== first.fleet || addressOf(xds) !== addressOf(first.xds));
  if (other) {
    const found = `${first.fleet} at ${addressOf(first.xds)}, and ${other.fleet} at ${addressOf(other.xds)}`;
    throw wrong("one Envoy is of one fleet and comes to one address", found, "export them one by one");
  }
  const { connect, ca, serverName, cert, key, ...rest } = asked;
  const control = connect ?? reachable(first.xds);
  return bootstrapOf({ ...rest, fleet: first.fleet, control, ...tlsOf(first, { control, ca, serverName, cert, key }) });
}

type Files = Pick<BootstrapAsked, "ca" | "serverName" | "cert" | "key"> & { readonly control: Listen };

function tlsOf({ xds }: EnvoySpec, { control, ca, serverName, cert, key }: Files): Pick<BootstrapOptions, "tls"> {
  if (!xds.tls) {
    const given = Object.entries({ ca, "server-name": serverName, cert, key }).find(([, value]) => value !== undefined);
    if (!given) return {};
    const what = `the channel at ${addressOf(xds)} is a plain one`;
    throw wrong(what, `--${given[0]}`, "leave it out, or give traffic.envoy.xds a certificate and a key");
  }
  const needs = (what: string, flag: string): SerinError =>
    wrong(`the channel at ${addressOf(xds)} is one of TLS`, `no ${what}`, `name the Envoy's file: ${flag}`);
  if (ca === undefined) throw needs("authority that Serin's certificate is of", "--ca FILE");
  if (xds.tls.ca !== undefined && (cert === undefined || key === undefined))
    throw needs("certificate that the Envoy shows", "--cert FILE --key FILE");
  if ((cert === undefined) !== (key === undefined)) {
    const [there, missing] = cert === undefined ? ["key", "cert"] : ["cert", "key"];
    throw wrong("a certificate goes with its key", `--${there} alone`, `name both: --${missing} FILE`);
  }
  const own = cert !== undefined && key !== undefined ? { cert, key } : {};
  return { tls: { ca, serverName: serverName ?? control.host, ...own } };
}

/** Somebody who listens everywhere is reached at this machine. */
function reachable({ host, port }: Listen): Listen {
  const here = { "0.0.0.0": "127.0.0.1", "::": "::1" }[host];
  return { host: here ?? host, port };
}

function envoyOf({ rollout, origin }: ExportedRollout): EnvoySpec {
  const { envoy } = rollout.spec.traffic;
  if (envoy) return withPaths(envoy, origin);
  const found = "traffic.proxy";
  throw wrong(
    `${rollout.metadata.name} does not come in through Envoys`,
    found,
    "use traffic: { envoy: … } in its file",
  );
}

/** What a static file holds besides the rollout file. */
export interface StaticAsked {
  readonly admin: Listen;
  /** Addresses of stable, when the file's workload is not addresses. */
  readonly stable: readonly Listen[];
  readonly candidate: readonly Listen[];
  /** The candidate's share. */
  readonly weight: Weight;
}

/** The file with which an Envoy carries one service by itself. */
export function envoyStatic(exported: ExportedRollout, { admin, stable, candidate, weight }: StaticAsked): EnvoyFile {
  const { rollout } = exported;
  const spec = envoyOf(exported);
  const service = rollout.metadata.name;
  const known = stable.length > 0 ? stable : (rollout.spec.workload.endpoints?.addresses ?? []);
  if (known.length === 0) {
    const found = "processes, whose ports are Serin's to choose";
    throw wrong(`where ${service} answers is not known`, found, "name it: --stable http://HOST:PORT");
  }
  const hasCandidate = candidate.length > 0;
  const weights = hasCandidate ? { canary: weight, stable: (WHOLE - weight) as Weight } : { stable: WHOLE };
  const { sticky } = rollout.spec.traffic;
  const served: Served = {
    service,
    front: service,
    spec,
    route: {
      split: { weights, ...(sticky && { sticky: { key: sticky, salt: service } }) },
      pools: { stable: poolOf("stable", known), ...(hasCandidate && { canary: poolOf("canary", candidate) }) },
    },
    base: weights,
    generation: "static",
  };
  return staticOf(served, admin);
}

function poolOf(pool: string, addresses: readonly Listen[]): RoutePool {
  const backends = addresses.map(({ host, port }, at): Backend => ({ replica: `${pool}-${at + 1}`, host, port }));
  return { pool, backends };
}

function wrong(what: string, found: string, next: string): SerinError {
  return new SerinError({ code: "SERIN_NOT_EXPORTED", what, found, now: "nothing was exported", next, exitCode: 2 });
}
