// Does the command understand its flags, and say everything that it does not understand?
import { expect, test } from "vitest";
import { parseProxyCommand, type ProxyFlags } from "./command.ts";

const to = ["stable=127.0.0.1:9001,127.0.0.1:9002", "canary=127.0.0.1:9003"];

test("the flags of the help make a proxy", () => {
  const flags = { listen: "127.0.0.1:8080", to, weight: ["canary=10%"], workers: "2", stickyCookie: "serin" };
  const { config, route } = parseProxyCommand(flags);
  expect(config).toMatchObject({ host: "127.0.0.1", port: 8080, workers: 2 });
  expect(route.split).toEqual({
    weights: { canary: 100_000, stable: 900_000 },
    sticky: { key: { kind: "cookie", name: "serin" }, salt: "serin proxy" },
  });
  expect(route.pools.stable?.backends.map(({ port }) => port)).toEqual([9001, 9002]);
  expect(route.pools.canary).toEqual({
    pool: "canary",
    backends: [{ replica: "127.0.0.1:9003", host: "127.0.0.1", port: 9003 }],
  });
});

test("everything is stable's without weights; IPv6 has brackets", () => {
  const { config, route } = parseProxyCommand({ listen: "[::1]:0", to: ["stable=[::1]:9001"] });
  expect(config).toMatchObject({ host: "::1", port: 0 });
  expect(route.split.weights).toEqual({ stable: 1_000_000 });
});

test("rules come in the order of the flags, those of the second address first", () => {
  const match = [
    "canary=header:X-Beta=1",
    "canary=cookie:beta",
    "stable=query:v=a=b",
    "canary=path:/cart",
    "canary=method:PUT,POST",
  ];
  const { config, route } = parseProxyCommand({ to, match, preview: "127.0.0.1:8081" });
  expect(config.preview).toEqual({ host: "127.0.0.1", port: 8081 });
  expect(route.split.matches).toEqual([
    { when: [{ on: "listener", is: "preview" }], to: "canary" },
    { when: [{ on: "header", name: "x-beta", is: { exact: "1" } }], to: "canary" },
    { when: [{ on: "cookie", name: "beta", is: { present: true } }], to: "canary" },
    { when: [{ on: "query", name: "v", is: { exact: "a=b" } }], to: "stable" },
    { when: [{ on: "path", is: { prefix: "/cart" } }], to: "canary" },
    { when: [{ on: "method", is: ["PUT", "POST"] }], to: "canary" },
  ]);
  const alone = parseProxyCommand({ to: ["stable=a:1"], preview: "127.0.0.1:8081" });
  expect(alone.route.split.matches).toBeUndefined();
});

test.each<[string, ProxyFlags, string]>([
  ["no replicas", {}, "--to stable=HOST:PORT is missing"],
  ["an address that is none", { listen: "8080", to }, "--listen: 8080 is not HOST:PORT"],
  ["a port that is none", { listen: "a:70000", to }, "--listen: a:70000 is not HOST:PORT"],
  ["an unknown role", { to: ["stabel=127.0.0.1:1"] }, "stabel is not a role; roles are stable, baseline, canary"],
  ["a replica that is none", { to: ["stable=127.0.0.1"] }, "--to stable: 127.0.0.1 is not HOST:PORT"],
  ["a share that is none", { to, weight: ["canary=ten"] }, "--weight: canary=ten is not ROLE=SHARE"],
  ["a share over everything", { to, weight: ["canary=110%"] }, "more than everything"],
  ["a stable that does not take the rest", { to, weight: ["canary=10%", "stable=80%"] }, "what is left is 90%"],
  [
    "a share for nobody",
    { to: ["stable=a:1"], weight: ["canary=10%"] },
    "canary gets 10% of the requests and has no pool",
  ],
  ["a rule that is none", { to, match: ["canary=x-beta=1"] }, "--match: canary=x-beta=1 is not ROLE=header:NAME"],
  ["a rule of an unknown role", { to, match: ["canry=path:/a"] }, "--match: canry is not a role"],
  ["a rule of an unknown kind", { to, match: ["canary=body:x"] }, "--match: canary=body:x is not ROLE=header:NAME"],
  ["a rule for nobody", { to: ["stable=a:1"], match: ["canary=path:/a"] }, "canary, which has no pool"],
  ["a path that is none", { to, match: ["canary=path:a"] }, "split.matches.0.when.0.is.prefix"],
  ["a second address that is none", { to, preview: "x" }, "--preview: x is not HOST:PORT"],
  ["one port twice", { to, listen: "a:1", preview: "b:1" }, "--preview: the port is that of --listen"],
  ["no stable", { to: ["canary=a:1"] }, "--to stable=HOST:PORT is missing"],
  ["no workers", { to, workers: "0" }, "--workers: 0 is not a number from 1 to 256"],
  ["a certificate without a key", { to, tlsCert: "a.pem" }, "--tls-cert needs --tls-key beside it"],
  ["a cookie that is none", { to, stickyCookie: "a b" }, "split.sticky.key.name"],
])("refuses %s", (_, flags, found) => {
  expect(() => parseProxyCommand(flags)).toThrow(
    expect.objectContaining({
      name: "SerinError",
      trouble: expect.objectContaining({
        code: "SERIN_BAD_ARGUMENTS",
        exitCode: 2,
        found: expect.stringContaining(found),
      }),
    }),
  );
});

test("says all mistakes at once", () => {
  const flags = { listen: "x", to: ["stable=a"], weight: ["canary=x"], workers: "x", tlsKey: "k" };
  expect(() => parseProxyCommand(flags)).toThrow(/--listen.*--tls-key.*--workers.*--to.*--weight/s);
});
