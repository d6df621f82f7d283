// How are a DestinationRule's subsets slots of the roles?
import { SerinError } from "../../../../core/issues.ts";
import type { Call } from "../../../../ports/observed.ts";
import type { Adopted } from "../../adopted.ts";
import { RESOURCES } from "../../client/objects.ts";
import type { Informer } from "../../client/informer.ts";
import { ROLLOUT } from "../../names.ts";
import type { Hashes } from "../cluster-router.ts";
import { NOTE } from "../note.ts";
import { isMade, ownerOfMade, takenBySomebody } from "../role-services.ts";
import { isHostOf, type Called } from "../target.ts";
import { hashesOfSubsets, patchOfSubsets, withHashes } from "./destination-rule.ts";
import type { DestinationRule } from "./objects.ts";

type Rules = Pick<Informer<DestinationRule>, "values" | "wrote">;

const RESOURCE = RESOURCES.destinationRules;

/** The subsets of the one DestinationRule that is for the Service: its owner's, or where there is none, Serin's. */
export class Subsets {
  readonly #adopted: Adopted;
  readonly #called: Called;
  readonly #rules: Rules;

  constructor(adopted: Adopted, called: Called, rules: Rules) {
    this.#adopted = adopted;
    this.#called = called;
    this.#rules = rules;
  }

  /** Those for the Service: Serin's own apart. Two would be put together by Istio in ways that nobody can foresee. */
  #find(): { readonly rule: DestinationRule | undefined; readonly own: DestinationRule | undefined } {
    const { by } = this.#adopted;
    const all = [...this.#rules.values()].filter(
      ({ metadata, spec }) => metadata.namespace === by.namespace && isHostOf(this.#called, spec.host),
    );
    const own = all.find((rule) => isMade(by, rule));
    const others = all.filter((rule) => rule !== own);
    const [rule] = others;
    if (others.length > 1) throw several(this.#called, others);
    return { rule: rule ?? own, own };
  }

  read(): Hashes {
    return hashesOfSubsets(this.#find().rule);
  }

  async write(hashes: Hashes, call: Call): Promise<void> {
    const { rule, own } = this.#find();
    const { client } = this.#adopted.cluster;
    if (rule && rule !== own) {
      const patch = patchOfSubsets(rule, hashes);
      const { namespace, name } = rule.metadata;
      if (patch) this.#rules.wrote(await client.merge({ resource: RESOURCE, namespace, name }, patch, call));
      // Its owner has brought one since: never two for one host.
      if (own) await this.#delete(own, call);
      return;
    }
    if (Object.keys(hashes).length === 0) return own && this.#delete(own, call);
    const made = madeRule(this.#adopted, this.#called, hashes);
    if (own && patchOfSubsets(own, hashes) === undefined) return;
    if (!own && this.#isTaken(made)) throw takenBySomebody("DestinationRule", made);
    this.#rules.wrote(await client.apply(RESOURCE, made, call));
  }

  #isTaken({ metadata }: DestinationRule): boolean {
    return [...this.#rules.values()].some(
      (rule) => rule.metadata.namespace === metadata.namespace && rule.metadata.name === metadata.name,
    );
  }

  async #delete({ metadata: { namespace, name, uid } }: DestinationRule, call: Call): Promise<void> {
    await this.#adopted.cluster.client.delete(RESOURCE, { namespace, name, uid }, call);
  }
}

/** A DestinationRule that has nothing but the roles' subsets. */
function madeRule({ by }: Pick<Adopted, "by">, { name, namespace }: Called, hashes: Hashes): DestinationRule {
  const { subsets, note } = withHashes(undefined, hashes);
  return {
    metadata: {
      namespace,
      name,
      labels: { [ROLLOUT]: by.name },
      annotations: { [NOTE]: note },
      ownerReferences: [ownerOfMade(by)],
    },
    spec: { host: name, subsets },
  };
}

function several({ namespace, name }: Called, rules: readonly DestinationRule[]): SerinError {
  return new SerinError({
    code: "SERIN_ISTIO_SEVERAL_RULES",
    what: `several DestinationRules are for the Service ${name} in ${namespace}`,
    found: rules.map(({ metadata }) => metadata.name).join(", "),
    now: "requests go where they went before",
    next: "make one of them, or choose by: services below spec.traffic.istio",
    hopeless: true,
  });
}
