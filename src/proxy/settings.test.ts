// Is a proxy's configuration read strictly, and named by its content?
import { expect, test } from "vitest";
import { PROXY_DEFAULTS } from "./config.ts";
import { addressOf, fingerprint, parseSettings, type Settings } from "./settings.ts";

const settings: Settings = { ...PROXY_DEFAULTS, host: "127.0.0.1", port: 8080, name: "shop", dir: "/somewhere" };

test("what is written is what is read", () => {
  expect(parseSettings(JSON.stringify(settings), "config.json")).toEqual(settings);
});

test("a second address is on a port of its own", () => {
  const text = (port: number) => JSON.stringify({ ...settings, preview: { host: "127.0.0.1", port } });
  expect(parseSettings(text(8081), "config.json").preview).toEqual({ host: "127.0.0.1", port: 8081 });
  expect(() => parseSettings(text(8080), "config.json")).toThrow(/preview\.port: must be another port/);
  expect(parseSettings(JSON.stringify({ ...settings, port: 0, preview: { host: "h", port: 0 } }), "f").port).toBe(0);
});

test("all mistakes are named", () => {
  const text = JSON.stringify({ ...settings, port: 70_000, workers: 0, dir: "here", extra: 1 });
  expect(() => parseSettings(text, "config.json")).toThrow(/SERIN_BAD_PROXY_CONFIG.*dir.*port.*workers.*extra/s);
  expect(() => parseSettings("{", "config.json")).toThrow("SERIN_BAD_PROXY_CONFIG");
});

test("the order of fields, and fields that are not there, do not change the name; values do", () => {
  const turned = Object.fromEntries(Object.entries({ ...settings, tls: undefined }).toReversed());
  expect(fingerprint(turned as unknown as Settings)).toBe(fingerprint(settings));
  expect(fingerprint({ ...settings, name: "cart" })).toBe(fingerprint(settings));
  expect(fingerprint({ ...settings, port: 8081 })).not.toBe(fingerprint(settings));
  expect(fingerprint({ ...settings, limits: { ...settings.limits, headers: 7 } })).not.toBe(fingerprint(settings));
});

test("clients are sent to an address that they can reach", () => {
  expect(addressOf({ host: "0.0.0.0" }, 80)).toBe("http://127.0.0.1:80");
  expect(addressOf({ host: "::", tls: { cert: "c", key: "k" } }, 443)).toBe("https://[::1]:443");
});
