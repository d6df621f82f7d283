// What of the descriptors is needed, and nothing else?
import { clone, create, toBinary, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  EnumDescriptorProtoSchema,
  FieldDescriptorProto_Type,
  FieldDescriptorProtoSchema,
  FieldOptionsSchema,
  FileDescriptorProtoSchema,
  MessageOptionsSchema,
  type DescriptorProto,
  type EnumDescriptorProto,
  type FieldDescriptorProto,
  type FileDescriptorProto,
} from "@bufbuild/protobuf/wkt";
import { LEFT_OUT, ROOTS } from "./roots.ts";

const WELL_KNOWN = "google/protobuf/";
const REFERENCES: ReadonlySet<FieldDescriptorProto_Type> = new Set([
  FieldDescriptorProto_Type.MESSAGE,
  FieldDescriptorProto_Type.ENUM,
]);

/** Every message and enum of the files, by its full name. */
class Index {
  readonly messages = new Map<string, DescriptorProto>();
  readonly fileOf = new Map<string, string>();

  constructor(files: Iterable<FileDescriptorProto>) {
    for (const file of files) {
      for (const message of file.messageType) this.#add(file, file.package, message);
      for (const { name } of file.enumType) this.fileOf.set(`${file.package}.${name}`, file.name);
    }
  }

  #add(file: FileDescriptorProto, scope: string, message: DescriptorProto): void {
    const name = `${scope}.${message.name}`;
    this.messages.set(name, message);
    this.fileOf.set(name, file.name);
    for (const nested of message.nestedType) this.#add(file, name, nested);
    for (const nested of message.enumType) this.fileOf.set(`${name}.${nested.name}`, file.name);
  }
}

/** The full name of what a field holds: `.envoy.…` without the dot. */
const held = (field: FieldDescriptorProto): string => field.typeName.slice(1);

function wanted(field: FieldDescriptorProto): boolean {
  return !field.options?.deprecated && !field.name.startsWith("hidden_") && !LEFT_OUT.has(held(field));
}

/** Names of all messages and enums that the roots hold, themselves included. */
function closure(index: Index): Set<string> {
  const needed = new Set<string>();
  const open = [...ROOTS];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (needed.has(name)) continue;
    if (!index.fileOf.has(name)) throw new Error(`this Envoy carries no ${name}`);
    needed.add(name);
    for (const field of index.messages.get(name)?.field ?? []) {
      if (wanted(field) && REFERENCES.has(field.type)) open.push(held(field));
    }
  }
  return needed;
}

/** Options of the language stay, those of validators and documentation go. */
function plain<D extends DescMessage>(schema: D, options: MessageShape<D> | undefined): MessageShape<D> | undefined {
  if (!options) return undefined;
  const copy = clone(schema, options);
  delete copy.$unknown;
  return toBinary(schema, copy).length > 0 ? copy : undefined;
}

function prunedEnum({ name, value }: EnumDescriptorProto): EnumDescriptorProto {
  return create(EnumDescriptorProtoSchema, {
    name,
    value: value.map((one) => ({ name: one.name, number: one.number })),
  });
}

/** Whether the field is one of several; an index that is absent is not zero, which is the first group. */
const grouped = (field: FieldDescriptorProto): boolean => Object.hasOwn(field, "oneofIndex");

function prunedField(field: FieldDescriptorProto, oneofs: readonly number[]): FieldDescriptorProto {
  const { name, number, label, type, typeName, proto3Optional } = field;
  const options = plain(FieldOptionsSchema, field.options);
  return create(FieldDescriptorProtoSchema, {
    name,
    number,
    label,
    type,
    // As the compiler fills it in; what a program carries lacks it.
    jsonName: name.replaceAll(/_+(.?)/gu, (_whole, next: string) => next.toUpperCase()),
    ...(typeName ? { typeName } : {}),
    ...(proto3Optional ? { proto3Optional } : {}),
    ...(options ? { options } : {}),
    ...(grouped(field) ? { oneofIndex: oneofs.indexOf(field.oneofIndex) } : {}),
  });
}

/** The message with what is needed of it, `undefined` when that is nothing. */
function prunedMessage(message: DescriptorProto, name: string, needed: Set<string>): DescriptorProto | undefined {
  const nestedType = message.nestedType.flatMap(
    (nested) => prunedMessage(nested, `${name}.${nested.name}`, needed) ?? [],
  );
  const enumType = message.enumType.filter((nested) => needed.has(`${name}.${nested.name}`)).map(prunedEnum);
  if (!needed.has(name) && nestedType.length === 0 && enumType.length === 0) return undefined;
  const fields = needed.has(name) ? message.field.filter(wanted) : [];
  const used = new Set(fields.filter(grouped).map((field) => field.oneofIndex));
  const oneofs = [...used].toSorted((one, other) => one - other);
  const options = plain(MessageOptionsSchema, message.options);
  return create(DescriptorProtoSchema, {
    name: message.name,
    field: fields.map((field) => prunedField(field, oneofs)),
    nestedType,
    enumType,
    oneofDecl: oneofs.map((at) => ({ name: message.oneofDecl[at]?.name ?? "" })),
    ...(options ? { options } : {}),
  });
}

function references(messages: readonly DescriptorProto[]): string[] {
  return messages.flatMap(({ field, nestedType }) => [
    ...field.filter(({ type }) => REFERENCES.has(type)).map(held),
    ...references(nestedType),
  ]);
}

function prunedFile(file: FileDescriptorProto, needed: Set<string>, index: Index): FileDescriptorProto | undefined {
  const scope = file.package;
  const messageType = file.messageType.flatMap((one) => prunedMessage(one, `${scope}.${one.name}`, needed) ?? []);
  const enumType = file.enumType.filter(({ name }) => needed.has(`${scope}.${name}`)).map(prunedEnum);
  if (messageType.length === 0 && enumType.length === 0) return undefined;
  const others = references(messageType).map((name) => index.fileOf.get(name) ?? "");
  const dependency = [...new Set(others)].filter((name) => name !== file.name).toSorted();
  return create(FileDescriptorProtoSchema, {
    name: file.name,
    package: scope,
    syntax: file.syntax,
    dependency,
    messageType,
    enumType,
  });
}

/** Dependencies first, as the plugin wants it. */
function ordered(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const done = new Set<FileDescriptorProto>();
  const visit = (name: string): void => {
    const file = files.get(name);
    if (!file || done.has(file)) return;
    for (const other of file.dependency) visit(other);
    done.add(file);
  };
  for (const name of [...files.keys()].toSorted()) visit(name);
  return [...done];
}

/** The files with only what the roots need, in an order in which each follows what it imports. */
export function prune(files: ReadonlyMap<string, FileDescriptorProto>): FileDescriptorProto[] {
  const index = new Index(files.values());
  const needed = closure(index);
  const kept = new Map<string, FileDescriptorProto>();
  for (const file of files.values()) {
    // The language's own types come with the library.
    const pruned = file.name.startsWith(WELL_KNOWN) ? file : prunedFile(file, needed, index);
    if (pruned) kept.set(file.name, pruned);
  }
  return ordered(kept);
}
