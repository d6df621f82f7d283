// What shall a controller tell of itself, as a person types it?
import { Option, type Command } from "commander";
import { readListen } from "../core/spec/listen.ts";
import { LOG_LEVELS, type LogLevel } from "../telemetry/log-level.ts";
import { badOption } from "./bad-option.ts";
import type { HostOptions } from "./home.ts";

/** The options as they are typed. */
export interface TypedTelemetry {
  readonly metrics?: string | undefined;
  readonly log?: string | undefined;
  readonly logLevel?: LogLevel | undefined;
  readonly otlp?: string | undefined;
}

/** A command whose controller may tell of itself. */
export function telling(command: Command): Command {
  return command
    .option("--metrics <host:port>", "serve metrics of Serin there, and the replicas' addresses for Prometheus")
    .option("--log <file>", "append what happens to this file, a line of JSON each")
    .addOption(new Option("--log-level <level>", "the least that is logged").choices(LOG_LEVELS))
    .option("--otlp <url>", "send a trace of each rollout to this OpenTelemetry collector");
}

/** Understands them; `log` is where the log goes when no file is named. */
export function telemetryOptions(typed: TypedTelemetry, log?: 1 | 2): NonNullable<HostOptions["telemetry"]> {
  const { metrics, logLevel = "info", otlp } = typed;
  const to = typed.log ?? log;
  if (to === undefined && typed.logLevel !== undefined) {
    throw badOption("--log-level goes with a log", "found no log", "add --log FILE");
  }
  return {
    metrics: metrics === undefined ? undefined : listenOf(metrics),
    log: to === undefined ? undefined : { to, level: logLevel },
    otlp: otlp === undefined ? fromEnvironment() : { url: tracesUrl(otlp) },
  };
}

function listenOf(metrics: string) {
  const listen = readListen(metrics);
  if (listen.ok) return listen.value;
  const next = "name an address, such as --metrics 127.0.0.1:9464";
  throw badOption(`--metrics ${metrics} is no address`, listen.message, next);
}

/** The variables that every OpenTelemetry program heeds; the exporter reads them itself, with headers and certificates. */
function fromEnvironment(): "environment" | undefined {
  const { OTEL_SDK_DISABLED, OTEL_TRACES_EXPORTER, OTEL_EXPORTER_OTLP_ENDPOINT, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT } =
    process.env;
  if (OTEL_SDK_DISABLED?.toLowerCase() === "true" || OTEL_TRACES_EXPORTER === "none") return undefined;
  return OTEL_EXPORTER_OTLP_ENDPOINT || OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ? "environment" : undefined;
}

/** A collector's address is given without the path of its traces. */
function tracesUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/u.test(url.protocol)) {
    const next = "name where the collector takes OTLP over HTTP, such as --otlp http://127.0.0.1:4318";
    throw badOption(`--otlp ${text} is no URL`, "an http or https URL must be here", next);
  }
  if (!url.pathname.endsWith("/v1/traces")) url.pathname = `${url.pathname.replace(/\/$/u, "")}/v1/traces`;
  return url.href;
}
