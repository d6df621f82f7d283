// Is the status of Rollouts a journal?
import { join } from "node:path";
import { expect } from "vitest";
import { Cluster } from "../../src/adapters/kubernetes/cluster.ts";
import { KubeJournal } from "../../src/adapters/kubernetes/journal.ts";
import { systemClock } from "../../src/adapters/system/clock.ts";
import { journalContract } from "../../src/ports/journal.contract.ts";
import type { Journal } from "../../src/ports/journal.ts";
import { sharedCluster, isThere, test } from "./kube-test.ts";
import { installKinds, rolloutOf, type RolloutObject } from "./serin.ts";

/** A journal of the services of one namespace, by their Rollouts' names. */
function named(journal: Journal, namespace: string): Journal {
  const of = (service: string): string => `${service}.${namespace}`;
  return {
    kind: journal.kind,
    list: async () => (await journal.list()).map((service) => service.slice(0, -namespace.length - 1)),
    load: (service) => journal.load(of(service)),
    append: (service, expected, entry) => journal.append(of(service), expected, entry),
    records: (service, after, limit) => journal.records(of(service), after, limit),
    remove: (service) => journal.remove(of(service)),
    close: () => journal.close(),
  };
}

test("what people see is never older than the state beside it", async (context) => {
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  await installKinds(cluster);
  await namespace.apply(rolloutOf({ rolling: {} }, { name: "shop" }));
  const known = new Cluster({ clock: systemClock(), kubeconfig: cluster.kubeconfig, userAgent: "serin/journal" });
  context.onTestFinished(() => known.client.connection.close());
  const show = (_: string, state: unknown): object => ({ phase: String(state) });
  const journal = new KubeJournal({ client: known.client, only: namespace.name, show });
  const service = `shop.${namespace.name}`;
  await Promise.all([
    journal.refresh(service, () => ({ phase: "Waiting" })),
    journal.append(service, 0, { format: 1, state: "Idle", records: [] }),
    journal.refresh(service, (written) => ({ phase: String(written) })),
  ]);
  const { status } = await namespace.get<RolloutObject>("serin.dev/v1/Rollout/shop");
  expect(status?.phase).toBe("Idle");
});

if (isThere) {
  journalContract(
    "the status of Rollouts",
    async () => {
      const cluster = sharedCluster();
      const ends: (() => Promise<void>)[] = [];
      const namespace = await cluster.namespace({
        onTestFinished: (end: () => Promise<void>) => void ends.push(end),
      } as never);
      await installKinds(cluster);
      await namespace.apply([
        rolloutOf({ rolling: {} }, { name: "shop" }),
        rolloutOf({ rolling: {} }, { name: "cart" }),
      ]);
      const known = new Cluster({
        clock: systemClock(),
        kubeconfig: join(cluster.dir, "admin.kubeconfig"),
        userAgent: "serin/journal",
      });
      return {
        open: () =>
          Promise.resolve(named(new KubeJournal({ client: known.client, only: namespace.name }), namespace.name)),
        dispose: async () => {
          known.client.connection.close();
          for (const end of ends) await end();
        },
      };
    },
    { holder: "a Lease says who leads, and the versions of objects keep writers apart" },
  );
}
