// Who may connect, and how do renewed certificates come into use?
import { readFile } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import { ServerCredentials } from "@grpc/grpc-js";
import { messageOf, SerinError } from "../../../core/issues.ts";

/** Files in PEM form. With `ca`, only clients with a certificate from it are let in. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string | undefined;
}

interface Material {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca?: Buffer;
}

/** How often the files are looked at. */
const LOOK_EVERY_MS = 1_000;

async function read({ cert, key, ca }: TlsFiles): Promise<Material> {
  const [own, secret] = await Promise.all([readFile(cert), readFile(key)]);
  return { cert: own, key: secret, ...(ca === undefined ? {} : { ca: await readFile(ca) }) };
}

const same = (one: Material, other: Material): boolean =>
  one.cert.equals(other.cert) && one.key.equals(other.key) && (one.ca ?? one.cert).equals(other.ca ?? other.cert);

/** gRPC's own credentials, whose context can be replaced while the server runs: streams that are open stay. */
class FileCredentials extends ServerCredentials {
  replace(material: Material): void {
    this.updateSecureContextOptions(material);
  }

  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

export interface WatchedCredentials {
  readonly credentials: ServerCredentials;
  close(): void;
}

/** Credentials from files that are read again when they change; `failing` is told what keeps new ones from being used, and when that is over. */
export async function fileCredentials(
  files: TlsFiles,
  failing: (why: string | undefined) => void,
): Promise<WatchedCredentials> {
  let current = await load(files);
  const credentials = new FileCredentials({ requestCert: files.ca !== undefined, rejectUnauthorized: true }, current);
  let told: string | undefined;
  const tell = (why: string | undefined): void => {
    if (why !== told) failing(why);
    told = why;
  };
  const look = async (): Promise<void> => {
    try {
      const next = await read(files);
      if (same(current, next)) return tell(undefined);
      // A certificate and a key that do not belong together are met while the files are being replaced.
      createSecureContext(next);
      current = next;
      credentials.replace(next);
      tell(undefined);
    } catch (error) {
      tell(messageOf(error));
    }
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return { credentials, close: () => clearInterval(timer) };
}

async function load(files: TlsFiles): Promise<Material> {
  try {
    const material = await read(files);
    createSecureContext(material);
    return material;
  } catch (error) {
    throw new SerinError(
      {
        code: "SERIN_XDS_CERTIFICATE",
        what: "The xDS server's certificate cannot be used.",
        found: messageOf(error),
        now: "Nothing listens; Envoys keep what they have.",
        next: "Correct the files that the field `tls` names.",
      },
      { cause: error },
    );
  }
}
