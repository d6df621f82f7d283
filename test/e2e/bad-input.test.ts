// What does a person get to read who asks for what cannot be, and is everything as before?
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test, type TestContext } from "vitest";
import type { ServiceView } from "../../src/api/contract.ts";
import { makePlace, rolloutFile, serin, until, view, type Place, type Ran } from "./harness.ts";
import { openScene } from "./scene.ts";

/** Folder of one test, and `serin` on it. */
interface Desk {
  readonly place: Place;
  readonly say: (...args: readonly string[]) => Promise<Ran>;
  readonly run: (text: string) => Promise<Ran>;
}

async function sitDown({ onTestFinished }: TestContext): Promise<Desk> {
  const place = await makePlace();
  onTestFinished(() => place.remove());
  const say = (...args: readonly string[]): Promise<Ran> => serin([...args, "--state", place.state]);
  return { place, say, run: async (text) => say("run", await place.write("rollout.yaml", text)) };
}

/** A version that serves, without a controller. */
async function serving(
  context: TestContext,
): Promise<Desk & { readonly before: ServiceView; readonly address: string }> {
  const desk = await sitDown(context);
  const { code, out } = await desk.run(rolloutFile("v1", { replicas: 1 }));
  expect(code).toBe(0);
  const address = / at (http:\S+)\.\n/u.exec(out)?.[1] ?? "";
  return { ...desk, before: await view(desk.place), address };
}

async function expectServes(address: string, version = "v1"): Promise<void> {
  const answer = await fetch(address);
  expect([answer.status, answer.headers.get("x-version")]).toEqual([200, version]);
}

/** Another program on a port that a rollout file asks for. */
async function holdPort({ onTestFinished }: TestContext): Promise<string> {
  const holder: Server = createServer((_, answer) => answer.end("another program"));
  await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void holder.close());
  return `127.0.0.1:${(holder.address() as AddressInfo).port}`;
}

const withTls = (text: string): string =>
  text.replace("traffic: { proxy: { ", "traffic: { proxy: { tls: { cert: bad.pem, key: bad.pem }, ");

/** Code, what was found, what the traffic does now and what to do next: all of it is said. */
function expectWhole({ err }: Ran, code: string): void {
  expect(err).toMatch(new RegExp(`^${code} .+\n`, "u"));
  for (const line of ["found", "now", "next"]) expect(err).toMatch(new RegExp(`^  ${line} {2,4}\\S`, "mu"));
}

test.concurrent("a file that cannot be read", async (context) => {
  const { place, say } = await sitDown(context);
  for (const name of [`${place.dir}/none.yaml`, place.dir]) {
    const ran = await say("run", name);
    expect(ran.code).toBe(2);
    expectWhole(ran, "SERIN_NO_FILE");
    expect(ran.err).toContain("now    nothing was changed");
  }
});

test.concurrent("a file with mistakes: all of them, each with its place, and nothing is started", async (context) => {
  const { place, run, say } = await sitDown(context);
  const strategy = "canary: { steps: [{ weight: 50%, hold: 1s }, { weight: 20%, hold: 1s }] }";
  const text = rolloutFile("v1", { strategy }).replace("replicas:", "replica:");
  const ran = await run(text);
  expect(ran.code).toBe(2);
  expectWhole(ran, "SERIN_BAD_FILE");
  for (const part of ["did you mean replicas?", "found 20% after 50%", "down: true"]) expect(ran.err).toContain(part);
  const over = await run(text.replace("weight: 50%", "weight: 130%"));
  expect(over.code).toBe(2);
  expect(over.err).toContain("found 130%, a weight is from 0.0001% to 100%");

  const checked = await say("check", await place.write("rollout.yaml", text), "--json");
  expect(checked.code).toBe(2);
  const { ok, issues } = JSON.parse(checked.out) as { ok: boolean; issues: Record<string, unknown>[] };
  expect(ok).toBe(false);
  expect(issues.length).toBeGreaterThanOrEqual(2);
  for (const issue of issues)
    expect(Object.keys(issue).toSorted()).toEqual(["code", "column", "line", "message", "path"]);
  expect(await place.processes()).toEqual([]);
});

test.concurrent("a first deployment to a port of another program", async (context) => {
  const listen = await holdPort(context);
  const { place, run, say } = await sitDown(context);
  const ran = await run(rolloutFile("v1", { listen }));
  expect(ran.code).toBe(2);
  expectWhole(ran, "SERIN_PORT_IN_USE");
  expect(ran.err).toContain("now    nothing was changed; app is not there yet");
  expect(await place.processes()).toEqual([]);
  expect(JSON.parse((await say("get", "--json")).out)).toEqual([]);
  expect(await (await fetch(`http://${listen}`)).text()).toBe("another program");
});

