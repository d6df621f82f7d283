// Is what was said of a service kept from whoever could not look at it then, also once it is gone?
import { expect, test } from "vitest";
import { testKeeper } from "../../test/support/keeper.ts";
import { viewOfNothing } from "../../test/support/view.ts";
import { ms } from "../core/units.ts";
import { Caller } from "./access/caller.ts";
import { Feed } from "./feed.ts";
import { summaryOf } from "./summary.ts";

test("what was said of a service is for those who may look at where it was then", () => {
  const here = new Map([["pay", "production"]]);
  const places = {
    environmentOf: (service: string) => here.get(service),
    servicesOf: (name: string) => (name === "release/all" ? ["pay", "shop"] : [name]),
  };
  const feed = new Feed({
    names: () => here.keys(),
    row: (service) => summaryOf(viewOfNothing(service, {})),
    view: (service) => viewOfNothing(service, {}),
    groups: async () => [],
    placesOf: (name) => places.servicesOf(name).map((service) => ({ service, environment: here.get(service) })),
  });
  const { audit } = testKeeper();
  const seenIn = (environments: readonly string[]): readonly string[] => {
    const grants = [{ role: "view", services: ["*"], environments }] as const;
    const principal = () => ({ actor: "ann", groups: [], login: "token", grants }) as const;
    const { sees } = new Caller({ principal, audit, places, actor: "somebody", from: "10.0.0.1" });
    const read = feed.after(0, 1_000_000);
    if (read === "forgotten") throw new Error("nothing is forgotten here");
    return read.entries.filter(({ name, places: at }) => sees(name, at)).map(({ type, name }) => `${type} ${name}`);
  };
  const decide = (service: string): void => {
    const record = { atMs: ms(1), version: 1, rollout: 1, kind: "note", text: "decided" } as const;
    feed.told({ kind: "decided", service, records: [record] });
  };
  decide("pay");
  expect(seenIn(["dev"])).toEqual([]);
  here.delete("pay");
  feed.told({ kind: "removed", service: "pay" });
  expect(seenIn(["dev"])).toEqual([]);
  expect(seenIn(["production"])).toEqual(["record pay", "gone pay"]);
  // Another one of that name is somewhere else.
  here.set("pay", "dev");
  decide("pay");
  expect(seenIn(["dev"])).toEqual(["record pay"]);
  expect(seenIn(["production"])).toEqual([]);
  expect(seenIn(["production", "dev"])).toEqual(["record pay", "gone pay", "record pay"]);
  feed.close();
});
