// How does a controller in this process answer?
import { randomUUID } from "node:crypto";
import { abilitiesOf, revisionOf, rivalsOf } from "../adapters/registry.ts";
import type { Answer, ApplyCommand, Command } from "../core/engine/input.ts";
import { underWay } from "../core/engine/state.ts";
import { isGroupName } from "../core/group/state.ts";
import { SerinError, type Trouble } from "../core/issues.ts";
import { parseDocument } from "../core/spec/parse.ts";
import { KIND, type Rollout } from "../core/spec/rollout.ts";
import type { Clock } from "../ports/clock.ts";
import type { Controller } from "../runtime/controller.ts";
import type { SeenGroup } from "../runtime/groups.ts";
import type { CommandRequest, GroupView, Link, Reply } from "./contract.ts";
import { applyOf, readGroupFile } from "./group-file.ts";
import { groupViewOf } from "./group-view.ts";
import { readRolloutText } from "./rollout-text.ts";
import { byUrgency } from "./order.ts";
import { rowOf } from "./summary.ts";
import { viewOf } from "./view.ts";

/** A link to a controller in this process. */
export function localLink(controller: Controller, clock: Clock): Link {
  const reply = (service: string, answer: Answer): Reply => {
    if (answer.refused) throw new SerinError(answer.refused);
    const { state } = controller.get(service);
    return { service, text: answer.text, version: state.version, rollout: underWay(state)?.number };
  };
  const groupReply = (group: string, answer: Answer): Reply => {
    if (answer.refused) throw new SerinError(answer.refused);
    const { state } = controller.groups.get(group);
    const rollout = state.run?.phase === "ended" ? undefined : state.runs;
    return { service: group, text: answer.text, version: state.version, rollout };
  };
  const view = (seen: SeenGroup): GroupView => {
    const { plan } = seen.state;
    const rest = plan.kind === "facade" ? plan.rest : undefined;
    const traffic = controller.list().find(({ state }) => state.service === rest)?.world?.traffic;
    return groupViewOf(seen, {
      nowMs: clock.now(),
      address: traffic?.kind === "value" ? traffic.value.address : undefined,
    });
  };
  return {
    list: async () => byUrgency(controller.list().map((seen) => rowOf(seen, clock.now()))),
    get: async (service) => viewOf(controller.get(service), clock.now()),
    groups: async () => controller.groups.list().map(view),
    group: async (name) => view(controller.groups.get(name)),
    apply: async ({ text, origin, actor, reason, expected, hotfix, approvals = {} }) => {
      const asked = { id: randomUUID(), actor, reason, expected };
      const parsed = parseDocument(text);
      if (!parsed.ok) throw notARollout(parsed.issues);
      if (parsed.document.kind !== KIND) {
        const read = await readGroupFile(parsed.document, { origin, at: parsed.at });
        if (!read.ok) throw notARollout(read.issues);
        if (hotfix) throw notOfGroups(read.file.group, "hotfix");
        const members = read.file.members.map((member) =>
          Object.assign({}, member, { rollout: approvable(member.rollout, approvals) }),
        );
        const command = await applyOf({ ...read.file, members }, asked);
        return groupReply(read.file.group, await controller.groups.send(read.file.group, command));
      }
      const { spec, ...rest } = await rolloutCommand(text, origin);
      const command = { ...rest, spec: approvable(spec, approvals) };
      const { name } = spec.metadata;
      refusePartOf(controller.groups.facadeOf(name), name);
      return reply(name, await controller.send(name, { ...asked, ...command, ...(hotfix ? { hotfix } : {}) }));
    },
    command: async (name, request) => {
      if (!isGroupName(name)) return reply(name, await controller.send(name, commandOf(request)));
      const { kind, actor, reason, expected } = request;
      if (kind === "scale") throw notOfGroups(name, kind);
      return groupReply(name, await controller.groups.send(name, { id: randomUUID(), kind, actor, reason, expected }));
    },
    records: (service, after, limit) => controller.records(service, after, limit),
    remove: async (name, { expected }) => {
      const of = isGroupName(name) ? controller.groups : controller;
      const { version } = of.get(name).state;
      if (expected !== undefined && expected !== version) throw removedStale(name, expected, version);
      await of.remove(name);
    },
    close: () => controller.stop(),
  };
}

async function rolloutCommand(text: string, origin: string): Promise<Omit<ApplyCommand, "id" | "actor" | "reason">> {
  const parsed = await readRolloutText(text, origin);
  if (!parsed.ok) throw notARollout(parsed.issues);
  const { rollout } = parsed;
  const revision = await revisionOf(rollout, origin);
  const rivals = await rivalsOf(rollout, origin);
  const more = rivals.length > 0 ? { rivals } : {};
  return { kind: "apply", spec: rollout, origin, revision, abilities: abilitiesOf(rollout), ...more };
}

/** The same rollout, with the approvals that are asked for whatever its file says. */
function approvable(rollout: Rollout, approvals: Readonly<Record<string, number>>): Rollout {
  const needed = approvals[rollout.metadata.name];
  return needed === undefined ? rollout : { ...rollout, spec: { ...rollout.spec, approvals: needed } };
}

/** To take a service down was decided on an old view of it. */
export function removedStale(name: string, expected: number, version: number): SerinError {
  return new SerinError({
    code: "SERIN_STALE",
    what: `the end of ${name} was decided on version ${expected}; it is at ${version} now`,
    now: "nothing was changed",
    next: `look again, and ask again with version ${version}`,
  });
}

/** What makes sense for one service only. */
function notOfGroups(group: string, what: string): SerinError {
  return new SerinError({
    code: "SERIN_REFUSED",
    what: `${what} is of one service, and ${group} has several`,
    now: "nothing was changed",
    next: `name one of its services; serin get ${group} lists them`,
    exitCode: 2,
  });
}

/** A service of a façade has its part of a proxy from the façade's file, and would lose it by a file of its own. */
function refusePartOf(facade: string | undefined, service: string): void {
  if (facade === undefined) return;
  throw new SerinError({
    code: "SERIN_PART_OF_FACADE",
    what: `${service} is a part of ${facade}: a file of its own would take its requests away`,
    now: "nothing was changed",
    next: `change the file of ${facade} and apply that`,
    exitCode: 2,
  });
}

/** A command as the engine takes it. */
export function commandOf(request: CommandRequest): Command {
  const { actor, reason, expected } = request;
  const asked = { id: randomUUID(), actor, reason, expected };
  if (request.kind === "promote") return { ...asked, kind: "promote", full: request.full ?? false };
  if (request.kind === "undo") return { ...asked, kind: "undo", to: request.to };
  if (request.kind !== "scale") return { ...asked, kind: request.kind };
  if (request.replicas === undefined) throw new SerinError(NO_NUMBER);
  return { ...asked, kind: "scale", replicas: request.replicas };
}

const NO_NUMBER: Trouble = {
  code: "SERIN_BAD_CALL",
  what: "scale needs the number of replicas",
  next: "serin scale SERVICE NUMBER",
  exitCode: 2,
};

/** A file with mistakes, as a failure. */
export function notARollout(
  issues: readonly { line: number; column: number; path: string; message: string }[],
): SerinError {
  const found = issues
    .map(({ line, column, path, message }) => `${line}:${column} ${path}  ${message}`)
    .join("\n         ");
  return new SerinError({
    code: "SERIN_BAD_FILE",
    what: "the rollout file has mistakes",
    found,
    now: "nothing was changed",
    next: "serin check FILE",
    exitCode: 2,
  });
}
