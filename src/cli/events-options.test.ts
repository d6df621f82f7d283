// Is it understood where events shall be taken?
import { afterEach, expect, test, vi } from "vitest";
import { eventsOptions } from "./events-options.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

test("an address, origins, and the token of the environment", () => {
  vi.stubEnv("SERIN_EVENTS_TOKEN", "0123456789abcdef");
  expect(eventsOptions({ events: "0.0.0.0:9411", eventsOrigin: ["https://shop.example"] })).toEqual({
    listen: { host: "0.0.0.0", port: 9_411 },
    token: "0123456789abcdef",
    origins: ["https://shop.example"],
  });
});

test("a port alone is loopback, and an empty token is none", () => {
  vi.stubEnv("SERIN_EVENTS_TOKEN", "");
  expect(eventsOptions({ events: "9411" })).toEqual({ listen: { host: "127.0.0.1", port: 9_411 }, origins: [] });
});

test("nothing asked is nothing opened", () => {
  expect(eventsOptions({})).toBeUndefined();
});

test.for([
  [{ events: "http://here" }, "--events http://here is no address"],
  [{ eventsOrigin: ["https://shop.example"] }, "--events-origin goes with --events"],
] as const)("%j is refused", ([typed, what]) => {
  expect(() => eventsOptions(typed)).toThrow(what);
});
