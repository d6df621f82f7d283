// How does a test come between a client and the API server: count, refuse, delay or cut what it asks for?
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TestContext } from "vitest";
import { parse, stringify } from "yaml";
import type { Cluster } from "./cluster.ts";

export interface Asked {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly isWrite: boolean;
  readonly isWatch: boolean;
  /** The number of this one among the writes, from 1. */
  readonly write: number;
}

/**
 * What becomes of a request. `cut`: the connection breaks before the server hears of it. `lose`: the server does it, and the
 * connection breaks before the answer. A status: the server never hears of it and that is the answer.
 */
export type Fate = "pass" | "cut" | "lose" | { readonly status: number; readonly reason: string };

export interface Gate {
  /** For a client that goes through the gate. */
  readonly kubeconfig: string;
  /** Decides from now on; may take its time. Everything passes at first. */
  decide: (asked: Asked) => Fate | Promise<Fate>;
  /** All that was asked for, in order. */
  readonly asked: Asked[];
  /** Breaks every connection that is open, watches too. */
  cutAll(): void;
}

function answer(to: ServerResponse, { status, reason }: { status: number; reason: string }): void {
  const body = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message: "a test said so" };
  to.writeHead(status, { "content-type": "application/json" });
  to.end(JSON.stringify({ ...body, reason, code: status }));
}

async function bodyOf(from: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of from) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { server: string } }[];
}

/** The same kubeconfig for another address. */
function redirected(kubeconfig: string, server: string): string {
  const config = parse(readFileSync(kubeconfig, "utf8")) as Kubeconfig;
  for (const { cluster } of config.clusters) cluster.server = server;
  const file = `${kubeconfig}.${new URL(server).port}`;
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}

/**
 * Stands between a client and the cluster's API server until the test ends. The client proves itself by a token, an
 * administrator's unless another kubeconfig is given.
 */
export async function openGate(
  context: Pick<TestContext, "onTestFinished">,
  cluster: Cluster,
  kubeconfig = cluster.tokenKubeconfig,
): Promise<Gate> {
  const { server: to, ca } = cluster.access;
  const agent = new Agent({ ca: readFileSync(ca), keepAlive: true });
  const asked: Asked[] = [];
  let writes = 0;

  const forward = async (from: IncomingMessage, back: ServerResponse, fate: Fate): Promise<void> => {
    const body = await bodyOf(from);
    const headers = { ...from.headers, "content-length": String(body.length), host: new URL(to).host };
    const onward = request(new URL(from.url ?? "/", to), { method: from.method, headers, agent });
    onward.on("error", () => back.destroy());
    onward.on("response", (heard) => {
      if (fate === "lose") {
        heard.resume();
        heard.on("end", () => back.destroy());
        return;
      }
      back.writeHead(heard.statusCode ?? 500, heard.headers);
      back.flushHeaders();
      heard.on("error", () => back.destroy());
      heard.pipe(back);
    });
    back.on("close", () => {
      if (!back.writableFinished && fate !== "lose") onward.destroy();
    });
    onward.end(body);
  };

  const handle = async (from: IncomingMessage, back: ServerResponse): Promise<void> => {
    const { method = "GET", url: path = "/" } = from;
    const isWrite = !["GET", "HEAD"].includes(method);
    if (isWrite) writes += 1;
    const isWatch = new URL(path, to).searchParams.has("watch");
    const one = { method, path, isWrite, isWatch, write: writes };
    asked.push(one);
    const fate = await gate.decide(one);
    if (fate === "cut") return void back.destroy();
    return typeof fate === "object" ? answer(back, fate) : forward(from, back, fate);
  };

  const pair = ["apiserver.key", "apiserver.pem"].map((file) => readFileSync(join(cluster.dir, file)));
  const gateServer = createServer({ key: pair[0], cert: pair[1] }, (from, back) => {
    handle(from, back).catch(() => back.destroy());
  });
  gateServer.listen(0, "127.0.0.1");
  await once(gateServer, "listening");
  const { port } = gateServer.address() as AddressInfo;
  const gate: Gate = {
    kubeconfig: redirected(kubeconfig, `https://127.0.0.1:${port}`),
    decide: () => "pass",
    asked,
    cutAll: () => gateServer.closeAllConnections(),
  };
  context.onTestFinished(() => {
    gateServer.close();
    gateServer.closeAllConnections();
    agent.destroy();
  });
  return gate;
}
