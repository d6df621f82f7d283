// What must be known to run one revision of a service as a group of processes?
import type { Ms } from "./units.ts";

/** A configuration file, captured by content: the revision keeps this text even when the file changes on disk. */
export interface ProcessFile {
  /** Relative to the folder of the rollout file, and in the copy; `/` between names, never `..`. */
  readonly path: string;
  /** Of the bytes, in hexadecimal digits. */
  readonly sha256: string;
  readonly encoding: "utf8" | "base64";
  readonly content: string;
}

/** How a replica shows that it can answer requests. HTTP: any answer of 200 to 399. */
export type ProcessReady = { readonly kind: "http"; readonly path: string } | { readonly kind: "tcp" };

/**
 * One revision of a service that runs as processes. Command, environment and files make the revision; the rest says
 * how Serin treats it, and may differ without being another revision.
 */
export interface ProcessTemplate {
  /** The program and its arguments, not a shell line. `{files}` and `{port}` are replaced, here and in `env` values. */
  readonly command: readonly string[];
  /** Added to the environment of the controller. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the command runs: the folder of the rollout file. */
  readonly cwd: string;
  readonly files: readonly ProcessFile[];
  readonly ready: ProcessReady;
  /** A replica that is not ready by then is `failing`; it goes on being asked. */
  readonly readyTimeoutMs: Ms;
  /** How long a replica too many may still answer the requests that it has. */
  readonly drainMs: Ms;
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: Ms;
  /** Where replicas listen: 127.0.0.1. */
  readonly host: string;
}
