// How does a cluster ask the engine for what its Rollouts say?
import { randomUUID } from "node:crypto";
import { fullSizeOf, takenBy } from "../adapters/kubernetes/adopted.ts";
import type { Cluster } from "../adapters/kubernetes/cluster.ts";
import { notedOf } from "../adapters/kubernetes/command.ts";
import type { Adoptable, RolloutObject } from "../adapters/kubernetes/client/objects.ts";
import type { KubeJournal } from "../adapters/kubernetes/journal.ts";
import { FINALIZER } from "../adapters/kubernetes/names.ts";
import { heldFrom } from "../adapters/kubernetes/held.ts";
import { placeOf, serviceOf } from "../adapters/kubernetes/service-name.ts";
import type { Answer, Command } from "../core/engine/input.ts";
import { replicasOf } from "../core/engine/resize.ts";
import { underWay, withdrawnIn, type ServiceState } from "../core/engine/state.ts";
import { adoptedIn } from "../core/spec/workload.ts";
import { messageOf } from "../core/issues.ts";
import { ms } from "../core/units.ts";
import type { Controller } from "../runtime/controller.ts";
import { healthOf } from "../runtime/health.ts";
import type { Told } from "../runtime/parts.ts";
import { forbidden, isThere, keysOf, named, nothingOf, type Named } from "./adoptees.ts";
import { answerTo } from "./answer.ts";
import { approvable, askedOf, readSpec } from "./asked.ts";
import { configure, type Configurable } from "./configuration.ts";
import { Entry } from "./entry.ts";
import { tellOf } from "./events.ts";
import { candidateOf, keepSafe, letGo, putBack } from "./objects.ts";
import { Queue } from "./queue.ts";
import { Resting } from "./resting.ts";
import { beginAnew } from "./readopt.ts";
import { newer, Shown } from "./shown.ts";
import { statusOf } from "./status.ts";

export interface OperatorOptions {
  readonly cluster: Cluster;
  readonly controller: Controller;
  readonly journal: KubeJournal;
  /** Told of what goes wrong. */
  readonly say: (text: string) => void;
  /** How many people must approve a Rollout, whatever it says itself. What serves already is adopted without. */
  readonly approvalsFor?: ((object: RolloutObject) => number | undefined) | undefined;
}

/** So long a Rollout that goes away waits for the engine to bring everything back to stable. */
const LEAVE_MS = 120_000;
const AGAIN_MS = 2_000;
/** Nobody tells of rights that are given. */
const FORBIDDEN_MS = 10_000;
/** A template, a ConfigMap and a Rollout that are applied together arrive one after the other. */
const SETTLE_MS = 200;
const CALL_MS = 10_000;
/** Who asks, in the log of decisions. */
const ACTOR = "kubernetes";

