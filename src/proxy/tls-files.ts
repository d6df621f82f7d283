// Which certificate is in force, and has its file changed?
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { SerinError, messageOf } from "../core/issues.ts";
import type { TlsFiles } from "./config.ts";
import type { TlsPair } from "./data-plane.ts";

/** What a person wants to know about the certificate in force. */
export interface TlsState {
  readonly subject: string;
  readonly validTo: string;
  /** Why the files as they are now are not in force; the last good pair is. */
  readonly trouble?: string | undefined;
}

export interface WatchedTls {
  readonly pair: TlsPair;
  state(): TlsState;
  stop(): void;
}

const LOOK_EVERY_MS = 500;

/** Reads a certificate and its key. Throws SERIN_BAD_CERTIFICATE that names the file. */
export function readTls(files: TlsFiles): TlsPair {
  const cert = textOf(files.cert, "certificate");
  const key = textOf(files.key, "private key");
  const certificate = parsed(files.cert, "certificate", () => new X509Certificate(cert));
  const privateKey = parsed(files.key, "private key", () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey)) {
    throw bad(files.key, `the key does not belong to the certificate in ${files.cert}`);
  }
  parsed(files.cert, "certificate", () => createSecureContext({ cert, key }));
  return { cert, key };
}

function textOf(file: string, what: string): string {
  return parsed(file, what, () => readFileSync(file, "utf8"));
}

function parsed<T>(file: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw bad(file, `no readable ${what}: ${messageOf(error)}`, error);
  }
}

function bad(file: string, found: string, cause?: unknown): SerinError {
  return new SerinError(
    {
      code: "SERIN_BAD_CERTIFICATE",
      what: `The proxy cannot serve TLS with ${file}.`,
      found,
      now: "A proxy that runs already keeps the last good certificate.",
      next: `Put a PEM file in its place and check it: openssl pkey -in KEY -noout; openssl x509 -in CERT -noout -subject`,
      exitCode: 2,
      hopeless: true,
    },
    { cause },
  );
}

/** Keeps the pair in force up to date with its files: `onChange` gets every new pair that holds together. */
export function watchTls(files: TlsFiles, onChange: (pair: TlsPair) => Promise<void>): WatchedTls {
  // Before the files are read: a change in between is seen at the next look.
  let mark = markOf(files);
  let pair = readTls(files);
  let trouble: string | undefined;
  const look = async (): Promise<void> => {
    const now = markOf(files);
    if (now === mark) return;
    mark = now;
    try {
      const next = readTls(files);
      if (next.cert !== pair.cert || next.key !== pair.key) await onChange(next);
      pair = next;
      trouble = undefined;
    } catch (error) {
      trouble = error instanceof SerinError ? `${error.trouble.what} ${error.trouble.found}` : messageOf(error);
    }
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return {
    get pair() {
      return pair;
    },
    state: () => {
      const certificate = new X509Certificate(pair.cert);
      return { subject: certificate.subject, validTo: new Date(certificate.validTo).toISOString(), trouble };
    },
    stop: () => clearInterval(timer),
  };
}

/** Changes whenever a file is replaced or written; links are followed, as Kubernetes swaps them. */
function markOf(files: TlsFiles): string {
  return [files.cert, files.key]
    .map((file) => {
      const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
      return stat ? `${stat.ino} ${stat.size} ${stat.mtimeNs}` : "none";
    })
    .join(", ");
}
