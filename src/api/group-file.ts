// What does the file of a group ask for, with the files that it names?
import { readFile } from "node:fs/promises";
import { dirname, relative, resolve } from "node:path";
import { abilitiesOf, revisionOf, rivalsOf } from "../adapters/registry.ts";
import type { Abilities } from "../core/abilities.ts";
import type { GroupApply } from "../core/group/input.ts";
import { gateOf, type FacadePlan, type GroupKind, type ReleasePlan, type Target } from "../core/group/state.ts";
import { messageOf, type Issue } from "../core/issues.ts";
import { conditionsText } from "../core/match.ts";
import { compile } from "../core/plan/compile.ts";
import type { Facade } from "../core/spec/facade.ts";
import { membersOf } from "../core/spec/facade-members.ts";
import type { At } from "../core/spec/parse.ts";
import type { Release } from "../core/spec/release.ts";
import type { Rollout } from "../core/spec/rollout.ts";
import { readRolloutText } from "./rollout-text.ts";

/** One service of a group, as files ask for it. */
export interface FileMember {
  readonly service: string;
  readonly rollout: Rollout;
  /** Absolute folder that the paths of its file start from. */
  readonly origin: string;
  readonly abilities: Abilities;
}

/** A group's file with everything that it names. */
export interface GroupFile {
  /** `release/shop`. */
  readonly group: string;
  readonly document: Facade | Release;
  readonly members: readonly FileMember[];
}

export type GroupFileResult =
  | { readonly ok: true; readonly file: GroupFile }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** The name of the group that a document is about. */
function groupOf({ kind, metadata }: Facade | Release): string {
  const group: GroupKind = kind === "Facade" ? "facade" : "release";
  return `${group}/${metadata.name}`;
}

/** Reads what a group's document names, from `origin` on, its folder; and refuses what no part could do. */
export async function readGroupFile(
  document: Facade | Release,
  { origin, at }: { readonly origin: string; readonly at: At },
): Promise<GroupFileResult> {
  const read =
    document.kind === "Facade"
      ? facadeMembers(document, { origin, at })
      : await releaseMembers(document, { origin, at });
  if (read.issues.length > 0) return { ok: false, issues: read.issues };
  return { ok: true, file: { group: groupOf(document), document, members: read.members } };
}

interface Place {
  readonly origin: string;
  readonly at: At;
}

interface Members {
  readonly members: readonly FileMember[];
  readonly issues: readonly Issue[];
}

function facadeMembers(facade: Facade, { origin, at }: Place): Members {
  const members = membersOf(facade).map(({ service, rollout }): FileMember => {
    const { router, workload } = abilitiesOf(rollout);
    // Of what somebody else runs there is no fresh copy to compare with, and nobody tells of its processes.
    return { service, rollout, origin, abilities: { router, workload: { ...workload, baseline: false, signals: [] } } };
  });
  const issues = members.slice(1).flatMap(({ rollout, abilities }, index) => {
    const compiled = compile(rollout, { abilities, stable: true });
    return (compiled.ok ? [] : compiled.issues).map((issue): Issue => {
      const path = issue.path.replace(/^spec/u, `spec.routes[${index}]`);
      return Object.assign(at(path), issue, { path });
    });
  });
  return { members, issues };
}

async function releaseMembers(release: Release, { origin, at }: Place): Promise<Members> {
  const { members, promote } = release.spec;
  const gate = promote === "together" ? { lastGate: gateOf(groupOf(release)) } : {};
  const read = await Promise.all(
    members.map(async ({ name, file }, index) => {
      const path = `spec.members[${index}].file`;
      const wrong = (message: string): Issue => ({ ...at(path), path, code: "wrong-value", message });
      const full = resolve(origin, file);
      const result = await readMember(full).catch((error: unknown) => messageOf(error));
      if (typeof result === "string") return { issues: [wrong(`found ${file}, which cannot be read: ${result}`)] };
      if (!result.ok) {
        const shown = relative(origin, full);
        return {
          issues: result.issues.map((one) => wrong(`${shown}:${one.line}:${one.column} ${one.path}  ${one.message}`)),
        };
      }
      const { rollout } = result;
      if (rollout.metadata.name !== name)
        return {
          issues: [wrong(`found ${file}, which is about ${rollout.metadata.name}: the member must be called so too`)],
        };
      const own = { ...rollout, spec: { ...rollout.spec, ...gate } };
      return { member: { service: name, rollout: own, origin: dirname(full), abilities: abilitiesOf(rollout) } };
    }),
  );
  return {
    members: read.flatMap(({ member }) => member ?? []),
    issues: read.flatMap(({ issues }) => issues ?? []),
  };
}

async function readMember(file: string): ReturnType<typeof readRolloutText> {
  const parsed = await readRolloutText(await readFile(file, "utf8"), dirname(file));
  if (!parsed.ok) return parsed;
  const { rollout, at } = parsed;
  const compiled = compile(rollout, { abilities: abilitiesOf(rollout), stable: true });
  if (compiled.ok) return parsed;
  return { ok: false, issues: compiled.issues.map((issue) => Object.assign(at(issue.path), issue)) };
}

/** The command that brings a group's file about: every revision is captured now, by content. */
export async function applyOf(
  { document, members }: GroupFile,
  asked: Pick<GroupApply, "id" | "actor" | "reason">,
): Promise<GroupApply> {
  const targets = await Promise.all(
    members.map(async ({ service, rollout, origin, abilities }): Promise<readonly [string, Target]> => {
      const [revision, rivals] = await Promise.all([revisionOf(rollout, origin), rivalsOf(rollout, origin)]);
      return [service, { spec: rollout, origin, abilities, revision, ...(rivals.length > 0 && { rivals }) }];
    }),
  );
  const known = Object.fromEntries(targets);
  const plan = document.kind === "Facade" ? facadePlan(document, legacyIn(document, known)) : releasePlan(document);
  return { ...asked, kind: "apply", plan, targets: known };
}

function legacyIn({ metadata }: Facade, targets: Readonly<Record<string, Target>>): Target["revision"] {
  const legacy = targets[metadata.name]?.revision;
  if (!legacy) throw new Error(`${metadata.name} has no legacy`);
  return legacy;
}

/** Which routes of a façade move away from legacy, and in which order. */
export function facadePlan(facade: Facade, legacy: Target["revision"]): FacadePlan {
  const [, ...line] = membersOf(facade);
  return {
    kind: "facade",
    order: facade.spec.order,
    rest: facade.metadata.name,
    line: line.map(({ service, route = "" }, index) => {
      const when = facade.spec.routes[index]?.when ?? [];
      return { service, route, requests: when.map(conditionsText).join(" or ") };
    }),
    legacy,
    former: [],
  };
}

/** What a release's file asks of its members together. */
export function releasePlan({ spec }: Release): ReleasePlan {
  const { members, waves, promote, onWorse } = spec;
  const needs = Object.fromEntries(members.map((member) => [member.name, member.needs]));
  return { kind: "release", waves, needs, promote, onWorse };
}
