// How is a rollout begun from the page that planned it?
import { useNavigate } from "@tanstack/react-router";
import { useState, type FormEvent } from "react";
import type { Reply } from "../../api/contract.ts";
import { ReasonField } from "../actions/reason-field.tsx";
import { send } from "../data/http.ts";
import { useSession } from "../data/session.ts";
import { Dialog } from "../parts/dialog.tsx";
import { TroubleBox } from "../parts/trouble.tsx";

interface Props {
  readonly file: { readonly text: string; readonly origin: string };
  /** The plan, in lines. */
  readonly text: readonly string[];
  readonly onClose: () => void;
}

export function ApplyDialog({ file, text, onClose }: Props) {
  const [reason, setReason] = useState("");
  const [isBusy, setBusy] = useState(false);
  const [refused, setRefused] = useState<unknown>();
  const { actor } = useSession();
  const navigate = useNavigate();
  const act = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setRefused(undefined);
    try {
      const { service } = await send<Reply>("POST", "/v1/apply", { ...file, actor, reason: reason.trim() });
      const [kind, name] = service.split("/");
      if (kind !== undefined && name !== undefined)
        await navigate({ to: "/groups/$kind/$name", params: { kind, name } });
      else await navigate({ to: "/services/$name", params: { name: service } });
    } catch (error) {
      setRefused(error);
      setBusy(false);
    }
  };
  return (
    <Dialog title="Start this rollout" onClose={onClose}>
      <form className="dialog-form" onSubmit={(event) => void act(event)}>
        <p>
          The steps of the plan follow one after the other, and a candidate that is shown to be worse is taken back.
        </p>
        <pre className="plan-text" tabIndex={0} aria-label="The plan">
          {text.join("\n")}
        </pre>
        <ReasonField actor={actor} reason={reason} onChange={setReason} />
        {refused !== undefined && <TroubleBox error={refused} />}
        <div className="dialog-end">
          <button type="button" className="button" onClick={onClose}>
            Leave as it is
          </button>
          <button type="submit" className="button first" disabled={isBusy}>
            {isBusy ? "Asking …" : "Start"}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
