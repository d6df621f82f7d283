// How does a test come between a controller and its API server?
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { stringify } from "yaml";
import type { Cluster } from "./cluster.ts";

/** A write as it reaches the gate: `PATCH deployments/app`, `POST replicasets`. */
export interface Write {
  /** 1 is the first that was counted. */
  readonly number: number;
  readonly what: string;
}

/** `pass` hands it on; `drop` sends nothing and closes; `lose` hands it on and keeps the answer back; `conflict` answers 409. */
type Fate = "pass" | "drop" | "lose" | "conflict";

/** Which writes are told to the test: a lease and an event are nobody's state. */
const COUNTED = /^\/api(?:s\/[^/]+)?\/[^/]+\/namespaces\/[^/]+\/(?!leases|events)([^?]+)/u;

/** An API server that a test may make fail. */
export class Gate {
  /** What becomes of each counted write. */
  fate: (write: Write) => Fate = () => "pass";
  readonly writes: string[] = [];
  /** What becomes of a watch that begins, by the plural of its kind. */
  watch: (plural: string) => "pass" | "expired" = () => "pass";
  #isShut = false;
  readonly #server: Server;
  readonly #agent: Agent;
  readonly #cluster: Cluster;
  readonly #token: string;
  #number = 0;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#agent = new Agent({ ca: readFileSync(cluster.access.ca), keepAlive: true, maxSockets: 64 });
    const config = readFileSync(cluster.tokenKubeconfig, "utf8");
    this.#token = /token: (\S+)/u.exec(config)?.[1] ?? "";
    this.#server = createServer((asked, answer) => this.#take(asked, answer));
  }

  /** Answers with the file of a kubeconfig that leads through it. */
  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    const { port } = this.#server.address() as AddressInfo;
    const file = join(this.#cluster.dir, `gate-${process.pid}-${port}.kubeconfig`);
    const config = {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "tests", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
      users: [{ name: "user", user: {} }],
      contexts: [{ name: "tests", context: { cluster: "tests", user: "user" } }],
      "current-context": "tests",
    };
    writeFileSync(file, stringify(config), { mode: 0o600 });
    return file;
  }

  /** From now on nothing passes, and what is under way is cut off. */
  shut(): void {
    this.#isShut = true;
    this.#server.closeAllConnections();
  }

  /** Cuts off what is under way; the next ones pass. */
  cut(): void {
    this.#server.closeAllConnections();
  }

  async close(): Promise<void> {
    this.shut();
    this.#agent.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(asked: IncomingMessage, answer: ServerResponse): void {
    if (this.#isShut) return void asked.destroy();
    const { method = "GET", url = "/" } = asked;
    if (method === "GET") {
      const plural = /\/([a-z]+)\?watch=1/u.exec(url)?.[1];
      if (plural !== undefined && this.watch(plural) === "expired") return refuse(answer, 410, "Expired");
      return this.#pass(asked, answer, true);
    }
    const counted = COUNTED.exec(url)?.[1];
    if (counted === undefined) return this.#pass(asked, answer, true);
    const what = `${method} ${counted}`;
    this.writes.push(what);
    this.#number += 1;
    const fate = this.fate({ number: this.#number, what });
    if (fate === "drop") return void asked.destroy();
    if (fate === "conflict") return refuse(answer, 409, "Conflict");
    this.#pass(asked, answer, fate === "pass");
  }

  #pass(asked: IncomingMessage, answer: ServerResponse, isTold: boolean): void {
    const headers = { ...asked.headers, authorization: `Bearer ${this.#token}` };
    delete headers.host;
    const target = new URL(asked.url ?? "/", this.#cluster.access.server);
    const passed = request(target, { method: asked.method, agent: this.#agent, headers }, (from) => {
      if (!isTold) {
        from.resume();
        from.on("end", () => asked.destroy());
        return;
      }
      answer.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(answer);
      from.on("error", () => answer.destroy());
    });
    passed.on("error", () => answer.destroy());
    answer.on("close", () => {
      if (isTold) passed.destroy();
    });
    asked.pipe(passed);
  }
}

function refuse(answer: ServerResponse, code: number, reason: string): void {
  answer.writeHead(code, { "content-type": "application/json" });
  answer.end(JSON.stringify({ kind: "Status", code, reason, message: `${reason}, says the test` }));
}

/** A gate that ends with the test. */
export async function gateOf(context: TestContext, cluster: Cluster): Promise<{ gate: Gate; kubeconfig: string }> {
  const gate = new Gate(cluster);
  const kubeconfig = await gate.open();
  context.onTestFinished(() => gate.close());
  return { gate, kubeconfig };
}
