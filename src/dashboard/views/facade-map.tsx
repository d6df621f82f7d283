// Which of a façade's requests have moved away from legacy?
import { Link } from "@tanstack/react-router";
import type { GroupView, MemberView } from "../../api/contract.ts";
import { count } from "../../core/stats/figures.ts";
import { Pill } from "../parts/sign.tsx";
import { MEMBER } from "./group-words.ts";

/** Requests come in on the left; each route goes to its new service, to legacy, or for now to both. */
export function FacadeMap({ view }: { readonly view: GroupView }) {
  return (
    <div className="facade">
      <p className="facade-in">
        <span className="strong">{view.group.replace(/^facade\//u, "")}</span>
        <span className="mono soft">{view.address ?? ""}</span>
      </p>
      <ul className="facade-routes">
        {view.members.map((member) => (
          <FacadeRoute key={member.service} member={member} />
        ))}
        <li className="facade-route legacy">
          <span className="facade-line" aria-hidden="true" />
          <div className="facade-who">
            <p className="strong">everything else</p>
            <p className="soft">requests that no route takes</p>
          </div>
          <div className="facade-to">
            <span className="role stable">legacy</span>
          </div>
        </li>
      </ul>
    </div>
  );
}

type Where = "new" | "both" | "legacy";

const SAID: Readonly<Record<Where, string>> = {
  new: "goes to the new service",
  both: "is shared by the new service and legacy",
  legacy: "goes to legacy",
};

function whereOf(at: MemberView["at"]): Where {
  if (at === "promoted") return "new";
  return at === "under-way" || at === "gate" || at === "going-back" ? "both" : "legacy";
}

function FacadeRoute({ member }: { readonly member: MemberView }) {
  const { service, name, requests, at, text, why, legacyRequests } = member;
  const where = whereOf(at);
  return (
    <li className={`facade-route ${where}`}>
      <span className="facade-line" aria-hidden="true" />
      <div className="facade-who">
        <p>
          <Link to="/services/$name" params={{ name: service }} className="strong">
            {name}
          </Link>{" "}
          <Pill sign={MEMBER[at]} />
        </p>
        {requests && <p className="mono soft">{requests}</p>}
        <p className="soft">{why ?? text}</p>
      </div>
      <div className="facade-to">
        <p className="small">{SAID[where]}</p>
        {where !== "legacy" && <span className="role canary">{service}</span>}
        {where !== "new" && <span className="role stable">legacy</span>}
        {legacyRequests !== undefined && (
          <p className="small soft">{`${count(legacyRequests)} answered by legacy in the last minute`}</p>
        )}
      </div>
    </li>
  );
}
