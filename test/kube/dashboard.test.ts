// Can a person watch a canary of a cluster in a browser, and promote it?
import { expect } from "vitest";
import { answer, buildDashboard, HAS_CHROMIUM, openBrowser, openPage, reads, violations } from "../e2e/browser.ts";
import { demoDeployment, demoService } from "./demo.ts";
import { leads, reachedOf } from "./door.ts";
import { sharedCluster, test } from "./kube-test.ts";
import { ended, rolloutOf } from "./serin.ts";

const STEPS = { canary: { steps: [{ weight: "25%", gate: "has somebody looked?" }] } };

const inBrowser = HAS_CHROMIUM ? test : test.skip;

inBrowser("a canary is watched and promoted; a controller that stands by says so", async (context) => {
  buildDashboard();
  const browser = await openBrowser();
  context.onTestFinished(() => browser.close());
  const cluster = sharedCluster();
  const namespace = await cluster.namespace(context);
  const service = `app.${namespace.name}`;
  await namespace.apply([demoService(), demoDeployment("v1", { replicas: 3 })]);
  await namespace.rolledOut("app");
  const one = await reachedOf(context, { cluster, namespace, name: "one" });
  await leads(one.client);
  const two = await reachedOf(context, { cluster, namespace, name: "two" });

  const standing = await openPage(browser, two.url);
  await reads(standing.page, "main", /This controller stands by[^]*leads/u);
  expect(await violations(standing.page)).toEqual([]);

  const { page, errors, foreign } = await openPage(browser, one.url);
  // One that nothing is decided about yet says why.
  await namespace.apply(rolloutOf(STEPS, { name: "later" }));
  await reads(page, ".fleet-row", /later[^]*there is no Deployment later/u);
  await namespace.apply(rolloutOf(STEPS));
  await ended(namespace, 1, "promoted");
  await namespace.apply(demoDeployment("v2", { replicas: 3 }));
  await reads(page, ".fleet-row", new RegExp(`${service}[^]*has somebody looked`, "u"));
  await page.getByRole("link", { name: service }).click();
  await reads(page, ".shares", /canary\s+25%\s+25%/u);
  await reads(page, ".steps .now", "has somebody looked?");
  await page.getByRole("link", { name: "Revisions" }).click();
  await reads(page, "table.diff", /image\s+demo:v1\s+demo:v2/u);
  await page.getByRole("link", { name: "Replicas" }).click();
  await page.getByText("Last lines of the logs").last().click();
  await reads(page, "pre.log", /v2 listens on/u);
  expect(await violations(page)).toEqual([]);
  expect(await answer(page, "Approve", "it looks well")).toContain("The gate opens");
  await ended(namespace, 2, "promoted");
  await reads(page, ".service-head .pill", "promoted");
  expect([errors, foreign]).toEqual([[], []]);

  await one.controller.stop();
  await reads(standing.page, ".fleet-row", "promoted");
});
