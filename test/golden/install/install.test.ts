// Is what a cluster is given exactly what its golden files say?
//
// UPDATE_GOLDEN=1 writes them anew; a change of the definition of a rollout file changes them too.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { chartOf } from "../../../src/cli/export/install/chart.ts";
import { fileOf, type InstallAsked } from "../../../src/cli/export/install/object.ts";
import { partsOf } from "../../../src/cli/export/install/parts.ts";

const folder = new URL("./", import.meta.url);
const asked: InstallAsked = {
  image: "serin:1.2.3",
  namespace: "serin-system",
  namespaces: [],
  secrets: false,
  dashboard: false,
  version: "1.2.3",
};
const of = (more: Partial<InstallAsked>, kinds?: RegExp): string =>
  fileOf(
    partsOf({ ...asked, ...more }).flatMap(({ objects }) =>
      objects.filter(({ object }) => kinds?.test(object.kind) ?? true),
    ),
  );

const { "crds/rollouts.yaml": _definition, ...chart } = chartOf(asked);
const cases: Readonly<Record<string, string>> = {
  "everything.txt": of({}),
  "some-namespaces.txt": of(
    { namespace: "team-a", namespaces: ["shop", "cart"], secrets: true },
    /Role|Policy|Deploy/u,
  ),
  "dashboard.txt": of({ dashboard: true }, /^(?:Deployment|Service|(?:Cluster)?Role)$/u),
  ...Object.fromEntries(Object.entries(chart).map(([name, text]) => [`chart-${name.replaceAll("/", "-")}.txt`, text])),
};

test.each(Object.entries(cases))("%s", (name, found) => {
  const file = new URL(name, folder);
  if (process.env["UPDATE_GOLDEN"]) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, found);
  }
  expect(found).toBe(readFileSync(file, "utf8"));
});
