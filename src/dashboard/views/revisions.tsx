// Which revisions are there, and in what do they differ?
import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { revisions, service } from "../data/queries.ts";
import type { RevisionView } from "../../api/contract.ts";
import { Icon } from "../parts/icon.tsx";
import { Panel } from "../parts/panel.tsx";
import { TroubleBox } from "../parts/trouble.tsx";
import { changesOf, type Change } from "./revision-diff.ts";

const route = getRouteApi("/services/$name");

export function Revisions() {
  const { name } = route.useParams();
  const { data: view } = useQuery(service(name));
  const { data, error } = useQuery(revisions(name, view?.version ?? 0));
  if (error) return <TroubleBox error={error} />;
  if (!data) return <p className="soft">Reading …</p>;
  const stable = data.items.find(({ is }) => is.includes("stable"));
  return (
    <div className="stack">
      {data.items.map((revision) => (
        <Revision key={revision.id} revision={revision} stable={stable} name={name} />
      ))}
    </div>
  );
}

interface Props {
  readonly revision: RevisionView;
  readonly stable: RevisionView | undefined;
  readonly name: string;
}

function Revision({ revision, stable, name }: Props) {
  const { id, is, rollouts, quarantined } = revision;
  const isStable = stable?.id === id;
  const changes = stable && !isStable ? changesOf(stable, revision) : undefined;
  return (
    <Panel
      title={id}
      className="revision"
      beside={
        <span className="roles">
          {is.map((each) => (
            <span key={each} className={`role ${each}`}>
              {each}
            </span>
          ))}
          {is.length === 0 && <span className="soft">kept to go back to</span>}
        </span>
      }
    >
      <p className="soft">
        {rollouts.length === 0
          ? "No rollout of it is known."
          : rollouts.map((number, index) => (
              <span key={number}>
                {index > 0 && ", "}
                <Link to="/services/$name/rollouts/$number" params={{ name, number: String(number) }}>
                  {`rollout ${number}`}
                </Link>
              </span>
            ))}
      </p>
      {quarantined && (
        <p className="notice warn">
          <Icon name="warn" />
          <span>{`It does not start again by itself: ${quarantined}`}</span>
        </p>
      )}
      {changes && <Changes changes={changes} />}
      <details open={isStable}>
        <summary>All of it</summary>
        <Contents revision={revision} />
      </details>
    </Panel>
  );
}

function Changes({ changes }: { readonly changes: readonly Change[] }) {
  if (changes.length === 0)
    return <p>Nothing that is shown differs from stable; values of the environment are not shown.</p>;
  return (
    <table className="diff">
      <caption className="hidden">Against stable</caption>
      <thead>
        <tr>
          <th scope="col">against stable</th>
          <th scope="col">stable</th>
          <th scope="col">this one</th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ path, was, is }) => (
          <tr key={path}>
            <th scope="row" className="mono">
              {path}
            </th>
            <td className="mono">{was === undefined ? <span className="soft">not there</span> : <del>{was}</del>}</td>
            <td className="mono">{is === undefined ? <span className="soft">not there</span> : <ins>{is}</ins>}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Contents({ revision }: { readonly revision: RevisionView }) {
  const { image, command, env, files, addresses } = revision;
  const rows: readonly (readonly [string, readonly string[]])[] = [
    ["image", image ?? []],
    ["command", command ? [command.join(" ")] : []],
    ["environment", Object.entries(env ?? {}).map(([key, value]) => `${key}=${value}`)],
    ["files", (files ?? []).map(({ path, sha256 }) => `${path}  ${sha256.slice(0, 12)}`)],
    ["addresses", addresses ?? []],
  ];
  return (
    <dl className="contents">
      {rows
        .filter(([, lines]) => lines.length > 0)
        .map(([term, lines]) => (
          <div key={term}>
            <dt>{term}</dt>
            {lines.map((line) => (
              <dd key={line} className="mono">
                {line}
              </dd>
            ))}
          </div>
        ))}
    </dl>
  );
}
