// How does a cluster answer what a person asks of Serin?
import { RESOURCES } from "../../adapters/kubernetes/client/objects.ts";
import { recordsOf } from "../../adapters/kubernetes/packed.ts";
import { SerinError } from "../../core/issues.ts";
import type { DecisionRecord } from "../../core/engine/state.ts";
import type { Rollout } from "../../core/spec/rollout.ts";
import { unknownGroup } from "../../runtime/groups.ts";
import type { Link, ServiceView } from "../contract.ts";
import { byUrgency } from "../order.ts";
import { summaryOf } from "../summary.ts";
import { applyTo, liveAdoptee } from "./apply.ts";
import { ask } from "./ask.ts";
import { lookAt, runningIn } from "./look.ts";
import { rolloutViews } from "./views.ts";
import { asked, LOOK_FOR_CONTROLLER, Reach, type Place, type ReachOptions } from "./reach.ts";

export type { ClusterChoice } from "./reach.ts";

/** The controller itself waits for so long until everything is back on stable; then a little for the pods. */
const LEAVE_MS = 180_000;

/** A link that also knows how many replicas there are. */
export interface ClusterLink extends Link {
  /** The file with the number of replicas that there are now. */
  sized(rollout: Rollout): Promise<Rollout>;
}

/** A link to whatever controller looks after a cluster, by the cluster's own objects and with the person's own rights. */
export function kubeLink(options: ReachOptions): ClusterLink {
  const reach = new Reach(options);
  const where = reach.all ? undefined : reach.namespace;
  const get = (service: string): Promise<ServiceView> =>
    asked(async () => {
      const place = reach.place(service);
      const [object, running] = await Promise.all([reach.need(place), runningIn(reach, place.namespace)]);
      return lookAt(object, running);
    });
  const records: Link["records"] = (service, after, limit) =>
    asked(async () => {
      const { status } = await reach.need(reach.place(service));
      const all = recordsOf(status?.log ?? "").map(({ record }) => record as DecisionRecord);
      return all.filter(({ version }) => version > after).slice(0, limit);
    });
  return {
    where: where === undefined ? "all namespaces" : `namespace ${where}`,
    list: () =>
      asked(async () => {
        const [objects, running] = await Promise.all([reach.list(where), runningIn(reach, where)]);
        return byUrgency(objects.map((object) => summaryOf(lookAt(object, running))));
      }),
    get,
    views: (what) => {
      const place = { ...reach.place(what.service), from: "" };
      const changes = (signal: AbortSignal) => reach.client.watch(RESOURCES.rollouts, place, { signal });
      return rolloutViews({ look: () => get(what.service), records, changes }, what);
    },
    groups: async () => [],
    group: async (name) => {
      throw unknownGroup(name, []);
    },
    apply: (request) => asked(() => applyTo(reach, request)),
    command: (service, request) => asked(() => ask(reach, reach.place(service), request)),
    records,
    remove: (service) => asked(() => remove(reach, reach.place(service))),
    sized: (rollout) =>
      asked(async () => {
        const namespace = reach.namespaceOf(rollout.metadata.namespace);
        return (await liveAdoptee(reach, rollout, namespace)).sized;
      }),
    close: async () => reach.client.connection.close(),
  };
}

/** Deletes a Rollout, and waits until its controller has given everything back. */
export async function remove(reach: Reach, place: Place): Promise<void> {
  const { metadata } = await reach.need(place);
  await reach.client.delete(RESOURCES.rollouts, { ...place, uid: metadata.uid }, reach.call());
  const signal = AbortSignal.timeout(LEAVE_MS);
  // It is over when it is gone, or another one of that name.
  await reach.until(place, (object) => (object.metadata.uid === metadata.uid ? undefined : true), signal);
  if (!signal.aborted) return;
  const { name, namespace } = place;
  throw new SerinError({
    code: "SERIN_NO_ANSWER",
    what: `${name}.${namespace} is deleted, and no controller has let go of it within ${LEAVE_MS / 1_000}s`,
    now: "what serves goes on serving, and it goes once a controller runs",
    next: LOOK_FOR_CONTROLLER,
  });
}
