// Which shape says what, beside its colour?
import type { ReactNode } from "react";

/** Drawn on a grid of 16 by 16. */
const SHAPES = {
  play: <path d="M5 3.5v9l7-4.500z" fill="currentColor" />,
  pause: <path d="M4.5 3.500h2.500v9h-2.500zM9 3.500h2.500v9h-2.500z" fill="currentColor" />,
  check: <path d="M3.5 8.500l3 3 6-7" fill="none" stroke="currentColor" strokeWidth="2" />,
  back: (
    <path
      d="M6.5 3.500l-3.5 3.5 3.5 3.500M3.5 7h5.500a3.5 3 0 0 1 0 6h-2"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.8"
    />
  ),
  stop: <path d="M4 4h8v8h-8z" fill="currentColor" />,
  person: <path d="M8 8a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM3 13.500c.5-3 2.5-4 5-4s4.5 1 5 4z" fill="currentColor" />,
  idle: <path d="M4 8h8" fill="none" stroke="currentColor" strokeWidth="2" />,
  well: <path d="M1.5 8.500h3l1.8-4.5 3 8 1.7-3.500h3.5" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  warn: <path d="M8 2l6.5 12h-13zM8 6.500v3.500M8 11.500v1" fill="none" stroke="currentColor" strokeWidth="1.6" />,
  down: (
    <path
      d="M5 1.800h6l3.2 3.200v6l-3.2 3.200h-6l-3.2-3.200v-6zM5.5 5.500l5 5M10.5 5.500l-5 5"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
    />
  ),
  unknown: (
    <path
      d="M5.5 6a2.5 2.5 0 1 1 3.5 2.300c-.7.4-1 .8-1 1.700M8 12v1.2"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
    />
  ),
  clock: (
    <path
      d="M8 2.200a5.8 5.8 0 1 0 0 11.6 5.8 5.8 0 0 0 0-11.600zM8 5v3.300l2.2 1.5"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
    />
  ),
  scales: (
    <path
      d="M8 2.500v11M4.5 13.500h7M2.5 5h11M2.5 5l-1.3 4h4l-1.7-4M12.5 5l-1.7 4h4l-1.3-4"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.3"
    />
  ),
  up: <path d="M8 13v-9.500M4 7l4-4 4 4" fill="none" stroke="currentColor" strokeWidth="1.8" />,
  note: <path d="M8 5.500v6M8 3v1.2" fill="none" stroke="currentColor" strokeWidth="2" />,
  hook: <path d="M6 3v5.500a3 3 0 1 0 6 0v-1M6 3h-2.500M6 3h2.5" fill="none" stroke="currentColor" strokeWidth="1.7" />,
  sun: (
    <path
      d="M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.4 1.400M11.6 11.600l1.4 1.400M3 13l1.4-1.400M11.6 4.400l1.4-1.4"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
    />
  ),
  moon: (
    <path d="M13 9.500a5.5 5.5 0 0 1-6.5-7 5.5 5.5 0 1 0 6.5 7z" fill="none" stroke="currentColor" strokeWidth="1.5" />
  ),
  auto: (
    <path d="M8 2.200a5.8 5.8 0 1 0 0 11.600zM8 2.200a5.8 5.8 0 0 1 0 11.6" fill="currentColor" fillOpacity="0.9" />
  ),
  copy: <path d="M5.5 5.500h7v7h-7zM3.5 10.500v-7h7" fill="none" stroke="currentColor" strokeWidth="1.4" />,
} satisfies Readonly<Record<string, ReactNode>>;

export type IconName = keyof typeof SHAPES;

/** Says nothing by itself: a word always stands beside it. */
export function Icon({ name, size = 16 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" width={size} height={size} aria-hidden="true" focusable="false">
      {SHAPES[name]}
    </svg>
  );
}
