// What the console needs of the browser that is not drawing: clock, timers, storage, clipboard, files. The rest of the
// console reaches for none of these by itself, so that this file is the whole of its way outside.

import type { Kept } from "./model/kept.ts";

export function nowMs(): number {
  return Date.now();
}

/** Runs once after a while, unless what is returned is called before. */
export function after(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}

/** Runs again and again, until what is returned is called. */
export function every(intervalMs: number, run: () => void): () => void {
  const timer = setInterval(run, intervalMs);
  return () => clearInterval(timer);
}

export function sleep(delayMs: number): Promise<void> {
  return new Promise((resolve) => after(delayMs, resolve));
}

export function keptInTab(name: string): Kept {
  return kept(() => sessionStorage, name);
}

export function keptInBrowser(name: string): Kept {
  return kept(() => localStorage, name);
}

function kept(storage: () => Storage, name: string): Kept {
  return {
    read: () => attempt(() => storage().getItem(name)),
    write: (value) => {
      attempt(() => {
        if (value === null) storage().removeItem(name);
        else storage().setItem(name, value);
        return null;
      });
    },
  };
}

function attempt(step: () => string | null): string | null {
  try {
    return step();
  } catch {
    return null;
  }
}

/** Whether it has been copied: pages that come over plain HTTP from another machine have no clipboard of their own. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyBySelection(text);
  }
}

function copyBySelection(text: string): boolean {
  const area = document.createElement("textarea");
  area.value = text;
  area.className = "offscreen";
  const host = document.querySelector("dialog[open]") ?? document.body;
  const before = document.activeElement;
  host.append(area);
  area.select();
  const isCopied = document.execCommand("copy");
  area.remove();
  if (before instanceof HTMLElement) before.focus();
  return isCopied;
}

/** Hands bytes over as a download. */
export function saveFile(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  openDownload(url, name);
  after(60_000, () => URL.revokeObjectURL(url));
}

export function openDownload(url: string, name: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
}

export function isDesktop(): boolean {
  return matchMedia("(min-width: 900px)").matches;
}
