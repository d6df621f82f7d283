// How does something that went wrong look?
import { messageOf } from "../../core/issues.ts";
import { Refused } from "../data/http.ts";
import { Icon } from "./icon.tsx";

/** What was asked, what was found, what the traffic does now, what to do next. */
export function TroubleBox({ error }: { readonly error: unknown }) {
  const trouble = error instanceof Refused ? error.trouble : { ...NOBODY, found: messageOf(error) };
  const { code, what, found, now, next } = trouble;
  const facts = [
    ["found", found],
    ["now", now],
    ["next", next],
  ].filter(([, text]) => text);
  return (
    <div className="trouble" role="alert">
      <p className="strong">
        <Icon name="warn" /> {what}
      </p>
      <dl>
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <p className="soft small mono">{code}</p>
    </div>
  );
}

const NOBODY = {
  code: "SERIN_NO_ANSWER",
  what: "the controller does not answer",
  now: "traffic stays at the last split",
  next: "start it again with: serin serve",
};
