// How does a controller in this process answer?
import { randomUUID } from "node:crypto";
import { abilitiesOf, revisionOf } from "../adapters/registry.ts";
import type { Answer, Command } from "../core/engine/input.ts";
import { underWay } from "../core/engine/state.ts";
import { SerinError, type Trouble } from "../core/issues.ts";
import type { Clock } from "../ports/clock.ts";
import type { Controller } from "../runtime/controller.ts";
import type { CommandRequest, Link, Reply } from "./contract.ts";
import { readRolloutText } from "./rollout-text.ts";
import { viewOf } from "./view.ts";

/** A link to a controller in this process. */
export function localLink(controller: Controller, clock: Clock): Link {
  const reply = (service: string, answer: Answer): Reply => {
    if (answer.refused) throw new SerinError(answer.refused);
    const { state } = controller.get(service);
    return { service, text: answer.text, version: state.version, rollout: underWay(state)?.number };
  };
  return {
    list: async () => controller.list().map((seen) => viewOf(seen, clock.now())),
    get: async (service) => viewOf(controller.get(service), clock.now()),
    apply: async ({ text, origin, actor, reason, hotfix }) => {
      const parsed = await readRolloutText(text, origin);
      if (!parsed.ok) throw notARollout(parsed.issues);
      const { rollout } = parsed;
      const revision = await revisionOf(rollout, origin);
      const abilities = abilitiesOf(rollout);
      const command: Command = {
        kind: "apply",
        id: randomUUID(),
        actor,
        reason,
        spec: rollout,
        origin,
        revision,
        abilities,
        ...(hotfix ? { hotfix } : {}),
      };
      return reply(rollout.metadata.name, await controller.send(rollout.metadata.name, command));
    },
    command: async (service, request) => reply(service, await controller.send(service, commandOf(request))),
    records: (service, after, limit) => controller.records(service, after, limit),
    remove: (service) => controller.remove(service),
    close: () => controller.stop(),
  };
}

function commandOf(request: CommandRequest): Command {
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

function notARollout(issues: readonly { line: number; column: number; path: string; message: string }[]): SerinError {
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
