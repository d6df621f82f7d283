// Do spans get to a collector as they are, and is it told when they cannot?
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { startCollector } from "../../../test/support/otlp.ts";
import { ms } from "../../core/units.ts";
import { spanIdOf, traceIdOf } from "./ids.ts";
import type { EndedSpan } from "./life.ts";
import { openSpans } from "./otlp.ts";

const ROLLOUT = "shop/2/1000";
const STEP: EndedSpan = {
  rollout: ROLLOUT,
  key: "step 0 1000",
  parent: "",
  name: "step 1 scale",
  startMs: ms(1_000),
  endMs: ms(3_000),
  attributes: { "serin.step": 1, "serin.verdict.sure": 0.25, "serin.step.waited_for": ["time", "router"] },
  events: [{ name: "started", atMs: ms(1_000), attributes: { "serin.text": "shop/2 brings v2" } }],
  failed: "it was worse",
};
const { parent: _parent, failed: _failed, ...rest } = STEP;
const ROOT: EndedSpan = { ...rest, key: "", name: "rollout shop", events: [] };

test("under their own ids, within their root", async () => {
  const collector = await startCollector();
  const troubles: (string | undefined)[] = [];
  const onTrouble = (why: string | undefined): void => void troubles.push(why);
  const spans = openSpans({ url: `${collector.url}/v1/traces`, version: "1.2.3", onTrouble });
  spans.add([STEP, ROOT]);
  await spans.close();
  const [step, root] = collector.spans;
  expect(step).toMatchObject({
    service: "serin",
    traceId: traceIdOf(ROLLOUT),
    spanId: spanIdOf(ROLLOUT, STEP.key),
    parentId: spanIdOf(ROLLOUT, ""),
    name: "step 1 scale",
    startMs: 1_000,
    endMs: 3_000,
    attributes: { "serin.step": "1", "serin.verdict.sure": "0.25", "serin.step.waited_for": "time,router" },
    events: ["started"],
    status: 2,
  });
  expect(root).toMatchObject({ traceId: step?.traceId, spanId: step?.parentId, parentId: "", status: 0 });
  expect(troubles).toEqual([undefined]);
  await collector.close();
});

test("a collector that is not there is told of, and holds no end up for long", async () => {
  const taken = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => taken.once("listening", resolve));
  const { port } = taken.address() as AddressInfo;
  await new Promise((resolve) => taken.close(resolve));
  const troubles: (string | undefined)[] = [];
  const onTrouble = (why: string | undefined): void => void troubles.push(why);
  const spans = openSpans({ url: `http://127.0.0.1:${port}/v1/traces`, version: "1.2.3", onTrouble });
  spans.add([ROOT]);
  await spans.close();
  expect(troubles).toEqual([expect.stringMatching(/^1 span could not be sent: .*ECONNREFUSED/u)]);
});
