// How does a Canary bring the new version to its users?
import type { Analysis } from "./analysis-fields.ts";
import { percentText } from "../context.ts";
import type { Part } from "../part.ts";
import { timeOf, times } from "../times.ts";
import { ms, type Ms } from "../../units.ts";
import { from, type Out, type Sourced } from "../write.ts";
import { matchesOf } from "./match.ts";
import type { Router } from "./traffic.ts";

/** Flagger's own: from check to check, at least. */
const SHORTEST = ms(10_000);
const USUAL = ms(60_000);
/** Flagger's own, where only the provider asks for blue-green. */
const ITERATIONS = 10;

/** Which of Flagger's strategies a Canary asks for. */
export type Kind = "canary" | "blueGreen" | "abTest";

/** As Flagger decides it. */
export function kindOf({ iterations = 0, match = [] }: Analysis, provider: string): Kind {
  if (provider === "kubernetes") return "blueGreen";
  if (iterations <= 0) return "canary";
  return match.length > 0 ? "abTest" : "blueGreen";
}

/** From check to check. */
export function intervalOf(analysis: Part<Analysis>): Ms {
  const interval = analysis.at("interval");
  const read = interval && timeOf(interval);
  if (read === undefined) return USUAL;
  if (read < SHORTEST) interval?.changes("Flagger checks every 10s at most often, whatever stands here: so does this");
  return ms(Math.max(read, SHORTEST));
}

/** How a Canary goes. */
export interface Going {
  readonly kind: Kind;
  readonly router: Router;
  /** Whether there is room for one version in each place: of a DaemonSet none runs beside another. */
  readonly inPlace: boolean;
}

/** The strategy of a Canary. */
export function strategyOf(analysis: Part<Analysis>, { kind, router, inPlace }: Going): Out {
  const interval = intervalOf(analysis);
  ready(analysis);
  analysis
    .at("stepWeightPromotion")
    ?.changes(
      "nothing goes back to an old place after the canary, so no share falls: the canary itself becomes stable",
    );
  if (inPlace) return nodeByNode(analysis, interval, kind);
  if (kind === "abTest") return abTest(analysis, interval);
  if (router === "service")
    for (const name of ["mirror", "mirrorWeight"] as const)
      analysis.at(name)?.note("Flagger's plain Kubernetes copies nothing: neither does this");
  if (kind === "blueGreen") return blueGreen(analysis, interval, router === "service");
  return canary(analysis, interval, router);
}

function ready(analysis: Part<Analysis>): void {
  for (const name of ["primaryReadyThreshold", "canaryReadyThreshold"] as const) {
    const part = analysis.at(name);
    if (part?.value === 100) part.note("all replicas must be ready, as always");
    else part?.changes("a part of the replicas is not enough: a share rises only into replicas that are all ready");
  }
}

function canary(analysis: Part<Analysis>, interval: Ms, router: Router): Out {
  analysis.at("iterations")?.note("0 iterations ask for nothing");
  for (const part of analysis.at("match") ? [analysis.at("match")] : [])
    part?.changes(
      "Flagger limits the shares to these requests; in Serin a share is one of all requests: use strategy.canary.steps with match to send these requests whatever the share",
    );
  const steps = {
    ...weights(analysis),
    interval: from(times(interval, 1), analysis.at("interval")),
  };
  const mirror = analysis.at("mirror");
  if (mirror?.value !== true) {
    mirror?.note("false asks for nothing");
    analysis.at("mirrorWeight")?.note("Flagger heeds it beside mirror: true only");
    return { canary: steps };
  }
  const share = analysis.at("mirrorWeight");
  if (router === "gateway") analysis.about("Flagger's Gateway API copies nothing before a canary, and waits for ever");
  mirror.changes(
    "copies go out after the user's answer, GET, HEAD and OPTIONS only, for one interval; then the canary begins",
  );
  return {
    shadow: {
      share: share && share.value > 0 ? from(percentText(share.value), share) : from("100%", share),
      noise: false,
      compare: { enabled: false },
      hold: times(interval, 1),
      next: { canary: steps },
    },
  };
}

function weights(analysis: Part<Analysis>): { readonly [name: string]: Out } {
  const [list, step, most] = [analysis.at("stepWeights"), analysis.at("stepWeight"), analysis.at("maxWeight")];
  if (list && list.value.length > 0) {
    step?.note("Flagger does not heed it beside stepWeights");
    most?.note("Flagger does not heed it beside stepWeights: their last one is the highest");
    return { stepWeights: listOf(list) };
  }
  list?.note("an empty list asks for nothing");
  const rise = step?.value ?? 0;
  if (!step || rise <= 0) {
    step?.note("0 asks for nothing");
    most?.note("without stepWeight nothing rises to it");
    analysis.lacks(
      "neither stepWeight, stepWeights nor iterations say how the share rises",
      "add stepWeight; 10% stands there now",
    );
    return { stepWeight: "10%" };
  }
  const top = most && most.value > 0 ? Math.min(most.value, 100) : 100;
  if (rise > top) {
    const share = percentText(Math.min(rise, 100));
    most?.changes(`Flagger goes to ${share} in its first step, beyond it: so does this`);
    return { stepWeights: from([share], step) };
  }
  if (top % rise !== 0)
    most?.changes(
      `Flagger's last weight is ${percentText(Math.min(Math.ceil(top / rise) * rise, 100))}, beyond it; Serin's is ${percentText(top)}`,
    );
  return { stepWeight: from(percentText(rise), step), maxWeight: from(percentText(top), most) };
}

