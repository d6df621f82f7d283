// With which certificate does Serin answer, today and after it was renewed?
import { readFileSync } from "node:fs";
import type { Server } from "node:https";
import { createSecureContext } from "node:tls";
import { messageOf, SerinError } from "../../core/issues.ts";
import { followFiles } from "./follow.ts";

/** Files of a certificate, with those that vouch for it, and of its key (PEM). */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** What a server of node:https is made with. */
export interface ServerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: "TLSv1.2";
}

/** Reads the files, and whether they belong together. Throws a SerinError. */
export function readTls({ cert, key }: Certificate): ServerTls {
  try {
    const tls = { cert: readFileSync(cert), key: readFileSync(key), minVersion: "TLSv1.2" } as const;
    createSecureContext(tls);
    return tls;
  } catch (error) {
    throw new SerinError(
      {
        code: "SERIN_BAD_CERTIFICATE",
        what: `the certificate ${cert} with the key ${key} cannot be used`,
        found: messageOf(error),
        now: "nothing was changed",
        next: "name two PEM files that belong together: --tls-cert FILE --tls-key FILE",
        exitCode: 2,
      },
      { cause: error },
    );
  }
}

/** Gives a server what its files hold after they have changed; the old one is kept while they do not fit together. */
export function followTls(
  server: Pick<Server, "setSecureContext">,
  files: Certificate,
  say: (text: string) => void,
): () => void {
  return followFiles([files.cert, files.key], () => {
    try {
      server.setSecureContext(readTls(files));
      say(`answers with the certificate that is in ${files.cert} now`);
    } catch (error) {
      // Certificate and key are seldom written at one moment: the next change is read again.
      say(`keeps its certificate: ${messageOf(error)}`);
    }
  });
}
