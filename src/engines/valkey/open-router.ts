// Puts the servers together.
import type { Servers, ServersOptions } from "./servers.ts";

export async function openRouter(_options: ServersOptions): Promise<Servers> {
  throw new Error("Not built yet");
}