function listOf(list: Part<readonly number[]>): Sourced {
  const capped = list.value.map((share) => Math.min(share, 100));
  const rising = capped.filter((share, index) => share > Math.max(0, ...capped.slice(0, index)));
  if (rising.length < capped.length)
    list.changes(
      "Flagger looks its weight up in this list, and stands still or jumps where it does not rise: what does not rise is left out",
    );
  return from((rising.length > 0 ? rising : [100]).map(percentText), list);
}

function ignoredWeights(analysis: Part<Analysis>, why: string): void {
  for (const name of ["stepWeight", "stepWeights", "maxWeight"] as const)
    analysis.at(name)?.changes(`${why}: Flagger does not heed it. Shares of the traffic are strategy.canary`);
}

/** How long the rounds take. */
function rounds(analysis: Part<Analysis>, interval: Ms): { readonly hold: Sourced; readonly long: string } {
  const part = analysis.at("iterations");
  const count = part && part.value > 0 ? part.value : ITERATIONS;
  const long = times(interval, count);
  return { hold: from(long, part, analysis.at("interval")), long };
}

function blueGreen(analysis: Part<Analysis>, interval: Ms, isPlain: boolean): Out {
  ignoredWeights(analysis, "with iterations or on plain Kubernetes there is one switch");
  analysis.at("match")?.note("Flagger's plain Kubernetes has no rules for requests: it is not heeded there");
  const { hold, long } = rounds(analysis, interval);
  const part = analysis.at("iterations");
  const text = `the new version stands ready for ${long} before the switch; after it the old one stays for 5m (keepOld), Flagger keeps none`;
  if (part) part.changes(text);
  else analysis.about(`Flagger makes 10 rounds: ${text}`);
  const [mirror, share] = [analysis.at("mirror"), analysis.at("mirrorWeight")];
  if (isPlain) return { blueGreen: { hold } };
  if (mirror?.value !== true) {
    mirror?.note("false asks for nothing");
    share?.note("Flagger heeds it beside mirror: true only");
    return { blueGreen: { hold } };
  }
  mirror.changes("copies go out after the user's answer, and GET, HEAD and OPTIONS only");
  const copied = share && share.value > 0 ? percentText(share.value) : "100%";
  return { blueGreen: { mirror: { share: from(copied, share), hold } } };
}

function abTest(analysis: Part<Analysis>, interval: Ms): Out {
  ignoredWeights(analysis, "with match and iterations these requests alone get the canary");
  const match = analysis.at("match");
  const { hold, long } = rounds(analysis, interval);
  const [mirror, share] = [analysis.at("mirror"), analysis.at("mirrorWeight")];
  mirror?.changes("Flagger mirrors nothing beside match: neither does this");
  share?.changes("Flagger mirrors nothing beside match: neither does this");
  const rules = match ? matchesOf(match) : [];
  analysis
    .at("iterations")
    ?.changes(`these requests get the canary for ${long}, then everybody does, if nothing speaks against it`);
  // Nobody else shall get it in their place.
  if (rules.length === 0) return { canary: { steps: [{ gate: "Who is to get it first?" }, { weight: "100%" }] } };
  return { canary: { steps: [{ match: rules, hold }, { weight: "100%" }] } };
}

/** Where a node has room for one version, some nodes get the new one first. */
function nodeByNode(analysis: Part<Analysis>, interval: Ms, kind: Kind): Out {
  for (const name of ["mirror", "mirrorWeight", "match"] as const)
    analysis.at(name)?.changes("requests go to the pods of a DaemonSet by their numbers alone: left out");
  if (kind === "canary") {
    analysis.at("iterations")?.note("0 iterations ask for nothing");
    return { canary: { ...weights(analysis), interval: from(times(interval, 1), analysis.at("interval")) } };
  }
  ignoredWeights(analysis, "with iterations or on plain Kubernetes there is one switch");
  const { hold, long } = rounds(analysis, interval);
  const text = `a node has room for one version, so that no second DaemonSet runs beside the first: a tenth of the nodes has the new version, with their requests, for ${long}, and then all`;
  const part = analysis.at("iterations");
  if (part) part.changes(text);
  else analysis.about(text);
  return { canary: { steps: [{ weight: "10%", hold }] } };
}
