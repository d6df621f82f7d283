// Who is localhost, in the tests of messages?
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";

interface Identity {
  readonly key: string;
  readonly cert: string;
}

let known: Identity | undefined;

/** A certificate for localhost that this process trusts from now on. */
export function identity(): Identity {
  if (known) return known;
  const folder = mkdtempSync(join(tmpdir(), "serin-mail-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const files = ["-keyout", key, "-out", cert];
  const about = ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  execFileSync("openssl", ["req", "-x509", "-nodes", ...curve, ...files, ...about], { stdio: "ignore" });
  known = { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
  rmSync(folder, { recursive: true });
  setDefaultCACertificates([...getCACertificates("default"), known.cert]);
  return known;
}
