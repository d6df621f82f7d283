// Have the files of certificates changed?
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf } from "../../core/issues.ts";
import type { EnvoySpec } from "../../core/spec/envoy.ts";
import type { Ms } from "../../core/units.ts";
import { secretsOf } from "./resources/tls.ts";
import { noFile } from "./troubles.ts";

/** The text of a file. Throws a SerinError that names it. */
export function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw noFile(file, messageOf(error));
  }
}

/** How often files are looked at. */
const EVERY_MS = 2_000;

/** Looks at files by their time and size. */
export class Watched {
  #seen = "";
  #atMs = 0;

  /** Whether any of them is another one than at the last look. The first look finds nothing new. */
  changed(spec: EnvoySpec, nowMs: Ms): boolean {
    const files = filesOf(spec);
    if (files.length === 0 || nowMs - this.#atMs < EVERY_MS) return false;
    this.#atMs = nowMs;
    const seen = files.map(signOf).join(" ");
    const before = this.#seen;
    this.#seen = seen;
    return before !== "" && before !== seen;
  }
}

function filesOf(spec: EnvoySpec): readonly string[] {
  return secretsOf(spec).flatMap((files) => (files.kind === "pair" ? [files.cert, files.key] : [files.ca]));
}

function signOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return found ? `${found.mtimeMs}/${found.size}/${found.ino}` : "-";
}

/** A file's paths start from its folder, wherever the controller was started. */
export function withPaths(spec: EnvoySpec, origin: string): EnvoySpec {
  const at = (file: string): string => resolve(origin, file);
  const { tls, upstream, xds } = spec;
  const to = upstream.tls;
  return {
    ...spec,
    ...(tls && { tls: { cert: at(tls.cert), key: at(tls.key) } }),
    upstream: {
      ...upstream,
      ...(to && {
        tls: {
          ...to,
          ca: at(to.ca),
          ...(to.cert !== undefined && { cert: at(to.cert) }),
          ...(to.key !== undefined && { key: at(to.key) }),
        },
      }),
    },
    xds: xds.tls
      ? {
          ...xds,
          tls: {
            cert: at(xds.tls.cert),
            key: at(xds.tls.key),
            ...(xds.tls.ca !== undefined && { ca: at(xds.tls.ca) }),
          },
        }
      : xds,
  };
}
