// Which certificates do tests use? Those that they make.
import { execFileSync } from "node:child_process";

/** Writes `<name>.pem` and `<name>.key` for this machine, signed by `ca`, which may be itself. */
export function makeCertificate(dir: string, name: string, ca: string): void {
  const subject = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${name}.key`];
  const by = ca === name ? [] : ["-CA", `${ca}.pem`, "-CAkey", `${ca}.key`];
  const args = ["req", "-x509", ...key, "-out", `${name}.pem`, "-days", "2", ...subject, ...by];
  execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });
}
