// What did format 2 not know yet?

/** A part of a state whose layout is another format's: looked at by name only. */
type Part = Readonly<Record<string, unknown>>;

const part = (value: unknown): Part | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Part) : undefined;
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Gates were a text for a person. */
function step(value: unknown): unknown {
  const known = part(value);
  return typeof known?.["gate"] === "string" ? { ...known, gate: { what: known["gate"] } } : value;
}

function strategy(value: unknown): unknown {
  const known = part(value);
  if (known?.["kind"] === "rolling") return { ...known, maxUnavailable: { replicas: 0 } };
  if (known?.["kind"] !== "canary") return value;
  return { ...known, stepsBack: 0, steps: list(known["steps"]).map((one) => step(one)) };
}

/** A state of format 2 as format 3 has it. */
export function from2(state: unknown): unknown {
  const known = part(state);
  const file = part(known?.["spec"]);
  const spec = part(file?.["spec"]);
  if (!known || !spec) return state;
  const asked = {
    onNewRevision: "refuse",
    revisionHistory: 10,
    hooks: [],
    notify: [],
    ...spec,
    strategy: strategy(spec["strategy"]),
  };
  return { ...known, spec: { ...file, spec: asked } };
}
