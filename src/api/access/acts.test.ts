// Does somebody get done what that one may, under the right name, and is all of it written down?
import { beforeEach, describe, expect, test } from "vitest";
import { testKeeper } from "../../../test/support/keeper.ts";
import { fileOf } from "../../../test/sim/specs.ts";
import { SerinError } from "../../core/issues.ts";
import type { Link } from "../contract.ts";
import { actsFor, type Acts } from "./acts.ts";
import type { Audit } from "./audit.ts";
import { Caller } from "./caller.ts";
import type { Principal } from "./may.ts";
import type { placesIn } from "./places.ts";

const ENVIRONMENTS: Readonly<Record<string, string>> = { shop: "production", cart: "staging", pay: "staging" };
const FILE = fileOf("new", 2, { strategy: "{ canary: { steps: [{ weight: 50%, hold: 10s }] } }" });
const inEnvironment = (name: string, environment: string): string =>
  FILE.replace("name: new", `name: ${name}, labels: { environment: ${environment} }`);

let audit: Audit;
let asked: (readonly unknown[])[];

beforeEach(() => {
  ({ audit } = testKeeper());
  asked = [];
});

const link: Pick<Link, "apply" | "command" | "remove"> = {
  apply: async ({ text: _text, ...request }) => {
    asked.push(["apply", request]);
    return { service: "new", text: "new/1 started", version: 1 };
  },
  command: async (name, request) => {
    asked.push([name, request]);
    if (name === "pay") throw new SerinError({ code: "SERIN_REFUSED", what: "pay has nothing", found: "a secret" });
    return { service: name, text: "goes on", version: 2 };
  },
  remove: async (name) => {
    asked.push(["remove", name]);
  },
};

function actsOf(
  grants: Principal["grants"],
  who: { readonly actor?: string } = { actor: "ann" },
  inFile?: typeof placesIn,
): Acts {
  const principal: Principal = { ...who, groups: [], login: "oidc", grants };
  const places = {
    environmentOf: (service: string) => ENVIRONMENTS[service],
    servicesOf: (name: string) => (name === "release/all" ? ["shop", "cart"] : [name]),
    inFile,
  };
  return actsFor(
    new Caller({ principal: () => principal, audit, places, actor: "somebody", from: "10.0.0.1" }),
    link,
    ({ environment }) => (environment === "production" ? 2 : undefined),
  );
}

const grant = (role: Principal["grants"][number]["role"], environments = "*", services = "*") =>
  [{ role, services: [services], environments: [environments] }] as const;

async function code(call: Promise<unknown>): Promise<string | undefined> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return error instanceof SerinError ? error.trouble.code : undefined;
}

describe("a command", () => {
  test.each([
    ["operate", "pause", undefined],
    ["operate", "promote", "SERIN_FORBIDDEN"],
    ["approve", "promote", undefined],
    ["approve", "abort", undefined],
    ["approve", "undo", "SERIN_FORBIDDEN"],
    ["view", "abort", "SERIN_FORBIDDEN"],
    ["view", "pause", "SERIN_FORBIDDEN"],
    ["administer", "promote", undefined],
  ] as const)("with %s: %s", async (role, kind, refused) => {
    expect(await code(actsOf(grant(role)).command("shop", { kind, reason: "" }))).toBe(refused);
    expect(asked.length).toBe(refused === undefined ? 1 : 0);
  });

  test("to a group takes the right to all of its members", async () => {
    const pause = { kind: "pause", reason: "" } as const;
    expect(await code(actsOf(grant("operate", "staging")).command("release/all", pause))).toBe("SERIN_FORBIDDEN");
    expect(await code(actsOf(grant("operate")).command("release/all", pause))).toBeUndefined();
  });

  test("is asked for by who has logged in, whoever it says", async () => {
    await actsOf(grant("operate")).command("shop", { kind: "pause", reason: "" });
    expect(asked).toEqual([["shop", { kind: "pause", reason: "", actor: "ann" }]]);
    const claimed = { kind: "pause", reason: "", actor: "ben" } as const;
    expect(await code(actsOf(grant("operate")).command("shop", claimed))).toBe("SERIN_NOT_YOU");
    await actsOf(grant("operate"), {}).command("shop", claimed);
    expect(asked.at(-1)).toEqual(["shop", claimed]);
  });

  test("is written down before it is done, with what came of it after, and without what was found", async () => {
    await actsOf(grant("operate")).command("shop", { kind: "pause", reason: "lunch", expected: 7 });
    await code(actsOf(grant("operate")).command("pay", { kind: "retry", reason: "" }));
    await code(actsOf(grant("view")).remove("shop", { reason: "" }));
    const who = { actor: "ann", login: "oidc", from: "10.0.0.1" };
    expect(audit.read(0, 10)).toMatchObject([
      { seq: 1, kind: "asked", ...who, what: "pause", service: "shop", reason: "lunch", seen: 7 },
      { seq: 2, kind: "answered", of: 1, answer: "goes on" },
      { seq: 3, kind: "asked", what: "retry", service: "pay" },
      { seq: 4, kind: "answered", of: 3, answer: "SERIN_REFUSED pay has nothing" },
      { seq: 5, kind: "refused", ...who, what: "remove", service: "shop", answer: "SERIN_FORBIDDEN" },
    ]);
  });

  test("is not done when it cannot be written down", async () => {
    const full = new SerinError({ code: "SERIN_JOURNAL_FULL", what: "the disk is full" });
    audit = {
      ...audit,
      note: () => {
        throw full;
      },
    };
    await expect(actsOf(grant("operate")).command("shop", { kind: "pause", reason: "" })).rejects.toBe(full);
    expect(asked).toEqual([]);
  });
});

