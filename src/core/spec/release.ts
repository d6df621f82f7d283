// What may the file of a release say: which services come together, and in which order?
import * as z from "zod";
import { ms, type Ms } from "../units.ts";
import { durationFormat } from "./durations.ts";
import { nearest } from "./nearest.ts";
import { shown, written } from "./reading.ts";
import { API_VERSION, MetadataSchema, type Rollout } from "./rollout.ts";
import { listed, rule, type Report } from "./rule.ts";

/** One service of a release: a rollout file of its own. */
interface ReleaseMember {
  readonly name: string;
  /** Relative to the release's file. */
  readonly file: string;
  readonly needs: readonly string[];
}

/** Members that go at the same time, and how long all of them are watched before the next ones. */
export interface Wave {
  readonly members: readonly string[];
  readonly bakeMs: Ms;
}

/** Several services as one, as the file asks for it. */
export interface Release {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: "Release";
  readonly metadata: Rollout["metadata"];
  readonly spec: {
    readonly members: readonly ReleaseMember[];
    /** Never empty: one with all members where the file names none. */
    readonly waves: readonly Wave[];
    readonly promote: "together" | "each";
    readonly onWorse: "takeBack" | "hold";
  };
}

const Member = z.strictObject({
  name: z.string().min(1).describe("The service: the metadata.name of its rollout file."),
  file: z.string().min(1).describe("Its rollout file, relative to this one."),
  needs: z
    .array(z.string().min(1))
    .default([])
    .describe("Members that must have come as far as they may before it starts."),
});

const WaveFields = z
  .strictObject({
    members: z.array(z.string().min(1)).min(1).describe("Who goes in this wave."),
    bake: written(durationFormat())
      .prefault("0s")
      .describe("How long all of them are watched, once promoted, before the next wave begins."),
  })
  .transform(({ members, bake }): Wave => ({ members, bakeMs: bake }));

const specFields = z.strictObject({
  members: z.array(Member).min(1).max(100).describe("The services that belong together."),
  waves: z
    .array(WaveFields)
    .min(1)
    .optional()
    .describe("Targets one after the other, such as regions. Default: all at once."),
  promote: z
    .enum(["together", "each"])
    .default("together")
    .describe("Whether all members of a wave wait for each other before everybody gets them."),
  onWorse: z
    .enum(["takeBack", "hold"])
    .default("takeBack")
    .describe("What becomes of the others when a member goes back."),
});

type SpecFields = z.output<typeof specFields>;

function checkMembers({ members }: SpecFields, report: Report): void {
  const names = members.map(({ name }) => name);
  members.forEach(({ name, needs }, index) => {
    const at = ["members", index] as const;
    if (names.indexOf(name) < index)
      report([...at, "name"], "duplicate", `found ${shown(name)} again, a member stands only once`);
    needs.forEach((other, place) => {
      const path = [...at, "needs", place];
      if (other === name) report(path, "conflict", `found ${shown(name)}, a member cannot need itself`);
      else if (!names.includes(other)) report(path, "wrong-value", unknown(other, names));
    });
  });
  const round = roundOf(members);
  if (round)
    report(["members"], "conflict", `${listed(round, "and")} need each other in a round: one of them must go first`);
}

function checkWaves({ members, waves }: SpecFields, report: Report): void {
  if (!waves) return;
  const names = members.map(({ name }) => name);
  const seen = new Set<string>();
  waves.forEach((wave, index) => {
    wave.members.forEach((name, place) => {
      const path = ["waves", index, "members", place];
      if (!names.includes(name)) report(path, "wrong-value", unknown(name, names));
      else if (seen.has(name)) report(path, "duplicate", `found ${shown(name)} again, a member goes in one wave`);
      seen.add(name);
    });
    for (const name of wave.members) {
      const late = members.find((member) => member.name === name)?.needs.find((other) => !seen.has(other));
      if (late !== undefined && names.includes(late))
        report(["waves", index, "members"], "conflict", `${name} needs ${late}, which goes in a later wave`);
    }
  });
  const left = names.filter((name) => !seen.has(name));
  if (left.length > 0) report(["waves"], "missing-field", `${listed(left, "and")} must be in one of the waves`);
}

function unknown(name: string, names: readonly string[]): string {
  const near = nearest(name, names);
  return `found ${shown(name)}, ${near ? `did you mean ${near}?` : `members are ${listed(names, "and")}`}`;
}

/** Members that wait for each other for ever, if there are any. */
function roundOf(members: readonly ReleaseMember[]): readonly string[] | undefined {
  let left = members;
  for (;;) {
    const names = new Set(left.map(({ name }) => name));
    const waits = left.filter(({ name, needs }) => needs.some((other) => other !== name && names.has(other)));
    if (waits.length === 0) return undefined;
    if (waits.length === left.length) return left.map(({ name }) => name);
    left = waits;
  }
}

const Spec = rule(rule(specFields, checkMembers, ["members"]), checkWaves, ["members", "waves"]).transform(
  ({ waves, members, ...rest }): Release["spec"] => ({
    ...rest,
    members,
    waves: waves ?? [{ members: members.map(({ name }) => name), bakeMs: ms(0) }],
  }),
);

export const ReleaseSchema: z.ZodType<Release> = z.strictObject({
  apiVersion: z.literal(API_VERSION).describe("Version of this format."),
  kind: z.literal("Release").describe("Kind of this document."),
  metadata: MetadataSchema.describe("Which release this is."),
  spec: Spec.describe("What is asked for."),
});
