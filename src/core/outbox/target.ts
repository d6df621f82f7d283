// Where do the paths of a target begin?
import type { Target, Text } from "./message.ts";

/** A target whose paths begin at the folder of the rollout file: a command's folder, files that hold a text. */
export function anchored(target: Target, origin: string): Target {
  const text = (value: Text): Text => anchoredText(value, origin);
  const texts = (values: Readonly<Record<string, Text>>): Readonly<Record<string, Text>> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]));
  if (target.kind === "command") return { ...target, cwd: below(origin, target.cwd), env: texts(target.env) };
  if (target.kind === "http") return { ...target, url: text(target.url), headers: texts(target.headers) };
  if (target.kind === "slack") return { ...target, url: text(target.url) };
  if (target.kind === "job") return target;
  const { login } = target;
  if (!login) return target;
  return { ...target, login: { user: text(login.user), password: text(login.password) } };
}

/** A text whose file begins there. */
export function anchoredText(text: Text, origin: string): Text {
  return isFile(text) ? { file: below(origin, text.file) } : text;
}

function isFile(text: Text): text is { readonly file: string } {
  return typeof text === "object" && "file" in text;
}

/** A path as it stands when it is absolute, otherwise below a folder. */
export function below(origin: string, path: string): string {
  if (path === "" || path === ".") return origin;
  return /^(?:[/\\]|[A-Za-z]:[/\\])/u.test(path) ? path : `${origin.replace(/[/\\]$/u, "")}/${path}`;
}
