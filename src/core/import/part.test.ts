// Is a field named of which nobody has spoken?
import { expect, test } from "vitest";
import { Part, unhandled } from "./part.ts";
import { pathText } from "../spec/fields.ts";

function read<T>(value: T) {
  const handled = new Set<string>();
  const said: string[] = [];
  const trace = {
    origin: "",
    handled: (path: readonly (string | number)[]) => void handled.add(pathText(path)),
    say: ({ path, level }: { path: readonly (string | number)[]; level: string }) =>
      void said.push(`${level} ${pathText(path)}`),
  };
  return { part: new Part(value, [], trace), left: () => unhandled(value, handled).map(pathText), said };
}

test("to look is not enough", () => {
  const { part, left, said } = read({ a: 1, b: { c: "x", d: [1, { e: true }] }, f: {} });
  expect(part.at("a")?.value).toBe(1);
  expect(left()).toEqual(["a", "b.c", "b.d[0]", "b.d[1].e"]);
  part.at("a")?.take();
  part.at("b")?.at("c")?.note("same");
  part.at("b")?.at("d")?.items()[0]?.changes("other");
  part.at("b")?.about("something of all of it");
  expect(left()).toEqual(["b.d[1].e"]);
  part.at("b")?.none("nothing", "else");
  expect(left()).toEqual([]);
  expect(said).toEqual(["note b.c", "changes b.d[0]", "changes b", "none b"]);
});
