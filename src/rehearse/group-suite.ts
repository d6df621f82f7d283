// Against what is a release or a façade rehearsed, when nobody says it?
import { figure, percent, type Fault, type Usually } from "./suite.ts";

/** One scenario of several that are looked at beside each other. */
export interface GroupPlay {
  readonly name: string;
  /** What happens, as a clause. */
  readonly about: string;
  readonly lines: string;
  readonly fault: Fault;
  /** Whose new version is worse. */
  readonly member?: string | undefined;
}

/** A member of a group, and its usual traffic. */
export interface UsualMember extends Usually {
  readonly service: string;
}

/** Points by which more requests of one member's new version fail: hardly seen, and hardly missed. */
const ERROR_POINTS = [1, 5];
const FACTOR = 1.5;
const OUTAGE = "at 1m outage of everything for 1m errors 30%";

/** All members good; one after the other worse, and the others good; and a bad time that is nobody's fault. */
export function groupSuiteFor(members: readonly UsualMember[]): readonly GroupPlay[] {
  const before = beforeOf(members);
  const one = ({ service, errors }: UsualMember): readonly GroupPlay[] => {
    const bad = (name: string, about: string, canary: string): GroupPlay => ({
      name: `${service}:${name}`,
      about,
      lines: `${before}; ${service}: canary ${canary}`,
      fault: "bad",
      member: service,
    });
    return [
      ...ERROR_POINTS.map((points) =>
        bad(
          `errors-${points}`,
          `${points}% more of ${service}’s requests fail`,
          `errors ${percent(errors + points / 100)}`,
        ),
      ),
      bad(`slower-${FACTOR}`, `${service}’s answers take ${FACTOR} times as long`, `slower x${FACTOR}`),
    ];
  };
  return [
    { name: "good", about: "all new versions are as good as what they replace", lines: before, fault: "good" },
    ...members.flatMap(one),
    {
      name: "outage",
      about: "30% of all requests fail for 1m, whichever version answers",
      lines: `${before}; ${OUTAGE}`,
      fault: "nobody",
    },
  ];
}

/** The traffic of all members: in one line where it is the same. */
function beforeOf(members: readonly UsualMember[]): string {
  const usual = ({ perSecond, errors }: UsualMember): readonly string[] => [
    `load ${figure(perSecond)}/s`,
    `everything errors ${percent(errors)}`,
  ];
  const [first] = members;
  const isSame = members.every((one) => one.perSecond === first?.perSecond && one.errors === first.errors);
  if (first && isSame) return usual(first).join("; ");
  return members.flatMap((one) => usual(one).map((line) => `${one.service}: ${line}`)).join("; ");
}
