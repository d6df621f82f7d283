// Is every test run once, wherever it belongs?
import { expect, test } from "vitest";
import { runsOf } from "./runs.ts";

test("without a project, all are run: those on Kubernetes apart from the others", () => {
  expect(runsOf([])).toEqual({ plain: ["--project=!kube", "--project=!istio"], kube: ["--project=kube"] });
  expect(runsOf(["rolling", "--bail=1"])).toEqual({
    plain: ["rolling", "--bail=1", "--project=!kube", "--project=!istio"],
    kube: ["rolling", "--bail=1", "--project=kube"],
  });
});

test("projects that are named are run, and no others", () => {
  expect(runsOf(["--project", "e2e"])).toEqual({ plain: ["--project=e2e"], kube: undefined });
  expect(runsOf(["--project=kube", "-t", "drain"])).toEqual({
    plain: undefined,
    kube: ["-t", "drain", "--project=kube"],
  });
  expect(runsOf(["--project=istio"])).toEqual({ plain: undefined, kube: ["--project=istio"] });
  expect(runsOf(["--project", "unit", "--project=kube"])).toEqual({
    plain: ["--project=unit"],
    kube: ["--project=kube"],
  });
});

test("projects that are left out are not run", () => {
  expect(runsOf(["--project=!e2e"])).toEqual({
    plain: ["--project=!e2e", "--project=!kube", "--project=!istio"],
    kube: ["--project=kube"],
  });
  expect(runsOf(["--project", "!kube"]).kube).toBeUndefined();
});
