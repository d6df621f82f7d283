// Which data plane do tests and benchmarks use?
export * from "../../src/rehearse/plane.ts";