/** Follows Rollouts and what they adopt: what changes in them becomes commands, what comes of these becomes status. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #resting = new Resting();
  readonly #queue: Queue;
  readonly #off = new AbortController();
  readonly #shown = new Shown();

  constructor(options: OperatorOptions) {
    this.#options = options;
    this.#queue = new Queue(
      (service) => this.#follow(service).then(() => this.#tellHealth(service)),
      (service, error) => {
        const [entry, why] = [this.#entry(service), messageOf(error)];
        if (entry.trouble !== why) options.say(`${service}: ${why}`);
        entry.trouble = why;
        void this.#later(service);
      },
    );
  }

  /** Takes up every Rollout that is there. */
  start(): void {
    const { cluster } = this.#options;
    cluster.onAny((key) => this.#changed(key));
    for (const object of cluster.rollouts.values()) this.#queue.add(serviceOf(object));
  }

  async stop(): Promise<void> {
    this.#off.abort();
    await this.#queue.close();
  }

  /** Carries out what somebody asks of the controller itself. */
  async carryOut(service: string, command: Command): Promise<Answer> {
    const answer = await this.#options.controller.send(service, command);
    this.#entry(service).carriedOut(command, answer);
    this.#queue.add(service);
    return answer;
  }

  /** What the engine has done. */
  told(event: Told): void {
    if (event.kind !== "decided") return;
    const object = this.#object(event.service);
    if (object) {
      tellOf(this.#options.cluster.client, object, event.records).catch((error: unknown) => {
        this.#options.say(`${event.service}: an event was not taken: ${messageOf(error)}`);
      });
    }
    // A newer template that had to wait may start now.
    if (event.records.some(({ kind }) => kind === "ended")) this.#queue.add(event.service);
  }

  /** What people see of a service beside its state. */
  show(service: string, state: ServiceState | undefined): object {
    this.#entry(service).health = this.#healthOf(service);
    return statusOf(state, this.#around(service, state));
  }

  /** What a look at a service has left: another reason for waiting, or another health, is told though nothing was decided. */
  passed(state: ServiceState): void {
    const { service } = state;
    const entry = this.#entries.get(service);
    if (!entry || !this.#object(service)) return;
    if (this.#shown.isDue(state, this.#options.cluster.clock.now()))
      return void this.#write(service).catch((error: unknown) => this.#options.say(`${service}: ${messageOf(error)}`));
    if (entry.isHealthDue || entry.health === undefined || entry.health === this.#healthOf(service)) return;
    entry.isHealthDue = true;
    void this.#later(service);
  }

  #healthOf(service: string): string | undefined {
    const seen = this.#options.controller.find(service);
    return seen && healthOf(seen.state, seen.world);
  }

  #around(service: string, state: ServiceState | undefined) {
    const { controller, cluster } = this.#options;
    const [entry, object] = [this.#entry(service), this.#object(service)];
    return {
      seen: controller.find(service),
      generation: object?.metadata.generation,
      handled: entry.handledBy(state),
      answers: entry.answersBy(state),
      refused: entry.refusedBy(state),
      conditions: object?.status?.conditions ?? [],
      deployment: entry.deployment,
      configuration: entry.configuration,
      nowMs: cluster.clock.now(),
    };
  }

  #object(service: string): RolloutObject | undefined {
    const { namespace, name } = placeOf(service);
    return this.#options.cluster.rollouts.get(namespace, name);
  }

  #entry(service: string): Entry {
    const [known, object] = [this.#entries.get(service), this.#object(service)];
    if (known && (!object || known.uid === object.metadata.uid)) return known;
    const made = new Entry(object ?? {});
    this.#entries.set(service, made);
    return made;
  }

  #changed(key: string): void {
    const [plural, namespace, name] = key.split("/");
    const services = plural === "rollouts" ? [`${name}.${namespace}`] : this.#resting.on(key);
    for (const service of services) {
      this.#options.controller.rouse(service);
      // Pods and ReplicaSets change what is seen, and not what is asked for.
      if (name !== undefined) this.#queue.add(service);
    }
  }

  async #later(service: string, afterMs = AGAIN_MS): Promise<void> {
    await this.#options.cluster.clock.sleep(ms(afterMs), this.#off.signal);
    this.#queue.add(service);
  }

  async #follow(service: string): Promise<void> {
    const { cluster, controller } = this.#options;
    const object = this.#object(service);
    if (!object) {
      this.#entries.delete(service);
      this.#shown.forget(service);
      this.#resting.set(service, []);
      return controller.drop(service);
    }
    const entry = this.#entry(service);
    if (object.metadata.deletionTimestamp !== undefined) return this.#leave(service, object);
    const { rollout, mistakes } = entry.read(object, readSpec);
    const { namespace = "" } = object.metadata;
    const adoptee = rollout && adoptedIn(rollout.spec.workload);
    const on = adoptee && (await named(cluster, adoptee, namespace).catch(forbidden));
    if (typeof on === "string") {
      void this.#later(service, FORBIDDEN_MS);
      return this.#notYet(service, { reason: "Forbidden", message: on });
    }
    const adoptable = on?.adoptable;
    const selecting = rollout?.spec.traffic.service?.name;
    const isNews = this.#resting.set(service, [
      object.metadata.uid,
      ...(on ? keysOf(on) : []),
      // Whoever widens its selector meanwhile would send requests to pods that nobody has looked at.
      selecting && `services/${namespace}/${selecting}`,
    ]);
    // What has changed before was told to nobody.
    if (isNews) controller.rouse(service);
    await this.#obey(service, object);
    if (!rollout) return this.#notYet(service, { reason: "BadSpec", message: mistakes ?? "" });
    await this.#readopt(service, adoptable, selecting);
    if (on && adoptable && (await this.#configure(service, { ...on, adoptable }))) return;
    const other = adoptable && takenBy(adoptable, object.metadata.name, cluster);
    const state = controller.stateOf(service);
    const at = { adoptable, isKnown: controller.has(service), takenBy: other, withdrawn: state && withdrawnIn(state) };
    const asked = askedOf(object, rollout, at);
    if (asked.kind === "not-yet") return this.#notYet(service, asked);
    if (asked.key === entry.handled) await this.#accept(service, asked.key);
    else if (!entry.isBusy(asked.key, state)) {
      if (controller.has(service) && !entry.hasSettled(asked.key)) return void this.#later(service, SETTLE_MS);
      await this.#apply(service, { object, asked });
    }
    if (on && adoptable) await this.#scale(service, on, fullSizeOf(adoptable));
    entry.trouble = undefined;
  }

  /** Another health is told whatever becomes of what is asked for. */
  async #tellHealth(service: string): Promise<void> {
    const entry = this.#entries.get(service);
    if (!entry?.isHealthDue || this.#object(service)?.metadata.deletionTimestamp !== undefined) return;
    entry.isHealthDue = false;
    if (entry.health !== this.#healthOf(service)) await this.#write(service);
  }

  /** One that was deleted and made again is another one: what was known is not known of it. */
  async #readopt(service: string, adoptable: Adoptable | undefined, selecting: string | undefined): Promise<void> {
    const { cluster, controller, journal } = this.#options;
    const [entry, uid] = [this.#entry(service), adoptable?.metadata.uid];
    if (uid === undefined || entry.deployment === uid) return;
    if (entry.deployment !== undefined) {
      // The file names another one: the first one is left to its owner, as it serves.
      if (controller.has(service) && (await isThere(cluster, entry.deployment))) await controller.remove(service);
      else await controller.drop(service);
      await journal.remove(service);
      const signal = AbortSignal.any([this.#off.signal, AbortSignal.timeout(CALL_MS)]);
      await beginAnew(cluster, { service, deployment: uid, selecting }, { signal });
      entry.handled = undefined;
      entry.configuration = undefined;
    }
    entry.deployment = uid;
  }

  /** Sees to it that what the pods are configured with is a part of the revision. Whether the template was changed for it. */
  async #configure(service: string, on: Pick<Named, "asked"> & Configurable): Promise<boolean> {
    const { cluster, say } = this.#options;
    const state = this.#options.controller.stateOf(service);
    // A template that stands in for another one is nobody's wish.
    const isHeld = state && underWay(state) && heldFrom(on.adoptable);
    if (on.asked.configuration === "ignore" || isHeld) return false;
    const entry = this.#entry(service);
    const { isNew, keys, adoptedWith, unread } = await configure(cluster, on, entry.configuration);
    if (unread !== undefined && entry.unread !== unread) say(`${service}: ${unread}`);
    entry.unread = unread;
    entry.configuration = adoptedWith;
    this.#resting.add(service, keys);
    return isNew;
  }

  async #apply(
    service: string,
    { object, asked }: { object: RolloutObject; asked: Extract<ReturnType<typeof askedOf>, { kind: "apply" }> },
  ): Promise<void> {
    const { controller, cluster } = this.#options;
    const [entry, { revision }] = [this.#entry(service), asked.apply];
    const state = controller.stateOf(service);
    const spec = approvable(asked.apply.spec, state && this.#options.approvalsFor?.(object));
    const busy = state && underWay(state);
    const isOther = busy?.phase === "forward" && busy.candidate !== revision.id;
    if (isOther && (state?.stable?.revision === revision.id || asked.apply.abilities.workload.inPlace)) {
      // Whoever takes a template back wants what was there before. And where pods change in their places, none is made of an earlier one.
      const which = state?.stable?.revision === revision.id ? "the template of stable again" : "another template now";
      await this.#send(service, { kind: "abort", reason: `${this.#entry(service).adoptee?.kind} has ${which}` });
    }
    await keepSafe(cluster, object);
    entry.asking = { key: asked.key, spec };
    const send = this.#send(service, { ...asked.apply, spec, reason: `template ${revision.id}` });
    const { refused } = await send.finally(() => (entry.asking = undefined));
    // What cannot start beside another one is asked for again at that one's end.
    if (refused?.code === "SERIN_BUSY") entry.busy = { key: asked.key, number: controller.get(service).state.rollouts };
    else entry.handled = asked.key;
    entry.refusedFor = asked.key;
    if (!refused || refused.code === "SERIN_UNDER_WAY") {
      [entry.refused, entry.said] = [undefined, undefined];
      return;
    }
    const reason =
      refused.code === "SERIN_QUARANTINED" ? "Quarantined" : refused.code === "SERIN_BUSY" ? "Busy" : "Refused";
    await this.#refuse(service, {
      reason,
      message: refused.found ? `${refused.what}: ${refused.found}` : refused.what,
    });
  }

  /** What was wrong in between is right again. */
  async #accept(service: string, key: string): Promise<void> {
    const entry = this.#entry(service);
    if (!entry.refused || entry.refusedFor === key) return;
    [entry.refused, entry.said] = [undefined, undefined];
    await this.#write(service);
  }

  #send(
    service: string,
    command: DistributedOmit<Command, "id" | "actor"> & { readonly reason: string },
  ): Promise<Answer> {
    return this.#options.controller.send(service, { ...command, id: randomUUID(), actor: ACTOR });
  }

  /** What is adopted has its own number of pods, and that counts, whoever has set it. */
  async #scale(service: string, { what, kind }: Named, replicas: number): Promise<void> {
    const state = this.#options.controller.stateOf(service);
    if (!state || state.rollouts === 0) return;
    // A service that is scaled to nothing is left as it is: there is nothing to roll out, and nobody to compare with.
    if (replicas === 0 && underWay(state)?.phase === "forward")
      await this.#send(service, { kind: "abort", reason: `${what} ${nothingOf(kind)}` });
    if (replicas === 0 || replicas === replicasOf(state)) return;
    const reason = `${what} has ${replicas} replicas`;
    const answer = await this.#send(service, { kind: "scale", replicas, reason });
    if (answer.refused) this.#options.say(`${service}: ${answer.refused.what}`);
  }

  async #obey(service: string, object: RolloutObject): Promise<void> {
    const noted = notedOf(object);
    const entry = this.#entry(service);
    entry.learn(object.status?.answers ?? []);
    if (noted && !entry.hasAnswered(noted)) {
      const answer = await answerTo(noted, { controller: this.#options.controller, service, entry });
      entry.answer(answer);
      entry.obeying = undefined;
      if (noted.ok) entry.carriedOut(noted.command, answer);
    }
    // Whatever keeps a template or an answer from being written, it is written the next time.
    if (entry.isTemplateDue) await this.#putBack(service, entry);
    if (!entry.isAnswerDue) return;
    await this.#write(service);
    entry.isAnswerDue = false;
  }

  /** Gives what is adopted the template that an undo brings. */
  async #putBack(service: string, entry: Entry): Promise<void> {
    const { cluster, controller } = this.#options;
    const state = controller.stateOf(service);
    const template = state && candidateOf(state);
    if (entry.adoptee && template) {
      const { among, namespace, name } = await named(cluster, entry.adoptee, placeOf(service).namespace);
      await putBack(cluster, { ...among, namespace, name }, template);
    }
    entry.isTemplateDue = false;
  }

  /** The Rollout goes: first everything back to stable, then what was adopted back to its owner. */
  async #leave(service: string, object: RolloutObject): Promise<void> {
    const { controller, cluster } = this.#options;
    const { finalizers = [], namespace, deletionTimestamp } = object.metadata;
    if (!finalizers.includes(FINALIZER)) return;
    const state = controller.stateOf(service);
    if (state) {
      const waitedMs = cluster.clock.now() - Date.parse(deletionTimestamp ?? "");
      const adoptee = adoptedIn(state.spec.spec.workload);
      // Without what was adopted there is nothing to go back to.
      const on = adoptee && waitedMs < LEAVE_MS ? await named(cluster, adoptee, namespace ?? "") : undefined;
      if (underWay(state) && on?.adoptable) {
        await this.#send(service, { kind: "abort", reason: "the Rollout is deleted" });
        return void this.#later(service);
      }
      await controller.remove(service);
    }
    await letGo(cluster, object);
  }

  #notYet(service: string, why: { readonly reason: string; readonly message: string }): Promise<void> {
    this.#entry(service).refusedFor = undefined;
    return this.#refuse(service, why);
  }

  /** Says why what is asked for is not brought about; once. */
  async #refuse(service: string, refused: { readonly reason: string; readonly message: string }): Promise<void> {
    const entry = this.#entry(service);
    const { generation = 0 } = this.#object(service)?.metadata ?? {};
    const text = `${generation} ${refused.reason} ${refused.message}`;
    entry.refused = refused;
    if (entry.said === text) return;
    entry.said = text;
    await this.#write(service);
  }

  async #write(service: string): Promise<void> {
    const { controller, journal } = this.#options;
    await journal.refresh(service, (written) => this.show(service, newer(controller.stateOf(service), written)));
  }
}

type DistributedOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
