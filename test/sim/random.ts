// Where do the tests get their chance from?
export * from "../../src/rehearse/random.ts";
