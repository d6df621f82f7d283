// How does a test get certificates of an authority of its own?
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

const CURVE = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];

/** An authority whose certificates nobody else trusts. */
export class Authority {
  readonly ca: string;
  readonly #key: string;
  readonly #dir: string;

  constructor(dir: string, name = "ca") {
    mkdirSync(dir, { recursive: true });
    this.#dir = dir;
    this.ca = join(dir, `${name}.crt`);
    this.#key = join(dir, `${name}.key`);
    this.#run(["-subj", `/CN=${name}`, "-keyout", this.#key, "-out", this.ca]);
  }

  /** A certificate for one name. `file` names its two files, which are written over. */
  issue(name: string, file = name): Pair {
    const pair = { cert: join(this.#dir, `${file}.crt`), key: join(this.#dir, `${file}.key`) };
    const of = ["-CA", this.ca, "-CAkey", this.#key, "-addext", "basicConstraints=CA:FALSE"];
    const about = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`];
    this.#run([...of, ...about, "-keyout", pair.key, "-out", pair.cert]);
    return pair;
  }

  #run(args: readonly string[]): void {
    execFileSync("openssl", ["req", "-x509", ...CURVE, ...args], { stdio: ["ignore", "ignore", "pipe"] });
  }
}
