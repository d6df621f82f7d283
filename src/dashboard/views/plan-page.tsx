// What would a rollout file do: planned, rehearsed, and then begun?
import { useMutation } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { send } from "../data/http.ts";
import { useMayApply } from "../data/session.ts";
import { HeldButton } from "../parts/held-button.tsx";
import { Panel } from "../parts/panel.tsx";
import { TroubleBox } from "../parts/trouble.tsx";
import { ApplyDialog } from "./apply-dialog.tsx";
import type { PlannedView } from "../../api/contract.ts";
import { Rehearsal } from "./rehearsal.tsx";
import { GroupRehearsal } from "./group-rehearsal.tsx";
import { PlanText, PlanView } from "./plan-view.tsx";

interface File {
  readonly text: string;
  readonly origin: string;
}

export function PlanPage() {
  const [file, setFile] = useState<File>({ text: "", origin: "" });
  const [isApplying, setApplying] = useState(false);
  const plan = useMutation({ mutationFn: () => send<PlannedView>("POST", "/v1/plan", file) });
  useEffect(() => {
    document.title = "Plan · Serin";
  }, []);
  const change = (next: File): void => {
    setFile(next);
    plan.reset();
  };
  return (
    <div className="page plan-page">
      <h1>Plan a rollout</h1>
      <div className="plan-columns">
        <form
          className="plan-form"
          onSubmit={(event) => {
            event.preventDefault();
            plan.mutate();
          }}
        >
          <FileFields file={file} onChange={change} />
          <PlanButtons
            isEmpty={file.text.trim() === "" || file.origin.trim() === ""}
            isPlanned={plan.data?.ok === true}
            isBusy={plan.isPending}
            onStart={() => setApplying(true)}
          />
        </form>
        <div className="stack" aria-live="polite">
          {plan.error && <TroubleBox error={plan.error} />}
          {plan.data && <Planned planned={plan.data} />}
          {!plan.data && !plan.error && (
            <Panel title="Before anything runs">
              <p className="soft">
                The plan says which steps follow, how long they take and what regression each of them can detect.
              </p>
            </Panel>
          )}
        </div>
      </div>
      {plan.data?.plan && <Rehearsal file={file} />}
      {plan.data?.group && <GroupRehearsal file={file} />}
      {isApplying && <ApplyDialog file={file} text={textOf(plan.data)} onClose={() => setApplying(false)} />}
    </div>
  );
}

const textOf = (planned: PlannedView | undefined): readonly string[] =>
  planned?.plan?.text ?? planned?.group?.text ?? [];

function Planned({ planned }: { readonly planned: PlannedView }) {
  const { ok, issues, plan, group } = planned;
  return (
    <>
      {!ok && <Issues issues={issues} />}
      {plan && <PlanView plan={plan} />}
      {group && <PlanText title={`Plan of ${group.group}`} text={group.text} />}
    </>
  );
}

/** Every mistake at once, each with its place. */
function Issues({ issues }: Pick<PlannedView, "issues">) {
  return (
    <Panel title={issues.length === 1 ? "One mistake in the file" : `${issues.length} mistakes in the file`}>
      <ul className="issues" role="alert">
        {issues.map(({ line, column, path, message }) => (
          <li key={`${line}:${column}${path}`}>
            <span className="mono">{`${line}:${column} ${path}`}</span>
            <p>{message}</p>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function FileFields({ file, onChange }: { readonly file: File; readonly onChange: (file: File) => void }) {
  return (
    <>
      <label className="field">
        <span>Rollout file</span>
        <textarea
          className="mono"
          rows={22}
          spellCheck={false}
          required
          value={file.text}
          onChange={({ target }) => onChange({ ...file, text: target.value })}
        />
      </label>
      <label className="field">
        <span>Folder that its relative paths start from</span>
        <input
          type="text"
          className="mono"
          placeholder="/srv/shop"
          required
          value={file.origin}
          onChange={({ target }) => onChange({ ...file, origin: target.value })}
        />
      </label>
    </>
  );
}

interface ButtonProps {
  readonly isEmpty: boolean;
  readonly isPlanned: boolean;
  readonly isBusy: boolean;
  readonly onStart: () => void;
}

function PlanButtons({ isEmpty, isPlanned, isBusy, onStart }: ButtonProps) {
  const forbidden = useMayApply();
  const notFilled = isEmpty ? "the file and its folder must be there" : isBusy ? "it is being planned" : undefined;
  const notYet = notFilled ?? (isPlanned ? undefined : "plan it first, without a mistake");
  return (
    <>
      <div className="buttons">
        <HeldButton label="Plan" type="submit" className="first" why={forbidden ?? notFilled} />
        <HeldButton label="Start …" why={forbidden ?? notYet} onPress={onStart} />
      </div>
      <p className="soft small">Planning changes nothing.</p>
    </>
  );
}
