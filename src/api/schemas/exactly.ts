// Does a schema still describe the type that it is made for?
import type { z } from "@hono/zod-openapi";

type Leaf = string | number | boolean | null | undefined;

/** The type with everything in it read-only. */
export type Frozen<T> = T extends Leaf ? T : { readonly [Key in keyof T]: Frozen<T[Key]> };

/** What two types must have in common: "not there" and "undefined" are the same in JSON. */
type Shape<T> = T extends Leaf
  ? T
  : { readonly [Key in keyof T]-?: [Shape<Exclude<T[Key], undefined>>, undefined extends T[Key] ? "or nothing" : ""] };

type Same<A, B> = [A, B] extends [B, A] ? true : false;

/** The schema as one of a type of the engine. One that has drifted from it, by a field more or less, does not compile. */
export const exactly =
  <T>() =>
  <S extends z.ZodType>(schema: Same<Shape<z.output<S>>, Shape<T>> extends true ? S : never): z.ZodType<T> =>
    schema as z.ZodType as z.ZodType<T>;
