// When does Serin listen for Envoys, and for how long?
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { EnvoySchema } from "../../src/core/spec/envoy.ts";
import { call, Edge, whole, type WrittenSpec } from "../envoy/edge.ts";
import { until } from "../envoy/place.ts";
import { freePort } from "../proxy/parts.ts";
import { makeCertificate } from "../support/certificates.ts";

let edge: Edge;

beforeEach(async () => {
  edge = await Edge.open();
});

afterEach(async () => {
  await edge.close();
});

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

const asked = async (service: string, written: object = {}) => {
  const spec = EnvoySchema.parse({ listen: await freePort(), xds: `127.0.0.1:${edge.xds}`, ...written });
  return { service, front: service, spec, origin: edge.dir };
};

function secure(): WrittenSpec {
  makeCertificate(edge.dir, "xds", "xds");
  const files = { cert: join(edge.dir, "xds.pem"), key: join(edge.dir, "xds.key") };
  return { xds: { listen: `127.0.0.1:${edge.xds}`, ...files } };
}

test("a look opens nothing, and sees what is in the way", async () => {
  await Promise.all([edge.hub.check(await asked("a")), edge.hub.check(await asked("b"))]);
  expect(await isOpen(edge.xds)).toBe(false);
  const absent = { xds: { listen: `127.0.0.1:${edge.xds}`, cert: "absent.pem", key: "absent.key" } };
  await expect(edge.hub.check(await asked("a", absent))).rejects.toThrow("SERIN_XDS_CERTIFICATE");
  await edge.service("a");
  expect(await isOpen(edge.xds)).toBe(true);
});

test("the address closes when its last service has left, and another may then use it with a certificate", async () => {
  const [a, b] = [await edge.service("a"), await edge.service("b")];
  await expect(edge.hub.check(await asked("c", secure()))).rejects.toThrow("SERIN_ENVOY_SHARED");
  await a.router.remove(call());
  await expect(edge.service("c", secure())).rejects.toThrow("SERIN_ENVOY_SHARED");
  await b.router.remove(call());
  const c = await edge.service("c", secure());
  expect((await a.router.observe(call())).kind).toBe("absent");
  await c.router.remove(call());
  await until(async () => !(await isOpen(edge.xds)), "it is closed");
});

test("a service that is alone may change what the channel shows; what is written down of others holds", async () => {
  const a = await edge.service("a");
  const pool = await edge.backends.pool("one", 1);
  // Nobody is there to take it: it is written down all the same.
  await expect(a.apply(whole(pool))).rejects.toThrow("SERIN_ENVOY_MISSING");
  const absent = { xds: { listen: `127.0.0.1:${edge.xds}`, cert: "absent.pem", key: "absent.key" } };
  await expect(edge.service("a", absent)).rejects.toThrow("SERIN_XDS_CERTIFICATE");
  await expect(edge.hub.check(await asked("a", absent))).rejects.toThrow("SERIN_XDS_CERTIFICATE");
  expect(await isOpen(edge.xds)).toBe(true);
  await edge.service("a", { listen: a.port, ...secure() });
  await edge.hub.close();
  // Its Envoys go on: that is not the same as that nobody was told.
  expect((await a.router.observe(call())).kind).toBe("unreadable");
  await edge.again();
  await expect(edge.hub.check(await asked("b", secure()))).rejects.toThrow("SERIN_ENVOY_SHARED");
  await expect(edge.hub.check(await asked("b", { listen: a.port }))).rejects.toThrow("both have the host *");
  expect(await isOpen(edge.xds)).toBe(false);
});