describe("a file", () => {
  const apply = (acts: Acts, text: string) => acts.apply({ text, origin: "/", reason: "" });

  test("is applied with the right to where it is, and to where it was", async () => {
    const staging = actsOf(grant("operate", "staging"));
    expect(await code(apply(staging, inEnvironment("new", "staging")))).toBeUndefined();
    expect(await code(apply(staging, inEnvironment("new", "production")))).toBe("SERIN_FORBIDDEN");
    expect(await code(apply(staging, inEnvironment("shop", "staging")))).toBe("SERIN_FORBIDDEN");
    expect(await code(apply(staging, inEnvironment("cart", "staging")))).toBeUndefined();
    expect(await code(apply(staging, FILE))).toBe("SERIN_FORBIDDEN");
  });

  test("gets the approvals that are asked for there", async () => {
    await apply(actsOf(grant("operate")), inEnvironment("new", "production"));
    await apply(actsOf(grant("operate")), inEnvironment("new", "staging"));
    expect(asked).toMatchObject([
      ["apply", { approvals: { new: 2 } }],
      ["apply", { approvals: {} }],
    ]);
  });

  test("gets those of where the service is now, too, and only whoever administers it takes it to where they are fewer", async () => {
    expect(await code(apply(actsOf(grant("operate")), inEnvironment("shop", "staging")))).toBe("SERIN_FORBIDDEN");
    expect(asked).toEqual([]);
    await apply(actsOf(grant("administer")), inEnvironment("shop", "staging"));
    await apply(actsOf(grant("operate")), inEnvironment("cart", "production"));
    await apply(actsOf(grant("operate")), inEnvironment("cart", "staging"));
    expect(asked).toMatchObject([
      ["apply", { approvals: { shop: 2 } }],
      ["apply", { approvals: { cart: 2 } }],
      ["apply", { approvals: {} }],
    ]);
  });

  test("of what is not there yet takes the right to its namespace as well, whatever its label says", async () => {
    const inCluster = (service: string) => async () => ({
      ok: true as const,
      places: [{ service, environment: "staging", namespace: "production" }],
    });
    const staging = (service: string) => actsOf(grant("operate", "staging"), undefined, inCluster(service));
    expect(await code(apply(staging("new"), ""))).toBe("SERIN_FORBIDDEN");
    expect(await code(apply(staging("cart"), ""))).toBeUndefined();
    expect(await code(apply(actsOf(grant("operate"), undefined, inCluster("new")), ""))).toBe("SERIN_FORBIDDEN");
    expect(await code(apply(actsOf(grant("administer"), undefined, inCluster("new")), ""))).toBeUndefined();
    expect(asked.at(-1)).toMatchObject(["apply", { approvals: { new: 2 } }]);
  });

  test("with mistakes is refused as one, but not read for somebody who may apply nothing", async () => {
    expect(await code(apply(actsOf(grant("operate", "staging")), "kind: Rollout"))).toBe("SERIN_BAD_FILE");
    expect(await code(apply(actsOf(grant("approve")), "kind: Rollout"))).toBe("SERIN_FORBIDDEN");
    expect(asked).toEqual([]);
  });
});
