// Which images are there, and what does each run?
import { join } from "node:path";
import type { ContainerSpec } from "../objects.ts";

/** Its containers are ready at once and are no processes at all: for pods by the thousand. */
export const IN_PROCESS = "inprocess";

/** By repository; the tag is for whoever runs, as `IMAGE`. */
const IMAGES: Readonly<Record<string, readonly string[]>> = {
  demo: [process.execPath, join(import.meta.dirname, "../service.mjs")],
  node: [process.execPath],
  /** Whatever is on this machine: the pod says the command. */
  host: [],
};

/** `registry:5000/team/demo:v2` is of `demo`. */
export function repositoryOf(image: string): string {
  const [name = ""] = (image.split("/").at(-1) ?? "").split(/[:@]/u);
  return name;
}

/** What a container runs, `undefined` when nobody has its image. */
export function commandOf(
  { image, command, args = [] }: ContainerSpec,
  env: Readonly<Record<string, string>>,
): readonly string[] | undefined {
  const entry = IMAGES[repositoryOf(image)];
  if (!entry) return undefined;
  const filled = (text: string): string =>
    text.replaceAll(/\$\(([\w-]+)\)/gu, (whole, name: string) => env[name] ?? whole);
  return [...(command ?? entry), ...args].map(filled);
}
