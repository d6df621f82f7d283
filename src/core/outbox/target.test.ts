import { expect, test } from "vitest";
import { anchored } from "./target.ts";

test.each([
  ["", "/home/shop"],
  [".", "/home/shop"],
  ["checks", "/home/shop/checks"],
  ["/opt/checks", "/opt/checks"],
  ["C:\\checks", "C:\\checks"],
])("the folder %j of a command", (cwd, absolute) => {
  const target = { kind: "command", command: ["smoke"], env: { A: { file: "a.txt" }, B: "b" }, cwd } as const;
  expect(anchored(target, "/home/shop")).toEqual({
    ...target,
    cwd: absolute,
    env: { A: { file: "/home/shop/a.txt" }, B: "b" },
  });
});

test("files of secrets begin at the rollout file, whatever the target", () => {
  const file = (name: string) => ({ file: name });
  const absolute = (name: string) => ({ file: `/x/${name}` });
  expect(
    anchored({ kind: "http", url: file("u"), method: "POST", headers: { a: file("h"), b: { env: "B" } } }, "/x/"),
  ).toMatchObject({ url: absolute("u"), headers: { a: absolute("h"), b: { env: "B" } } });
  expect(anchored({ kind: "slack", url: file("s") }, "/x")).toEqual({ kind: "slack", url: absolute("s") });
  const smtp = { host: "mail", port: 25, tls: "ifOffered" } as const;
  const email = { kind: "email", smtp, from: "a@b", to: ["c@d"] } as const;
  expect(anchored(email, "/x")).toEqual(email);
  expect(anchored({ ...email, login: { user: "me", password: file("p") } }, "/x")).toMatchObject({
    login: { user: "me", password: absolute("p") },
  });
});
