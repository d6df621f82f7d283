// Who made what?
import type { KubeObject } from "./client/objects.ts";

/** Objects by the UID of the one that controls them. */
export class Owned<T extends Pick<KubeObject, "metadata">> {
  readonly #byOwner = new Map<string, Map<string, T>>();
  static readonly #NONE: ReadonlyMap<string, never> = new Map<string, never>();

  /** Takes what an informer has heard. */
  hear(change: "set" | "gone", object: T, before: T | undefined): void {
    const [now, was] = [ownerOf(object), before && ownerOf(before)];
    const key = object.metadata.uid ?? "";
    if (was !== undefined && (change === "gone" || was !== now)) this.#drop(was, key);
    if (change === "gone" || now === undefined) return;
    const known = this.#byOwner.get(now) ?? new Map<string, T>();
    known.set(key, object);
    this.#byOwner.set(now, known);
  }

  of(uid: string | undefined): Iterable<T> {
    return (this.#byOwner.get(uid ?? "") ?? Owned.#NONE).values();
  }

  #drop(owner: string, key: string): void {
    const known = this.#byOwner.get(owner);
    known?.delete(key);
    if (known?.size === 0) this.#byOwner.delete(owner);
  }
}

/** The UID of whoever controls an object. */
export function ownerOf({ metadata }: Pick<KubeObject, "metadata">): string | undefined {
  return metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
}
