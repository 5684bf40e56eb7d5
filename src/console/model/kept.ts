// What outlives the page, as the model sees it; browser.ts makes it of the browser's storage.

/** A value kept for this tab, or for this browser. Where storage is forbidden, nothing is kept. */
export interface Kept {
  read(): string | null;
  write(value: string | null): void;
}
