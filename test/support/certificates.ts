// Which certificates do tests use? Those that they make.
import { execFileSync } from "node:child_process";

function make(dir: string, { name, ca, about }: { name: string; ca: string; about: readonly string[] }): void {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", `${name}.key`];
  const by = ca === name ? [] : ["-CA", `${ca}.pem`, "-CAkey", `${ca}.key`];
  const args = ["req", "-x509", ...key, "-out", `${name}.pem`, "-days", "2", ...about, ...by];
  execFileSync("openssl", args, { cwd: dir, stdio: "ignore" });
}

/** Writes `<name>.pem` and `<name>.key` for this machine, signed by `ca`, which may be itself. */
export function makeCertificate(dir: string, name: string, ca: string): void {
  const about = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"];
  make(dir, { name, ca, about });
}

/** Writes `<name>.pem` and `<name>.key` of a client that belongs to a group, signed by `ca`. */
export function makeClientCertificate(dir: string, { name, group }: { name: string; group: string }, ca: string): void {
  const use = ["-addext", "basicConstraints=CA:FALSE", "-addext", "extendedKeyUsage=clientAuth"];
  make(dir, { name, ca, about: ["-subj", `/O=${group}/CN=${name}`, ...use] });
}
