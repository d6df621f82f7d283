// What is this proxy told to be, and is it the one that already runs?
import { createHash } from "node:crypto";
import { isAbsolute } from "node:path";
import { z } from "zod";
import { SerinError } from "../core/issues.ts";
import type { ProxyConfig } from "./config.ts";

/** A proxy as a process: how it behaves, what it is called, and its private folder. */
export interface Settings extends ProxyConfig {
  readonly name: string;
  /** Absolute; mode 0700. Holds what must outlive the process: control.json, route.json. */
  readonly dir: string;
}

/** Raised when control API or files change so that another version of Serin could not talk to a running proxy. */
const PROTOCOL = 2;

const ms = z.number().int().min(0).max(86_400_000);
const atLeastOne = z.number().int().min(1);

const portNumber = z.number().int().min(0).max(65_535);

const settingsFields = z.strictObject({
  name: z.string().min(1),
  dir: z.string().refine(isAbsolute, "must be an absolute path"),
  host: z.string().min(1),
  port: portNumber,
  preview: z.strictObject({ host: z.string().min(1), port: portNumber }).optional(),
  tls: z.strictObject({ cert: z.string().min(1), key: z.string().min(1) }).optional(),
  workers: z.number().int().min(1).max(256),
  balance: z.enum(["round-robin", "least-request", "random"]),
  timeouts: z.strictObject({ connectMs: ms, responseMs: ms, idleMs: ms, keepAliveMs: ms, headMs: ms }),
  limits: z.strictObject({
    headBytes: z.number().int().min(256),
    headers: atLeastOne,
    bodyBytes: z.number().int().min(0),
    connections: atLeastOne,
  }),
  circuit: z.strictObject({
    connections: atLeastOne,
    pending: z.number().int().min(0),
    consecutiveFailures: z.number().int().min(0),
    ejectionMs: ms,
    maxEjected: z.number().min(0).max(1),
  }),
  retries: z.number().int().min(0).max(10),
  trustForwarded: z.boolean(),
  drainMs: ms,
});

const settingsSchema = settingsFields.refine((settings) => !isSamePort(settings), {
  path: ["preview", "port"],
  message: "must be another port than that of the service",
});

/** Whether the two addresses of a proxy are on one port, also of different hosts: a free one may be taken for both. */
export function isSamePort({ port: first, preview }: Pick<ProxyConfig, "port" | "preview">): boolean {
  return preview !== undefined && preview.port !== 0 && preview.port === first;
}

/** Reads the text of a configuration file. Throws SERIN_BAD_PROXY_CONFIG with every mistake in it. */
export function parseSettings(text: string, file: string): Settings {
  const result = settingsSchema.safeParse(jsonOf(text, file));
  if (result.success) return result.data as unknown as Settings;
  const mistakes = result.error.issues.map((issue) => `${issue.path.join(".") || "document"}: ${issue.message}`);
  throw badConfig(file, mistakes.join("; "));
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badConfig(file, (error as Error).message);
  }
}

function badConfig(file: string, found: string): SerinError {
  return new SerinError({
    code: "SERIN_BAD_PROXY_CONFIG",
    what: `The proxy cannot start from ${file}.`,
    found,
    now: "Nothing was started or stopped.",
    next: "Correct the file and start the proxy again.",
    exitCode: 2,
  });
}

/**
 * Names a configuration by what it makes a proxy do, whatever the order of its fields. What it is called is no part of
 * that: services that share a proxy call it by their own names.
 */
export function fingerprint(settings: Settings): string {
  return createHash("sha256")
    .update(JSON.stringify([PROTOCOL, sorted({ ...settings, name: undefined })]))
    .digest("hex")
    .slice(0, 16);
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== "object") return value;
  return Object.entries(value)
    .filter(([, held]) => held !== undefined)
    .map(([key, held]): [string, unknown] => [key, sorted(held)])
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
}

/** Where clients reach a proxy that listens on `host`. */
export function addressOf(config: Pick<ProxyConfig, "host" | "tls">, port: number): string {
  const reachable = reachableHost(config.host);
  const host = reachable.includes(":") ? `[${reachable}]` : reachable;
  return `${config.tls ? "https" : "http"}://${host}:${port}`;
}

/** An address that one can connect to: every interface is also the loopback one. */
export function reachableHost(host: string): string {
  if (host === "0.0.0.0") return "127.0.0.1";
  return host === "::" ? "::1" : host;
}
