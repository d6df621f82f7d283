import { defineConfig } from "vitest/config";

/** They wait most of the time, and nothing in them depends on how busy the machine is. */
const WAITING = [
  "config",
  "endpoints",
  "envoy",
  "judges",
  "kill-controller",
  "prometheus",
  "quarkus",
  "ramp",
  "run-beside",
  "strategies",
  "telemetry",
].map((name) => `test/e2e/${name}.test.ts`);

const ISTIO = "test/kube/istiod.test.ts";

/**
 * Limits are for what never happens: a machine that is slow, or has much else to do, takes several times as long for what
 * does. What is set up before a test may be a controller, a browser or a database.
 */
const PATIENT = { testTimeout: 120_000, hookTimeout: 120_000, expect: { poll: { timeout: 30_000 } } };

/** Real programs share the machine with whatever else is tested there. What took a second try is told at the end of a run. */
const REAL = { ...PATIENT, testTimeout: 600_000, retry: 1 };

/** On a Kubernetes control plane of their own, in a network of its own: `npm run test:kube`. */
const ON_CLUSTER = {
  globalSetup: ["test/kube/shared.ts"],
  ...REAL,
  fileParallelism: false,
};

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["src/**/*.test.ts", "tools/**/*.test.ts"], ...PATIENT } },
      {
        test: {
          name: "contract",
          include: [
            "test/contract/**/*.test.ts",
            "test/golden/**/*.test.ts",
            "test/journals/**/*.test.ts",
            "test/scenarios/**/*.test.ts",
          ],
          ...PATIENT,
        },
      },
      { test: { name: "sim", include: ["test/sim/**/*.test.ts"], ...PATIENT, testTimeout: 600_000 } },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          exclude: WAITING,
          ...REAL,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "kube",
          include: ["test/kube/**/*.test.ts", "examples/*/kube.test.ts"],
          exclude: [ISTIO],
          ...ON_CLUSTER,
        },
      },
      // What it takes is built for minutes: `npm run test:istio`.
      { test: { name: "istio", include: [ISTIO], ...ON_CLUSTER } },
      {
        // Several go on at once, after all others, which measure.
        test: {
          name: "waiting",
          include: [...WAITING, "examples/**/example.test.ts"],
          ...REAL,
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
