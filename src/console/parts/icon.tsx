// The icons, as strokes on a grid of 16: drawn here, so that nothing is loaded for them.

const PATHS = {
  key: "M10 9.5a3.75 3.75 0 1 0-3.3-2L2 12.2V14h2.2v-1.6h1.6v-1.6l1.5-1.4a3.7 3.7 0 0 0 2.7.1ZM11 5h.01",
  activity: "M1.5 8.5h3l2-6 3.5 11 2-5h2.5",
  shield: "M8 1.5 13.5 4v3.5c0 3.3-2.3 6-5.5 7-3.2-1-5.5-3.7-5.5-7V4Z",
  transfer: "M4.5 13V3m0 0L2 5.5M4.5 3 7 5.5M11.5 3v10m0 0L9 10.500M11.5 13l2.5-2.5",
  server: "M2 3h12v4H2Zm0 6h12v4H2Zm2.5-4h.01m0 6h.01",
  search: "M7 12A5 5 0 1 0 7 2a5 5 0 0 0 0 10Zm3.6-1.400L14 14",
  plus: "M8 3v10M3 8h10",
  copy: "M5.5 5.500V2.500h8v8h-3M2.5 5.500h8v8h-8Z",
  check: "m3 8.5 3.5 3.500L13 4.5",
  trash: "M2.5 4h11M6 4V2.500h4V4m2.5 0-.6 9.500H4.100L3.5 4M6.5 7v3.500m3-3.500v3.5",
  pencil: "m2.5 13.5.6-3L10.5 3 13 5.500l-7.4 7.400ZM9 4.5 11.5 7",
  download: "M8 2v8.500m0 0L4.5 7M8 10.5 11.5 7M2.5 13.500h11",
  upload: "M8 11V2.500m0 0L4.5 6M8 2.5 11.5 6M2.5 13.500h11",
  sun: "M8 10.800a2.8 2.8 0 1 0 0-5.6 2.8 2.8 0 0 0 0 5.600ZM8 1v1.500m0 11V15M1 8h1.500m11 0H15M3 3l1 1m8 8 1 1m0-10-1 1m-8 8-1 1",
  moon: "M13.5 9.500A6 6 0 0 1 6.5 2.500a6 6 0 1 0 7 7Z",
  auto: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0 0V2m1 .5v11m2-10v9",
  help: "M5.8 6a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.500m0 2.300h.01",
  close: "m4 4 8 8m0-8-8 8",
  folder: "M1.5 12.500v-9h4l1.5 2h7.500v7Z",
  chevron: "m6 4 4 4-4 4",
  back: "M13 8H3m0 0 4-4M3 8l4 4",
  clock: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12Zm0-9v3.200L10 10",
  refresh: "M13.5 8A5.5 5.5 0 1 1 12 4.200M13.5 2v3h-3",
  out: "M6 2.500H2.500v11H6M10 5l3 3-3 3m3-3H6",
  terminal: "m3 4.5 3.5 3.500L3 11.500M8.5 12H13",
  alert: "M8 2 14.5 13.500h-13ZM8 6.500V9.500m0 2h.01",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** The mark of Keyhold: a keyhole. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true">
      <rect width="24" height="24" rx="7" />
      <path d="M12 5.500a4.2 4.2 0 0 0-2.1 7.840L8.8 18.500h6.400l-1.1-5.160A4.2 4.2 0 0 0 12 5.500Z" />
    </svg>
  );
}
