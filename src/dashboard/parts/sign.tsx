// How does a state look: a shape, a word and a colour?
import type { Sign } from "../data/words.ts";
import { Icon } from "./icon.tsx";

/** What becomes of a release: filled. */
export function Pill({ sign }: { readonly sign: Sign }) {
  return (
    <span className={`pill ${sign.tone}`}>
      <Icon name={sign.icon} size={14} />
      {sign.word}
    </span>
  );
}

/** How the service is: never filled, so that the two are not taken for one. */
export function Mark({ sign, short = false }: { readonly sign: Sign; readonly short?: boolean }) {
  return (
    <span className={`mark ${sign.tone}`}>
      <Icon name={sign.icon} size={15} />
      {short ? sign.word.replace(/^(service|health) /u, "") : sign.word}
    </span>
  );
}
