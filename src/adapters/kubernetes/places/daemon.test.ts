// Which pods of a DaemonSet go, and which template has it meanwhile?
import { expect, test } from "vitest";
import type { WantedPool } from "../../../core/world.ts";
import type { DaemonSet, PodTemplate } from "../client/objects.ts";
import { withTemplate } from "../held.ts";
import type { KnownPod } from "../keep.ts";
import { revisionOfTemplate } from "../revision.ts";
import { DAEMON_SETS } from "./daemon.ts";
import { goingNow, type Look } from "./kind.ts";

const templateOf = (version: string): PodTemplate => ({
  metadata: { labels: { app: "agent" } },
  spec: { containers: [{ name: "agent", image: `agent:${version}` }] },
});

const revisionOf = (version: string) => revisionOfTemplate(templateOf(version));

interface Stage {
  /** The template that it has; default `v1`. */
  readonly set?: DaemonSet;
  /** Versions of the pods by their nodes; with a question mark those that do not answer, with two those that have not for long. */
  readonly pods: readonly string[];
  readonly written?: Partial<ReturnType<Look["written"]>>;
}

function daemonSet(version: string, { maxUnavailable }: { maxUnavailable?: number | string } = {}): DaemonSet {
  const own = { type: "RollingUpdate", rollingUpdate: { maxUnavailable } };
  return {
    metadata: { name: "agent", generation: 2, annotations: { "serin.dev/update-strategy": JSON.stringify(own) } },
    spec: { selector: {}, updateStrategy: { type: "OnDelete" }, template: templateOf(version) },
    status: { observedGeneration: 2, desiredNumberScheduled: 4 },
  };
}

/** One that has a version's template in the place of another one that is asked for. */
const held = (version: string, asked: string): DaemonSet => withTemplate(daemonSet(asked), revisionOf(version));

function wanted(role: "stable" | "canary", version: string, size: number): WantedPool {
  return { pool: role, role, revision: revisionOf(version), size };
}

/** Nodes whose pods go now, and the version whose template it is given first. */
function planned(pools: readonly WantedPool[], { set = daemonSet("v1"), pods, written = {} }: Stage) {
  const known = pods.map((text, node): KnownPod & { readonly version: string } => ({
    metadata: { name: `agent-${node}` },
    node: `node-${node}`,
    ready: !text.endsWith("?"),
    sinceMs: text.endsWith("??") ? 0 : undefined,
    restarts: 0,
    version: text.replaceAll("?", ""),
  }));
  const look: Look = {
    pods: () => known,
    live: () => known,
    isLost: ({ sinceMs }) => sinceMs !== undefined,
    revisionOf: ({ metadata }) => revisionOf(known.find((pod) => pod.metadata === metadata)?.version ?? "").id,
    revisionNamed: () => undefined,
    written: () => ({
      pools: [],
      stable: { pool: "stable", revision: revisionOf("v1") },
      fullSize: 4,
      isExposed: false,
      isBack: false,
      withdrawn: undefined,
      ...written,
    }),
  };
  const plan = DAEMON_SETS.planOf(look, set, pools);
  if (!plan) return undefined;
  const version = ["v1", "v2", "v3"].find((one) => revisionOf(one).id === plan.template?.id);
  return { goes: goingNow(look, plan).map(({ node }) => node), ...(version && { version }) };
}

const quarter = [wanted("stable", "v1", 3), wanted("canary", "v2", 1)];
const half = [wanted("stable", "v1", 2), wanted("canary", "v2", 2)];
const stable = [wanted("stable", "v1", 4)];
const set = daemonSet("v2");

test("a candidate gets its nodes in one order, one after the other, when nobody is missed", () => {
  expect(planned(quarter, { set, pods: ["v1", "v1", "v1", "v1"] })).toEqual({ goes: ["node-0"] });
  expect(planned(half, { set, pods: ["v2?", "v1", "v1", "v1"] })).toEqual({ goes: [] });
  expect(planned(half, { set, pods: ["v2", "v1", "v1"] })).toEqual({ goes: [] });
  expect(planned(half, { set, pods: ["v2", "v1", "v1", "v1"] })).toEqual({ goes: ["node-1"] });
  expect(planned(half, { set, pods: ["v2", "v2", "v1", "v1"] })).toEqual({ goes: [] });
  expect(planned(half, { set, pods: ["v2", "v1", "v1", "v1?"] })).toEqual({ goes: ["node-3"] });
});

test("a node that is down keeps no other from its turn, and comes last", () => {
  expect(planned(quarter, { set, pods: ["v1??", "v1", "v1", "v1"] })).toEqual({ goes: ["node-1"] });
  expect(planned(half, { set, pods: ["v1??", "v2?", "v1", "v1"] })).toEqual({ goes: [] });
  const back = { isBack: true };
  const stands = held("v1", "v2");
  expect(planned(stable, { set: stands, pods: ["v1??", "v2", "v2", "v1"], written: back })?.goes).toEqual(["node-1"]);
  expect(planned(stable, { set: stands, pods: ["v1??", "v1?", "v2", "v1"], written: back })?.goes).toEqual([]);
});

