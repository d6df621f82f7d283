// Is what a person types about telemetry understood, or refused with the reason?
import { afterEach, describe, expect, test, vi } from "vitest";
import { SerinError } from "../core/issues.ts";
import { telemetryOptions, type TypedTelemetry } from "./telemetry-options.ts";

afterEach(() => vi.unstubAllEnvs());

test("nothing is told unless it is asked for", () => {
  expect(telemetryOptions({})).toEqual({ metrics: undefined, log: undefined, otlp: undefined });
});

test("metrics on loopback unless another address is named, and the log where it goes", () => {
  expect(telemetryOptions({ metrics: "9464" }).metrics).toEqual({ host: "127.0.0.1", port: 9464 });
  expect(telemetryOptions({ metrics: "0.0.0.0:9464" }).metrics).toEqual({ host: "0.0.0.0", port: 9464 });
  expect(telemetryOptions({}, 2).log).toEqual({ to: 2, level: "info" });
  expect(telemetryOptions({ log: "serin.log", logLevel: "warn" }, 2).log).toEqual({ to: "serin.log", level: "warn" });
});

test.each([
  ["http://collector:4318", "http://collector:4318/v1/traces"],
  ["http://collector:4318/", "http://collector:4318/v1/traces"],
  ["https://collector/otlp", "https://collector/otlp/v1/traces"],
  ["https://collector/otlp/v1/traces", "https://collector/otlp/v1/traces"],
])("--otlp %s is %s", (otlp, url) => {
  expect(telemetryOptions({ otlp }).otlp).toEqual({ url });
});

describe("OpenTelemetry's own variables", () => {
  test("ask for traces, and are left to the exporter", () => {
    vi.stubEnv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318");
    expect(telemetryOptions({}).otlp).toBe("environment");
    expect(telemetryOptions({ otlp: "http://other:4318" }).otlp).toEqual({ url: "http://other:4318/v1/traces" });
  });

  test.each([
    ["OTEL_SDK_DISABLED", "true"],
    ["OTEL_TRACES_EXPORTER", "none"],
  ])("%s=%s asks for none", (name, value) => {
    vi.stubEnv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector:4318/v1/traces");
    vi.stubEnv(name, value);
    expect(telemetryOptions({}).otlp).toBeUndefined();
  });
});

test.each<[TypedTelemetry, string]>([
  [{ metrics: "127.0.0.1:http" }, "--metrics 127.0.0.1:http is no address"],
  [{ otlp: "collector:4318" }, "--otlp collector:4318 is no URL"],
  [{ logLevel: "warn" }, "--log-level goes with a log"],
])("%j is refused", (typed, what) => {
  expect(() => telemetryOptions(typed)).toThrow(SerinError);
  expect(() => telemetryOptions(typed)).toThrow(what);
});
