// What would this file of a group do, and in which order?
import type { FileMember, GroupFile } from "./group-file.ts";
import { conditionsText } from "../core/match.ts";
import { compile } from "../core/plan/compile.ts";
import { describeProgram } from "../core/plan/sentence.ts";
import type { Facade } from "../core/spec/facade.ts";
import type { Release } from "../core/spec/release.ts";
import { listed } from "../core/spec/rule.ts";
import { duration } from "../core/units.ts";

/** What happens in which order, with each member's own program below. */
export function describeGroup({ group, document, members }: GroupFile): readonly string[] {
  if (document.kind === "Facade") return describeFacade(group, document, members);
  return describeRelease(group, document, members);
}

function describeFacade(group: string, { spec }: Facade, members: readonly FileMember[]): readonly string[] {
  const { routes, legacy, order } = spec;
  const urls = legacy.addresses.map(({ host, port }) => `http://${host}:${port}`).join(", ");
  const how = order === "together" ? "all of them at the same time" : "one after the other";
  const lines = [
    `${group}: ${routes.length} routes move away from ${urls}, ${how}. Whatever no route names stays there.`,
    "First legacy answers everything, through the proxy; each route then is a rollout of its own, from legacy to what is new:",
  ];
  routes.forEach(({ name, when }, index) => {
    const member = members[index + 1];
    if (member) lines.push("", `${index + 1}. ${name}: ${when.map(conditionsText).join(" or ")}`, ...programOf(member));
  });
  const last = order === "together" ? "The others go on." : "The line stops there.";
  lines.push("", `A route that is worse goes back to legacy by itself. ${last}`);
  return lines;
}

function describeRelease(group: string, { spec }: Release, members: readonly FileMember[]): readonly string[] {
  const { waves, promote, onWorse } = spec;
  const lines = [
    `${group}: ${members.length} services in ${waves.length === 1 ? "one wave" : `${waves.length} waves`}, promoted ${promote === "each" ? "each when it is ready" : "together"}.`,
  ];
  waves.forEach(({ members: names, bakeMs }, index) => {
    lines.push(
      "",
      `Wave ${index + 1}: ${listed(names, "and")}${bakeMs > 0 ? `, then watched for ${duration(bakeMs)}` : ""}`,
    );
    for (const name of names) {
      const member = members.find(({ service }) => service === name);
      const needs = spec.members.find((one) => one.name === name)?.needs ?? [];
      const after = promote === "each" ? "promoted" : "at its last gate";
      lines.push(`${name}${needs.length > 0 ? `, once ${listed(needs, "and")} is ${after}` : ""}:`);
      if (member) lines.push(...programOf(member));
    }
  });
  const back = "all others go back too, those that need others first";
  lines.push("", `When a member goes back ${onWorse === "takeBack" ? back : "the others hold where they are"}.`);
  return lines;
}

function programOf({ rollout, abilities }: FileMember): readonly string[] {
  const compiled = compile(rollout, { abilities, stable: true });
  return compiled.ok ? describeProgram(compiled.program, rollout).map((line) => `   ${line}`) : [];
}