test("as many as it lets be missing by its own word", () => {
  const pods = ["v1", "v1", "v1", "v1"];
  const goes = (maxUnavailable: number | string) =>
    planned(half, { set: daemonSet("v2", { maxUnavailable }), pods })?.goes;
  expect(goes(3)).toEqual(["node-0", "node-1"]);
  expect(goes("30%")).toEqual(["node-0", "node-1"]);
  expect(goes("1%")).toEqual(["node-0"]);
  expect(goes(0)).toEqual(["node-0"]);
});

test("nothing goes for a template that was changed again, or that its controller has not seen", () => {
  const pods = ["v1", "v1", "v1", "v1"];
  expect(planned(quarter, { set: daemonSet("v3"), pods })).toEqual({ goes: [] });
  const unseen = { ...set, status: { ...set.status, observedGeneration: 1 } };
  expect(planned(quarter, { set: unseen, pods })).toEqual({ goes: [] });
});

test("where stable shall have none, all go at once", () => {
  const all = [wanted("stable", "v1", 0), wanted("canary", "v2", 4)];
  expect(planned(all, { set, pods: ["v1", "v1", "v1", "v1"] })?.goes).toHaveLength(4);
  expect(planned([wanted("canary", "v2", 4)], { set, pods: ["v2", "v2", "v2", "v2"] })).toEqual({ goes: [] });
});

test("what came back as the candidate unasked comes back as stable, and then the template that is asked for", () => {
  expect(planned(stable, { set, pods: ["v1", "v2", "v1", "v1"] })).toEqual({ goes: [], version: "v1" });
  const stands = held("v1", "v2");
  expect(planned(stable, { set: stands, pods: ["v1", "v2", "v1", "v1"] })).toEqual({ goes: ["node-1"] });
  expect(planned(stable, { set: stands, pods: ["v1", "v1", "v1", "v1"] })).toEqual({ goes: [], version: "v2" });
  expect(planned(quarter, { set, pods: ["v2", "v2", "v1", "v1"] })).toEqual({ goes: [], version: "v1" });
  expect(planned(quarter, { set: stands, pods: ["v2", "v2", "v1", "v1"] })).toEqual({ goes: ["node-1"] });
  expect(planned(quarter, { set: stands, pods: ["v2", "v1", "v1", "v1"] })).toEqual({ goes: [], version: "v2" });
  expect(planned(quarter, { set: stands, pods: ["v1", "v1", "v1", "v1"] })).toEqual({ goes: [], version: "v2" });
});

test("the template that is asked for waits until what goes has come back as stable", () => {
  const stands = held("v1", "v2");
  expect(planned(stable, { set: stands, pods: ["v1", "v1", "v1"] })).toEqual({ goes: [] });
  expect(planned(quarter, { set: stands, pods: ["v2", "v1", "v1"] })).toEqual({ goes: [] });
  expect(planned(quarter, { set: stands, pods: ["v1", "v1"] })).toEqual({ goes: [] });
  // The candidate's own may come from either.
  expect(planned(quarter, { set: stands, pods: ["v1", "v1", "v1"] })).toEqual({ goes: [], version: "v2" });
});

test("who brings that template again is fought on the way back alone, and for stable's last pod", () => {
  const again = { ...held("v1", "v2"), spec: daemonSet("v2").spec };
  const pods = ["v1", "v2", "v1", "v1"];
  expect(planned(stable, { set: again, pods })).toEqual({ goes: [] });
  expect(planned(quarter, { set: again, pods: ["v1", "v2", "v2", "v1"] })).toEqual({ goes: [] });
  expect(planned(stable, { set: again, pods, written: { isBack: true } })).toEqual({ goes: [], version: "v1" });
  expect(planned(stable, { set: again, pods: ["v2", "v2", "v2", "v2"] })).toEqual({ goes: [], version: "v1" });
});

test("on the way back the template of stable comes first, and stays when it is over", () => {
  const back = { isBack: true };
  const pods = ["v2", "v2?", "v1", "v1"];
  expect(planned(stable, { set, pods, written: back })).toEqual({ goes: [], version: "v1" });
  const stands = held("v1", "v2");
  expect(planned(stable, { set: stands, pods, written: back })).toEqual({ goes: ["node-1"] });
  expect(planned(stable, { set: stands, pods: ["v2", "v1", "v1", "v1"], written: back })).toEqual({ goes: ["node-0"] });
  const done = ["v1", "v1", "v1", "v1"];
  expect(planned(stable, { set: stands, pods: done, written: back })).toEqual({ goes: [] });
  const withdrawn = { withdrawn: revisionOf("v2").id };
  expect(planned(stable, { set: stands, pods: done, written: withdrawn })).toEqual({ goes: [] });
  // Whatever was asked for meanwhile waits there, and comes back for its own rollout.
  const newer = held("v1", "v3");
  expect(planned(stable, { set: daemonSet("v3"), pods, written: back })).toEqual({ goes: [], version: "v1" });
  expect(planned(stable, { set: newer, pods: done, written: withdrawn })).toEqual({ goes: [], version: "v3" });
});
