// How is a cluster reached in a person's name, and which of its Rollouts is meant?
import { setTimeout as sleep } from "node:timers/promises";
import { KubeClient } from "../../adapters/kubernetes/client/client.ts";
import { Connection } from "../../adapters/kubernetes/client/connection.ts";
import { explained, isExpired, isMissing, KubeError } from "../../adapters/kubernetes/client/errors.ts";
import { RESOURCES, type KubeObject, type RolloutObject } from "../../adapters/kubernetes/client/objects.ts";
import { savedIn, type Stored } from "../../adapters/kubernetes/packed.ts";
import { SerinError } from "../../core/issues.ts";
import { unknownService } from "../../runtime/controller.ts";
import type { Call } from "../../ports/observed.ts";

/** Which cluster, and which part of it. */
export interface ClusterChoice {
  /** Default: $KUBECONFIG, ~/.kube/config. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  /** Default: that of the context. */
  readonly namespace?: string | undefined;
  /** Lists all namespaces. */
  readonly all?: boolean | undefined;
}

export interface ReachOptions extends ClusterChoice {
  readonly version: string;
  /** So long a command waits for its answer; longer than a controller needs to take the place of one that ended. */
  readonly answerMs?: number | undefined;
}

/** A Rollout of the cluster. */
export interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** A Rollout with all that its status tells. */
export interface StoredRollout extends RolloutObject {
  readonly status?:
    | (NonNullable<RolloutObject["status"]> &
        NonNullable<Stored["status"]> & {
          readonly observedGeneration?: number | undefined;
          readonly weight?:
            | { readonly wanted?: string | undefined; readonly measured?: string | undefined }
            | undefined;
          readonly message?: string | undefined;
        })
    | undefined;
}

const CALL_MS = 15_000;
const ANSWER_MS = 30_000;
const AGAIN_MS = 500;

/** A cluster as one person reaches it. */
export class Reach {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly all: boolean;
  readonly answerMs: number;
  readonly #isChosen: boolean;

  constructor({ kubeconfig, context, namespace, all = false, version, answerMs = ANSWER_MS }: ReachOptions) {
    this.client = new KubeClient(new Connection({ kubeconfig, context, userAgent: `serin-cli/${version}` }));
    this.namespace = namespace ?? this.client.connection.namespace;
    this.#isChosen = namespace !== undefined;
    this.all = all;
    this.answerMs = answerMs;
  }

  call(): Call {
    return { signal: AbortSignal.timeout(CALL_MS) };
  }

  /** `checkout`, in the namespace that was chosen, or `checkout.prod`. */
  place(service: string): Place {
    const at = service.indexOf(".");
    const named = at < 0 ? undefined : service.slice(at + 1);
    if (named !== undefined && this.#isChosen && named !== this.namespace)
      throw badOption(`${service} is in ${named}, and --namespace says ${this.namespace}`);
    return { name: at < 0 ? service : service.slice(0, at), namespace: named ?? this.namespace };
  }

  /** The namespace that a file says, which must not be another one than the command line says. */
  namespaceOf(file: string | undefined): string {
    if (file !== undefined && this.#isChosen && file !== this.namespace)
      throw badOption(`the file is for namespace ${file}, and --namespace says ${this.namespace}`);
    return file ?? this.namespace;
  }

  async find({ namespace, name }: Place): Promise<StoredRollout | undefined> {
    return this.client.get<StoredRollout>(RESOURCES.rollouts, { namespace, name }, this.call());
  }

  /** Throws a SerinError that names those that are there, when this one is not. */
  async need(place: Place): Promise<StoredRollout> {
    const found = await this.find(place);
    if (found) return found;
    // Throws when the cluster has no such kind.
    const there = await this.list(place.namespace);
    const names = there.map(({ metadata: { name } }) => `${name}.${place.namespace}`);
    throw unknownService(`${place.name}.${place.namespace}`, names);
  }

  async list(namespace: string | undefined): Promise<readonly StoredRollout[]> {
    try {
      return (await this.client.list<StoredRollout>(RESOURCES.rollouts, { namespace }, this.call())).items;
    } catch (error) {
      throw isMissing(error) ? notInstalled(this.client.connection.server, error) : error;
    }
  }

  /** Follows a Rollout until it tells what is waited for; nothing when it does not in time, or when it is gone. */
  async until<T>(
    place: Place,
    tells: (object: StoredRollout) => T | undefined,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    while (!signal.aborted) {
      try {
        const object = await this.client.get<StoredRollout>(RESOURCES.rollouts, place, { signal });
        if (!object) return undefined;
        const told = tells(object) ?? (await this.#watched({ place, tells, signal }, object));
        if (told !== undefined) return told;
      } catch (error) {
        if (signal.aborted) return undefined;
        const isBroken = !(error instanceof KubeError) || error.status === 0;
        if (!isBroken && !isExpired(error)) throw error;
        await sleep(AGAIN_MS, undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }

  async #watched<T>({ place, tells, signal }: Waiting<T>, { metadata }: KubeObject): Promise<T | undefined> {
    const where = { ...place, from: metadata.resourceVersion ?? "" };
    for await (const { type, object } of this.client.watch<StoredRollout>(RESOURCES.rollouts, where, { signal })) {
      if (type === "DELETED") return undefined;
      const told = type === "BOOKMARK" ? undefined : tells(object);
      if (told !== undefined) return told;
    }
    return undefined;
  }
}

interface Waiting<T> {
  readonly place: Place;
  readonly tells: (object: StoredRollout) => T | undefined;
  readonly signal: AbortSignal;
}

/** Does work in the cluster; what it refuses is told as a SerinError. */
export async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw unanswered(error) ?? error;
  }
}

/** What the API server refuses or does not answer; nothing for any other failure. */
export function unanswered(error: unknown): SerinError | undefined {
  if (error instanceof KubeError) return explained(error);
  return error instanceof Error && error.name === "TimeoutError" ? explained(silent(error)) : undefined;
}

const silent = (error: Error): KubeError =>
  new KubeError(
    "the API server",
    { status: 0, reason: "NoAnswer", message: "gave no answer in time" },
    { cause: error },
  );

/** Whether a controller has decided anything about it yet. */
export const isFollowed = (object: Stored): boolean => savedIn(object) !== undefined;

/** Why it is not followed, as far as it tells. */
export function whyNot({ status }: StoredRollout): string {
  return status?.message ?? "no controller has looked at it yet";
}

/** What to look for when no controller answers. */
export const LOOK_FOR_CONTROLLER =
  "look whether a controller runs: kubectl get deployments --all-namespaces -l app.kubernetes.io/name=serin";

function badOption(what: string): SerinError {
  const next = "say one namespace";
  return new SerinError({ code: "SERIN_BAD_OPTION", what, now: "nothing was changed", next, exitCode: 2 });
}

function notInstalled(server: string, cause: unknown): SerinError {
  return new SerinError(
    {
      code: "SERIN_KUBE_NOT_INSTALLED",
      what: `the cluster at ${server} does not know Rollouts`,
      found: "it has no kind Rollout of serin.dev/v1",
      now: "nothing was changed",
      next: "serin export install | kubectl apply -f -",
      exitCode: 2,
    },
    { cause },
  );
}
