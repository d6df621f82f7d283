// How is generated code made of types that can simply be erased?

/** An `enum` needs a compiler; an object of the same name with a type of the same name does not. */
const ENUM = /^export enum (\w+) \{\n([\s\S]*?)^\}$/gmu;

/** Generated TypeScript without anything but types to take away, so that Node runs it as it is. */
export function erasable(text: string): string {
  return text.replaceAll(ENUM, (_whole, name: string, body: string) => {
    const members = body.replaceAll(/^(\s*)(\w+) = (-?\d+),$/gmu, "$1$2: $3,");
    return `export const ${name} = {\n${members}} as const;\nexport type ${name} = (typeof ${name})[keyof typeof ${name}];`;
  });
}
