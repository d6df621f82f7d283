// Which certificates do files hold, and have they changed?
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { messageOf } from "../../core/issues.ts";
import type { EnvoySpec } from "../../core/spec/envoy.ts";
import type { Ms } from "../../core/units.ts";
import type { Secret } from "./protos/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { secretName, secretOf, secretsOf } from "./resources/tls.ts";
import { noFile } from "./troubles.ts";

/** The certificates that a service needs, by their names at an Envoy. Throws a SerinError that names the file. */
export function readSecrets(spec: EnvoySpec): readonly (readonly [name: string, secret: Secret])[] {
  return secretsOf(spec).map((files) => {
    const texts = new Map<string, string>();
    const read = (file: string): string => {
      const text = readPem(file);
      texts.set(file, text);
      return text;
    };
    const secret = secretOf(files, read);
    if (files.kind === "pair") checkPair(files.cert, texts.get(files.cert) ?? "", texts.get(files.key) ?? "");
    return [secretName(files), secret];
  });
}

function readPem(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw noFile(file, messageOf(error));
  }
}

/** While files are being replaced, one of them is new and the other not yet. */
function checkPair(file: string, cert: string, key: string): void {
  let isPair: boolean;
  try {
    isPair = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    throw noFile(file, messageOf(error));
  }
  if (!isPair) throw noFile(file, "it and its key do not belong together");
}

/** How often files are looked at. */
const EVERY_MS = 2_000;
/** For so long, files may be half replaced. */
const PATIENCE_MS = 10_000;

/** Looks at the files of one service by their time and size. */
export class Watched {
  readonly #spec: EnvoySpec;
  #taken: string;
  #atMs: Ms;
  #failing: { readonly sinceMs: Ms; readonly why: string } | undefined;

  /** Begins with the files as they are: they are to be read after this. */
  constructor(spec: EnvoySpec, nowMs: Ms) {
    this.#spec = spec;
    this.#taken = signOf(spec);
    this.#atMs = nowMs;
  }

  /** They could not be read, and shall be tried again. */
  failed(why: string, nowMs: Ms): void {
    this.#taken = "";
    this.#failing ??= { sinceMs: nowMs, why };
  }

  /** Calls `renew` when they have changed. What keeps the new ones from being used, when it lasts. */
  look(nowMs: Ms, renew: () => void): string | undefined {
    if (nowMs - this.#atMs >= EVERY_MS) {
      this.#atMs = nowMs;
      this.#renew(nowMs, renew);
    }
    const { sinceMs = nowMs, why } = this.#failing ?? {};
    return nowMs - sinceMs > PATIENCE_MS ? why : undefined;
  }

  #renew(nowMs: Ms, renew: () => void): void {
    const sign = signOf(this.#spec);
    if (sign === this.#taken) return;
    try {
      renew();
      this.#taken = sign;
      this.#failing = undefined;
    } catch (error) {
      this.#failing = { sinceMs: this.#failing?.sinceMs ?? nowMs, why: messageOf(error) };
    }
  }
}

function signOf(spec: EnvoySpec): string {
  const files = secretsOf(spec).flatMap((one) => (one.kind === "pair" ? [one.cert, one.key] : [one.ca]));
  return files.map((file) => `${file} ${stampOf(file)}`).join(" ");
}

function stampOf(file: string): string {
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