test.concurrent("a first deployment that the proxy can never serve stops at once, and blames no version", async (context) => {
  const { run, place, say } = await sitDown(context);
  const text = rolloutFile("v1", { listen: "192.0.2.1:8080" });
  // Whoever waited for it would not be through when the command is killed.
  const ran = await run(text.replace("progressDeadline: 1m", "progressDeadline: 1h"));
  expect(ran.code).toBe(1);
  expect(ran.out).toMatch(/app\/1 stopped: SERIN_CANNOT_LISTEN .*192\.0\.2\.1:8080 \(no interface has this address\)/u);
  expect(ran.out).toContain("app serves nothing.");
  expect(ran.out).toContain("serin retry app");
  const { quarantine } = await view(place);
  expect(quarantine).toEqual([]);
  expect((await say("down", "app")).code).toBe(0);
  expect(await place.processes()).toEqual([]);
});

test.concurrent("a later change to an address that cannot be had stops, and the proxy before serves on", async (context) => {
  const { place, run, address, before } = await serving(context);
  const ran = await run(rolloutFile("v2", { replicas: 1, listen: "192.0.2.1:8080" }));
  expect(ran.code).toBe(1);
  expect(ran.out).toMatch(/app\/2 stopped: SERIN_CANNOT_LISTEN /u);
  expect(ran.out).toContain(`app serves ${before.stable} at ${address}.`);
  await expectServes(address);
  const { quarantine, stable } = await view(place);
  expect([quarantine, stable]).toEqual([[], before.stable]);
  // A port that the service's own proxy holds is not in use by another program.
  for (const version of ["v2", "v3"]) {
    const listen = new URL(address).host;
    const strategy = "rolling: { maxSurge: 1 }";
    const next = await run(rolloutFile(version, { replicas: 1, listen, strategy }));
    expect([next.err, next.code]).toEqual(["", 0]);
    await expectServes(address, version);
  }
});

test.concurrent("a certificate that does not parse, at first and for a service that serves", async (context) => {
  const first = await sitDown(context);
  await first.place.write("bad.pem", "no certificate");
  const ran = await first.run(withTls(rolloutFile("v1")));
  expect(ran.code).toBe(2);
  expectWhole(ran, "SERIN_BAD_CERTIFICATE");
  expect(ran.err).toContain("bad.pem");
  expect(await first.place.processes()).toEqual([]);

  const { place, run, address, before } = await serving(context);
  await place.write("bad.pem", "no certificate");
  const later = await run(withTls(rolloutFile("v2")));
  expect(later.code).toBe(2);
  expectWhole(later, "SERIN_BAD_CERTIFICATE");
  expect(later.err).toContain(`now    nothing was changed; traffic: stable 100% (stable is ${before.stable})`);
  await expectServes(address);
});

test.concurrent("a service that serves is asked for what cannot be: it goes on as before", async (context) => {
  const listen = await holdPort(context);
  const { place, run, say, address, before } = await serving(context);
  const inUse = await run(rolloutFile("v2", { listen }));
  expect(inUse.code).toBe(2);
  expectWhole(inUse, "SERIN_PORT_IN_USE");
  expect(inUse.err).toContain(`traffic: stable 100% (stable is ${before.stable})`);
  expect(await view(place)).toMatchObject({ version: before.version, rollout: { number: 1 } });

  for (const [verb, said] of [
    ["retry", "app has no rollout that was rolled back or stopped"],
    ["undo", "app has no earlier revision to go back to"],
  ] as const) {
    const ran = await say(verb, "app");
    expect(ran.code).toBe(1);
    expect(ran.err).toContain(`SERIN_REFUSED ${said}`);
    expect(ran.err).toMatch(/now {4}traffic: stable 100%/u);
    expect(ran.err).toMatch(/next {3}\S/u);
  }
  const unknown = await say("undo", "shop");
  expect(unknown.code).toBe(2);
  expect(unknown.err).toContain('there is no service "shop"');
  await expectServes(address);
});

