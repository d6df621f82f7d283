// Is every route that cannot be followed refused, with the reason?
import { expect, test } from "vitest";
import { checkRoute } from "./route-check.ts";

const backend = { replica: "v1-0", host: "127.0.0.1", port: 9001 };
const stable = { pool: "v1", backends: [backend] };
const good = { split: { weights: { stable: 1_000_000 } }, pools: { stable } };
const sticky = (key: unknown) => ({ ...good, split: { ...good.split, sticky: { key, salt: "shop 1" } } });

const matches = (...rules: readonly unknown[]) => ({ ...good, split: { ...good.split, matches: rules } });
const rule = (condition: unknown, to = "stable") => ({ when: [condition], to });
const header = (is: unknown) => matches(rule({ on: "header", name: "x-beta", is }));
const path = (is: unknown) => matches(rule({ on: "path", is }));
const section = (more: object = {}) => {
  const pools = { stable: { pool: "cart/v1", backends: [{ ...backend, replica: "cart/v1-0" }] } };
  const when = [[{ on: "path", is: { prefix: "/cart" } }]];
  return { ...good, pools, section: { name: "cart", order: 1, when }, ...more };
};
const many = (count: number, one: unknown) => Array.from({ length: count }, () => one);
const post = { on: "method", is: ["POST"] };
const mirror = { to: ["canary"], share: 100_000, methods: "safe" };
const mirrored = (more: object) => ({ ...good, split: { ...good.split, mirror: { ...mirror, ...more } } });

test.each([
  ["a mirror", mirrored({})],
  [
    "a mirror of some requests, whose answers are compared",
    mirrored({
      to: ["canary", "baseline"],
      when: [[{ on: "path", is: { prefix: "/cart" } }], [{ on: "query", name: "a", is: { regex: "b+" } }]],
      methods: "all",
      compare: { ignore: ["body.items[].id", "header.etag"] },
    }),
  ],
  ["one role", good],
  [
    "rules of every kind",
    matches(
      rule({ on: "header", name: "x-beta", is: { exact: "1" } }),
      rule({ on: "cookie", name: "Beta", is: { present: true } }),
      rule({ on: "query", name: "v", is: { regex: "v[0-9]+" } }),
      rule({ on: "path", is: { prefix: "/cart" } }),
      rule(post),
      rule({ on: "listener", is: "preview" }),
    ),
  ],
  ["as many rules and conditions as there may be", matches(...many(100, { when: many(20, post), to: "stable" }))],
  ["a section", section()],
  ["a role without a share, without replicas", { ...good, pools: { stable, canary: { pool: "v2", backends: [] } } }],
  ["an outage", { ...good, pools: { stable: { pool: "v1", backends: [] } } }],
  ["a sticky cookie", sticky({ kind: "cookie", name: "serin", maxAgeMs: 60_000 })],
  ["a sticky header", sticky({ kind: "header", name: "X-User" })],
  [
    "names and IPv6",
    {
      ...good,
      pools: {
        stable: {
          ...stable,
          backends: [
            { ...backend, host: "::1" },
            { ...backend, replica: "b", host: "app.local" },
          ],
        },
      },
    },
  ],
])("takes %s", (_, route) => {
  expect(checkRoute(route)).toEqual({ ok: true, route });
});

