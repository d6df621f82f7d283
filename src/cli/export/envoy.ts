// With which file does an Envoy start that carries these services?
import { hostname } from "node:os";
import { InvalidArgumentError, Option, type Command } from "commander";
import { envoyBootstrap, envoyStatic, type BootstrapAsked } from "../../adapters/envoy/export.ts";
import { SerinError } from "../../core/issues.ts";
import { readListen, type Listen } from "../../core/spec/listen.ts";
import { readWeight } from "../../core/spec/weights.ts";
import type { Weight } from "../../core/units.ts";
import type { Exporter } from "./exporter.ts";

interface Options extends Pick<BootstrapAsked, "ca" | "serverName" | "cert" | "key" | "connect"> {
  readonly id: string;
  readonly admin: Listen;
  readonly state?: string;
  readonly stateOfTheWorld?: boolean;
  readonly statistics?: boolean;
  readonly static?: boolean;
  readonly stable: readonly Listen[];
  readonly candidate: readonly Listen[];
  readonly weight: Weight;
}

function address(text: string): Listen {
  const read = readListen(text);
  if (!read.ok) throw new InvalidArgumentError(read.message);
  return read.value;
}

const URL_PARTS = /^http:\/\/([^/]+:\d+)\/?$/u;

function addresses(text: string, before: readonly Listen[]): readonly Listen[] {
  const [, place] = URL_PARTS.exec(text) ?? [];
  if (place === undefined) throw new InvalidArgumentError("An address here is http://HOST:PORT.");
  return [...before, address(place)];
}

function name(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("An Envoy needs a name of its own.");
  return text;
}

function share(text: string): Weight {
  const read = readWeight(text);
  if (!read.ok) throw new InvalidArgumentError(read.message);
  return read.value;
}

const DEFAULT_ADMIN: Listen = { host: "127.0.0.1", port: 9901 };
const NONE: readonly Listen[] = [];

/** Options of the one kind of file say nothing in the other. */
function checkTogether(options: Options): void {
  const { stable, candidate, static: whole } = options;
  const { connect, statistics, stateOfTheWorld, ca, serverName, cert, key } = options;
  const strange = whole
    ? Object.entries({
        connect,
        statistics,
        "state-of-the-world": stateOfTheWorld,
        ca,
        "server-name": serverName,
        cert,
        key,
      })
    : Object.entries({ stable: stable.length > 0 || undefined, candidate: candidate.length > 0 || undefined });
  const found = strange.find(([, value]) => value !== undefined);
  if (!found) return;
  throw new SerinError({
    code: "SERIN_NOT_EXPORTED",
    what: whole
      ? "an Envoy with a static file does not come to Serin"
      : "Serin tells an Envoy that comes to it where replicas are",
    found: whole ? `--static and --${found[0]}` : `--${found[0]} without --static`,
    now: "nothing was exported",
    next: whole ? "leave one of them out" : "leave it out, or add --static",
    exitCode: 2,
  });
}

export const envoy: Exporter<Options> = {
  name: "envoy",
  description: "the file with which an Envoy starts: it comes to Serin for its routes, or with --static has them",
  options: (command: Command) =>
    command
      .addOption(
        new Option("--id <name>", "what the Envoy is called")
          .argParser(name)
          .default(hostname(), "this machine's name"),
      )
      .addOption(
        new Option("--admin <host:port>", "its admin page; where that is evidence, an address that Serin reaches it at")
          .argParser(address)
          .default(DEFAULT_ADMIN, "127.0.0.1:9901"),
      )
      .addOption(
        new Option("--connect <host:port>", "where it reaches Serin (default: as the file says)").argParser(address),
      )
      .option("--statistics", "it sends its statistics every second")
      .option("--state-of-the-world", "everything of a kind at each change, instead of what changed")
      .option("--ca <file>", "for a channel of TLS: who signed Serin's certificate")
      .option("--server-name <name>", "for a channel of TLS: the name in Serin's certificate")
      .option("--cert <file>", "for a channel of TLS: the certificate that it shows")
      .option("--key <file>", "for a channel of TLS: its key")
      .option("--static", "a file with the routes in it, for an Envoy without Serin")
      .addOption(
        new Option("--stable <url>", "with --static: where stable answers").argParser(addresses).default(NONE, ""),
      )
      .addOption(
        new Option("--candidate <url>", "with --static: where the candidate answers")
          .argParser(addresses)
          .default(NONE, ""),
      )
      .addOption(
        new Option("--weight <share>", "with --static: the candidate's share")
          .argParser(share)
          .default(share("10%"), "10%"),
      ),
  make: ({ atHand: { rollouts }, options }) => {
    checkTogether(options);
    const { id, admin, statistics = false, stateOfTheWorld, static: whole, ...rest } = options;
    if (!whole) {
      const { connect, ca, serverName, cert, key } = rest;
      const protocol = stateOfTheWorld ? "state" : "delta";
      const file = envoyBootstrap(rollouts, { id, admin, statistics, protocol, connect, ca, serverName, cert, key });
      return { as: "yaml", about: [`start it with: envoy -c FILE`], documents: [file] };
    }
    const [first, ...others] = rollouts;
    if (!first || others.length > 0) {
      throw new SerinError({
        code: "SERIN_NOT_EXPORTED",
        what: "a static file is of one rollout",
        found: `${rollouts.length} rollout files`,
        now: "nothing was exported",
        next: "name one: serin export envoy --static rollout.yaml",
        exitCode: 2,
      });
    }
    const { stable, candidate, weight } = rest;
    const about = [
      "start it with: envoy -c FILE",
      "change the shares while it runs: POST /runtime_modify?KEY=NUMBER on its admin page, KEY being runtime_key_prefix, a dot and the cluster's name",
    ];
    return { as: "yaml", about, documents: [envoyStatic(first, { admin, stable, candidate, weight })] };
  },
};