test.concurrent("a command that does not exist, and a service that exits at once", async (context) => {
  const { run, address, before } = await serving(context);
  const none = await run(rolloutFile("v2").replace(/command: .*/u, "command: [/no/such/program]"));
  expect(none.code).toBe(3);
  expect(none.out).toContain('canary cannot start: the command "/no/such/program" does not exist');
  expect(none.out).toContain(`app serves ${before.stable} at ${address}.`);
  expect(none.out).toContain("serin retry app");
  await expectServes(address);

  const command = `command: [sh, -c, "echo no such table >&2; exit 3"]`;
  const text = rolloutFile("v2")
    .replace(/command: .*/u, command)
    .replace("progressDeadline: 1m", "progressDeadline: 5s");
  const exits = await run(text);
  expect(exits.code).toBe(3);
  // Said when it happens, and again when its time is over.
  expect(exits.out).toContain("canary is not ready: exited with code 3: no such table");
  expect(exits.out).toMatch(/rolled-back: canary has 0 of 1 ready after 5s: exited with code 3: no such table/u);
  await expectServes(address);

  const again = await run(text);
  expect(again.code).toBe(3);
  expectWhole(again, "SERIN_QUARANTINED");
  await expectServes(address);
});

test.concurrent("verbs that come too late, too early or from an old view change nothing", async ({
  onTestFinished,
}) => {
  const scene = await openScene();
  onTestFinished(() => scene.close());
  const { address = "", version: old } = await scene.ended(await scene.apply(rolloutFile("v1", { replicas: 1 })));
  const before = await scene.look();
  for (const verb of ["promote", "pause", "resume", "abort"]) {
    const ran = await scene.say(verb, "app");
    expect(ran.code).toBe(1);
    expect(ran.err).toContain(`SERIN_REFUSED ${verb}: app/1 has ended: promoted`);
    expect(ran.err).toMatch(/now {4}traffic: stable 100%[^]*next {3}\S/u);
  }
  expect((await scene.look()).version).toBe(before.version);

  const strategy = "canary: { steps: [{ weight: 50%, gate: look }] }";
  const number = await scene.apply(rolloutFile("v2", { replicas: 1, strategy }));
  await scene.see("the gate", ({ rollout }) => rollout?.waiting?.for === "person");
  const stale = await scene.say("promote", "app", "--if-version", String(old));
  expect(stale.code).toBe(1);
  expect(stale.err).toContain(`SERIN_STALE promote of app was decided on version ${old}`);
  // It says what has happened since.
  expect(stale.err).toMatch(/found {2}.*app\/2 brings/u);
  expect(stale.err).toContain("traffic: canary 50%, stable 50%");
  expect((await scene.look()).rollout?.waiting?.for).toBe("person");

  const busy = await scene.say("apply", await scene.place.write("v3.yaml", rolloutFile("v3")));
  expect(busy.code).toBe(1);
  expect(busy.err).toMatch(
    /^SERIN_BUSY app\/2 is under way; \w+ cannot start beside it\n {2}now {4}traffic: canary 50%/u,
  );
  expect(busy.err).toContain("next   serin abort app, then apply again");
  for (const verb of ["retry", "undo"]) {
    const ran = await scene.say(verb, "app");
    expect([ran.code, ran.err]).toEqual([1, expect.stringContaining("app/2 is under way")]);
  }
  expect((await scene.say("resume", "app")).err).toContain("app/2 is not paused");
  expect((await scene.say("abort", "app", "--reason", "enough")).code).toBe(0);
  expect((await scene.ended(number)).rollout).toMatchObject({ outcome: "stopped", why: "aborted by test: enough" });
  await expectServes(address);
});

test.concurrent("a second controller: refused, and run goes through the first one", async ({ onTestFinished }) => {
  const scene = await openScene();
  onTestFinished(() => scene.close());
  const second = await scene.say("serve");
  expect(second.code).toBe(1);
  expectWhole(second, "SERIN_JOURNAL_HELD");
  expect(second.err).toContain(`process ${scene.controller.pid}`);
  const ran = await scene.say("run", await scene.place.write("rollout.yaml", rolloutFile("v1", { replicas: 1 })));
  expect(ran.code).toBe(0);
  // It is looked after when the command has ended.
  expect(ran.out).not.toContain("serin serve watches over it");
  const { address = "", stable } = await scene.look();
  expect(ran.out).toContain(`app serves ${stable} at ${address}.`);
  await expectServes(address);

  scene.controller.kill("SIGTERM");
  await until("the end of the controller", async () => scene.controller.exitCode === 0);
  const nobody = await scene.say("abort", "app");
  expect(nobody.code).toBe(2);
  expect(nobody.err).toContain("SERIN_NO_CONTROLLER");
  expect(nobody.err).toContain("next   start one with: serin serve");
  await expectServes(address);
});
