// How does a test ask the controller of a cluster by its own address?
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, SerinError, type Client } from "../../src/api/client.ts";
import { until } from "../e2e/harness.ts";
import type { Cluster, Ending, Namespace } from "./cluster.ts";
import type { Daemon } from "./daemon.ts";
import { controllerOf, stateOf } from "./serin.ts";

export interface Reached {
  readonly controller: Daemon;
  readonly url: string;
  readonly client: Client;
}

interface Asked {
  readonly cluster: Cluster;
  readonly namespace: Namespace;
  readonly name?: string;
  /** Further namespaces that it looks after. */
  readonly besides?: readonly Namespace[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A controller for a namespace, with its API and dashboard on this machine. It is not waited for to lead. */
export async function reachedOf(context: Ending, asked: Asked): Promise<Reached> {
  const state = await stateOf(asked.cluster);
  const controller = await controllerOf(context, { ...asked, state, flags: ["--listen", "127.0.0.1:0"] });
  const text = await until("the door is open", () =>
    readFile(join(state, "kube-controller.json"), "utf8").catch(() => undefined),
  );
  const { url, token } = JSON.parse(text) as { readonly url: string; readonly token: string };
  return { controller, url, client: connect({ url, token }) };
}

/** Resolves once it answers, and does not say that another one leads. */
export async function leads(client: Client): Promise<void> {
  const asks = async (): Promise<boolean> => {
    try {
      await client.whoami();
      return true;
    } catch (error) {
      if (error instanceof SerinError && ["SERIN_NOT_LEADING", "SERIN_NO_ANSWER"].includes(error.trouble.code))
        return false;
      throw error;
    }
  };
  await until("it leads", asks, 120_000);
}
