// What is another each time a server runs, and what stands for it in a golden file: times, ids, the name of the store. What
// is the same each time, such as revisions on a new store, is left as it is printed.
import { asWritten, runLine } from "./curl.ts";
import type { ServerProcess } from "./server-process.ts";

/** Puts placeholders for what varies in what this server prints. */
export async function makeHider(server: Pick<ServerProcess, "url">): Promise<(text: string) => string> {
  const info: { store: { incarnation: string }; version: string } = JSON.parse(
    await runLine("curl -s http://127.0.0.1:3000/-/info", server),
  );
  return (text) =>
    asWritten(text, server)
      .replaceAll("\r\n", "\n")
      .replaceAll(info.store.incarnation, "<incarnation>")
      .replaceAll(info.version, "<version>")
      .replaceAll(/^(Date|Last-Modified): .*$/gm, "$1: <date>")
      .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g, "<instant>")
      .replaceAll(/^X-Request-Id: [0-9a-f]{8}-.*$/gm, "X-Request-Id: <id>")
      .replaceAll(/"instance":"[^"]*"/g, '"instance":"<id>"')
      .replaceAll(/"bytes": \d+/g, '"bytes": <bytes>')
      // A second may pass between the write and the look.
      .replaceAll(/^TTL: 359\d$/gm, "TTL: 3600")
      .replaceAll(/"ttl": 359\d/g, '"ttl": 3600');
}
