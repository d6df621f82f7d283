// In what do the answers to copies differ from those that users got?
import type { Comparison } from "../../core/comparison.ts";
import { count, share } from "../../core/stats/figures.ts";
import { Panel } from "../parts/panel.tsx";

/** Parts that are shown; the others are counted. */
const SHOWN = 20;

export function Differences({ comparison }: { readonly comparison: Comparison }) {
  const { candidate, noise, shed, failed, fields } = comparison;
  const differing = fields.filter((field) => field.candidate > 0);
  const left = shed + failed > 0 ? `; ${count(shed)} copies were left out, ${count(failed)} not answered` : "";
  return (
    <Panel title="Differences of the answers" beside={<span className="soft">{`${count(candidate)} compared`}</span>}>
      <p className="soft">{`Copies of users’ requests went to the canary; nobody got its answers${left}.`}</p>
      {differing.length === 0 ? (
        <p>No part of the answers differs.</p>
      ) : (
        <ul className="differences">
          {differing.slice(0, SHOWN).map((field) => (
            <li key={field.path}>
              <details>
                <summary>
                  <code>{field.path}</code> <span>{`differs in ${rate(field.candidate, candidate)}`}</span>{" "}
                  {noise > 0 && (
                    <span className="soft">{`of a second copy of stable in ${rate(field.noise, noise)}`}</span>
                  )}
                </summary>
                {field.examples.map((example, index) => (
                  <dl className="example" key={`${index}${example.request}`}>
                    <div>
                      <dt>request</dt>
                      <dd className="mono">{example.request}</dd>
                    </div>
                    <div>
                      <dt>stable</dt>
                      <dd className="mono was">{example.stable ?? "not there"}</dd>
                    </div>
                    <div>
                      <dt>canary</dt>
                      <dd className="mono is">{example.candidate ?? "not there"}</dd>
                    </div>
                  </dl>
                ))}
              </details>
            </li>
          ))}
        </ul>
      )}
      {differing.length > SHOWN && <p className="soft">{`and ${differing.length - SHOWN} more parts`}</p>}
    </Panel>
  );
}

const rate = (some: number, all: number): string =>
  `${count(some)} of ${count(all)} (${share(all === 0 ? 0 : some / all)})`;
