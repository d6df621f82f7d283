// How does a rollout file say that a Job of the cluster is run?
import * as z from "zod";
import type { Target } from "../outbox/message.ts";
import { ObjectName } from "./deployment.ts";
import { exactlyOne, rule, type Report } from "./rule.ts";
import { Plain } from "./plain.ts";

const jobFields = z
  .strictObject({
    cronJob: ObjectName.optional().describe("A CronJob in the rollout's namespace: a Job is made of its template."),
    image: z.string().min(1).optional().describe("An image, for a Job of one container."),
    command: z.array(Plain).min(1).optional().describe("With image only. Default: the image's own."),
    args: z.array(Plain).min(1).optional().describe("With image only. Arguments."),
    serviceAccount: ObjectName.optional().describe("With image only. Whose rights it has. Default: default."),
    env: z
      .record(z.string().min(1), Plain)
      .default({})
      .describe("More environment variables of its containers, besides SERIN_SERVICE, SERIN_CANDIDATE and their like."),
  })
  .meta({ oneOf: [{ required: ["cronJob"] }, { required: ["image"] }] });

export const JobSchema = rule(jobFields, (job, report) => {
  exactlyOne(job, ["cronJob", "image"], report);
  if (job.cronJob !== undefined) onlyOfImages(job, report);
});

function onlyOfImages(job: z.output<typeof jobFields>, report: Report): void {
  for (const name of ["command", "args", "serviceAccount"] as const)
    if (job[name] !== undefined) report([name], "conflict", "found beside cronJob, which has its own: take it out");
}

/** The target that a checked map names. */
export function jobTarget({ cronJob, image, command, args, serviceAccount, env }: z.output<typeof jobFields>): Target {
  const of = cronJob === undefined ? { image: image ?? "", command, args, serviceAccount } : { cronJob };
  return { kind: "job", of, env };
}
