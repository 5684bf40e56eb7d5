import type { Argument, Reply } from "./reply.ts";
export interface Script {
  readonly text: string;
  readonly sha1: string;
}
export interface WritePromise {
  readonly text: string;
}
export interface Servers {
  readonly topology: "standalone" | "sentinel" | "cluster";
  readonly promise: WritePromise;
  read(slot: number, args: readonly Argument[]): Promise<Reply>;
  readScript(slot: number, script: Script, keys: readonly Argument[], args: readonly Argument[]): Promise<Reply>;
  write(slot: number, script: Script, keys: readonly Argument[], args: readonly Argument[]): Promise<Acknowledged>;
  readonly clockOffsetMs: number;
  refusal(): string | null;
  readonly pendingWrites: number;
  close(): Promise<void>;
}
export interface Acknowledged {
  readonly reply: Reply;
  readonly shortfall: string | null;
}