test.each([
  ["no route at all", undefined, "route: "],
  ["weights that make no whole", { ...good, split: { weights: { stable: 900_000 } } }, "sum to 90%"],
  ["weights over the whole", { ...good, split: { weights: { stable: 1_000_000, canary: 1 } } }, "sum to 100.0001%"],
  ["a fraction", { ...good, split: { weights: { stable: 0.5 } } }, "split.weights.stable"],
  ["an unknown role", { ...good, split: { weights: { stable: 1_000_000, shadow: 0 } } }, "shadow"],
  [
    "a share without a pool",
    { ...good, split: { weights: { stable: 900_000, canary: 100_000 } } },
    "pools.canary: canary gets 10% of the requests and has no pool",
  ],
  ["a replica twice", { ...good, pools: { stable: { pool: "v1", backends: [backend, backend] } } }, "named twice"],
  ["a port that is none", { ...good, pools: { stable: { pool: "v1", backends: [{ ...backend, port: 0 }] } } }, "port"],
  [
    "a host with a line break",
    { ...good, pools: { stable: { pool: "v1", backends: [{ ...backend, host: "a\r\nb" }] } } },
    "host",
  ],
  ["a cookie name that is none", sticky({ kind: "cookie", name: "a;b" }), "split.sticky.key.name"],
  ["a header name that is none", sticky({ kind: "header", name: "x user" }), "split.sticky.key.name"],
  ["a rule for nobody", matches(rule(post, "canary")), "split.matches.0: sends requests to canary, which has no pool"],
  ["a rule to an unknown role", matches(rule(post, "former")), "split.matches.0.to"],
  ["a rule without a condition", matches({ when: [], to: "stable" }), "split.matches.0.when"],
  ["too many rules", matches(...many(101, rule(post))), "split.matches: "],
  ["too many conditions", matches({ when: many(21, post), to: "stable" }), "split.matches.0.when: "],
  ["an unknown condition", matches(rule({ on: "body", is: { exact: "x" } })), "split.matches.0.when.0.on"],
  ["a header in capitals", matches(rule({ on: "header", name: "X-Beta", is: { present: true } })), "lower case"],
  ["a value of no kind", header({}), "split.matches.0.when.0.is: must have one of"],
  ["a value of two kinds", header({ exact: "1", prefix: "1" }), "split.matches.0.when.0.is: must have one of"],
  ["a regular expression that is none", header({ regex: "(" }), "split.matches.0.when.0.is.regex: must be a regular"],
  ["a regular expression with a lookahead", header({ regex: "(?=a)a" }), "split.matches.0.when.0.is.regex"],
  ["a long regular expression", header({ regex: "a".repeat(501) }), "is.regex: must have at most 500 characters"],
  ["a path that is only there", path({ present: true }), "split.matches.0.when.0.is"],
  ["a path that no request has", path({ prefix: "/cart/../admin" }), "decoded and without dots: /admin"],
  ["a path that is none", path({ exact: "cart" }), "split.matches.0.when.0.is.exact"],
  ["a section's name with a slash", section({ section: { name: "a/b", order: 1, when: [[post]] } }), "section.name"],
  ["a section of nobody", section({ section: { name: "cart", order: 1, when: [] } }), "section.when"],
  ["a name outside of its section", section({ pools: { stable } }), "pools.stable: v1 must begin with cart/"],
  ["a section's name without a section", { ...section(), section: undefined }, "this route is none's"],
  ["a mirror to nobody", mirrored({ to: [] }), "split.mirror.to"],
  ["a mirror to stable", mirrored({ to: ["stable"] }), "split.mirror.to.0"],
  ["a mirror to one role twice", mirrored({ to: ["canary", "canary"] }), "names canary twice"],
  ["a mirror by a pattern that is none", mirrored({ when: [[{ on: "path", is: { regex: "(" } }]] }), "mirror.when"],
  ["a mirror by address", mirrored({ when: [[{ on: "listener", is: "preview" }]] }), "cannot depend on the address"],
  ["a part of answers that is none", mirrored({ compare: { ignore: ["price"] } }), '"price" must be'],
  ["an unknown field of a mirror", mirrored({ timeoutMs: 1 }), "timeoutMs"],
  ["an unknown field", { ...good, mirror: true }, "mirror"],
])("refuses %s", (_, route, why) => {
  const checked = checkRoute(route);
  expect(checked.ok).toBe(false);
  expect(checked.ok ? "" : checked.why.join("\n")).toContain(why);
});
