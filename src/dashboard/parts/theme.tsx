// Light or dark, as the system says or as a person wants?
import { useSyncExternalStore } from "react";
import { Icon, type IconName } from "./icon.tsx";

type Theme = "auto" | "light" | "dark";

const KEY = "serin-theme";
const NEXT: Readonly<Record<Theme, Theme>> = { auto: "light", light: "dark", dark: "auto" };
const ICONS: Readonly<Record<Theme, IconName>> = { auto: "auto", light: "sun", dark: "moon" };

const listeners = new Set<() => void>();
const system = matchMedia("(prefers-color-scheme: dark)");
system.addEventListener("change", () => told());

function told(): void {
  for (const listener of listeners) listener();
}

function themeNow(): Theme {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "auto";
}

function show(theme: Theme): void {
  if (theme === "auto") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}

/** Shows what was chosen last. */
export function restoreTheme(): void {
  show(themeNow());
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Changes with the colours that are shown: what is drawn by hand is drawn again. */
export const useColors = (): string => useSyncExternalStore(subscribe, () => `${themeNow()}${system.matches}`);

export function ThemeButton() {
  const theme = useSyncExternalStore(subscribe, themeNow);
  const next = NEXT[theme];
  const choose = (): void => {
    if (next === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
    show(next);
    told();
  };
  return (
    <button type="button" className="button plain" onClick={choose} title={`Colours: ${theme}`}>
      <Icon name={ICONS[theme]} />
      <span className="hidden">{`Colours: ${theme}; change to ${next}`}</span>
    </button>
  );
}
