// Where is the API server, and who are we to it?
import { Agent, request as httpsRequest, type RequestOptions } from "node:https";
import { request as httpRequest, Agent as HttpAgent, type IncomingMessage, type OutgoingHttpHeaders } from "node:http";
import { KubeConfig } from "@kubernetes/client-node";
import { SerinError } from "../../../core/issues.ts";
import { messageOf } from "../../../core/issues.ts";
import { KubeError } from "./errors.ts";

/** How to find a cluster. */
export interface ConnectionOptions {
  /** A kubeconfig file. Default: that of $KUBECONFIG or ~/.kube/config; in a pod, its service account. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** What the API server's log calls this program. */
  readonly userAgent: string;
}

/** Credentials that a program or a file brings are read again after so long. */
const CREDENTIALS_MS = 60_000;

interface Prepared {
  readonly options: RequestOptions;
  readonly untilMs: number;
}

/** One HTTP exchange with the API server. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly body?: string | undefined;
  readonly contentType?: string | undefined;
  readonly signal: AbortSignal;
}

/** Speaks HTTP with one API server, with kept connections. */
export class Connection {
  /** Where people find it in texts. */
  readonly server: string;
  /** The namespace of the context; `default` without one. */
  readonly namespace: string;
  readonly #config: KubeConfig;
  readonly #url: URL;
  readonly #userAgent: string;
  #agent: Agent | HttpAgent | undefined;
  #agentFor = "";
  #prepared: Prepared | undefined;

  constructor({ kubeconfig, context, userAgent }: ConnectionOptions) {
    this.#config = loaded(kubeconfig, context);
    const cluster = this.#config.getCurrentCluster();
    if (!cluster) throw noCluster("the kubeconfig names no cluster for its context");
    this.server = cluster.server;
    this.namespace = this.#config.getContextObject(this.#config.getCurrentContext())?.namespace ?? "default";
    this.#url = new URL(cluster.server);
    this.#userAgent = userAgent;
  }

  /** The answer's head; its body is still to be read. Rejects with a KubeError without an answer. */
  async open(exchange: Exchange): Promise<IncomingMessage> {
    const { method, path, body, contentType, signal } = exchange;
    const options = await this.#options();
    const isTls = this.#url.protocol === "https:";
    const prefix = this.#url.pathname.replace(/\/$/u, "");
    const headers = {
      ...(options.headers as OutgoingHttpHeaders | undefined),
      accept: "application/json",
      "user-agent": this.#userAgent,
      ...(body === undefined
        ? {}
        : { "content-type": contentType ?? "application/json", "content-length": Buffer.byteLength(body) }),
    };
    return new Promise((resolve, reject) => {
      const sent = (isTls ? httpsRequest : httpRequest)(
        {
          host: this.#url.hostname.replace(/^\[|\]$/gu, ""),
          port: this.#url.port || (isTls ? 443 : 80),
          path: `${prefix}${path}`,
          method,
          ...(options.auth ? { auth: options.auth } : {}),
          headers,
          agent: this.#agent,
          signal,
        },
        resolve,
      );
      sent.on("error", (error) => {
        const why = { status: 0, reason: "NoAnswer", message: `${this.server}: ${messageOf(error)}` };
        reject(signal.aborted ? (signal.reason as Error) : new KubeError(`${method} ${path}`, why, { cause: error }));
      });
      sent.end(body);
    });
  }

  /** Credentials as they are now, and an agent that fits them. */
  async #options(): Promise<RequestOptions> {
    if (this.#prepared && Date.now() < this.#prepared.untilMs) return this.#prepared.options;
    const options: RequestOptions = {};
    await this.#config.applyToHTTPSOptions(options);
    const { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername } = options;
    const tls = { ca, cert, key, pfx, passphrase, rejectUnauthorized, servername };
    const name = JSON.stringify(tls, (_, value: unknown) =>
      Buffer.isBuffer(value) ? value.toString("base64") : value,
    );
    if (!this.#agent || name !== this.#agentFor) {
      const pool = { keepAlive: true, maxSockets: 64, scheduling: "lifo" as const };
      const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
      this.#agent?.destroy();
      this.#agent = this.#url.protocol === "https:" ? new Agent({ ...pool, ...given }) : new HttpAgent(pool);
      this.#agentFor = name;
    }
    this.#prepared = { options, untilMs: Date.now() + CREDENTIALS_MS };
    return options;
  }

  /** Reads the credentials again with the next exchange: the last ones were refused. */
  forget(): void {
    this.#prepared = undefined;
  }

  close(): void {
    this.#agent?.destroy();
  }
}

const NOWHERE = "http://localhost:8080";

function loaded(kubeconfig: string | undefined, context: string | undefined): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
    // What the library takes when it has found nothing.
    if (config.getCurrentCluster()?.server === NOWHERE) throw new Error("there is no kubeconfig, and this is no pod");
    if (context !== undefined) {
      if (!config.getContextObject(context)) throw new Error(`there is no context ${context}`);
      config.setCurrentContext(context);
    }
  } catch (error) {
    throw noCluster(messageOf(error), error);
  }
  return config;
}

function noCluster(found: string, cause?: unknown): SerinError {
  const next = "name a kubeconfig with --kubeconfig or $KUBECONFIG";
  return new SerinError({ code: "SERIN_NO_CLUSTER", what: "no cluster is known", found, next, exitCode: 2 }, { cause });
}
