// curl, one process for each request as on a command line, or for many where one connection is to be kept.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { mustRun } from "../../support/run-command.ts";
import { makeWatchReader, TEXT_BYTES, type WireBody, type WireClient, type WireRequest } from "./wire-client.ts";

export interface CurlOptions {
  readonly command: string;
  /** For what it writes. */
  readonly directory: string;
  /** A certificate to trust. */
  readonly caFile: string;
}

export function makeCurlClient({ command, directory, caFile }: CurlOptions): WireClient {
  const [headFile, bodyFile] = [join(directory, "head"), join(directory, "body")];
  const start = [command, "--silent", "--show-error", "--http1.1", "--max-time", "20", "--cacert", caFile];
  return {
    abilities: ["chunked", "continue"],
    connectionsMax: 1,
    async ask(request) {
      await Bun.write(bodyFile, "");
      // With --head it is the head that goes to the output.
      const files = ["--dump-header", headFile, "--output", request.method === "HEAD" ? "/dev/null" : bodyFile];
      await mustRunWith([...start, ...files, ...argumentsOf(request)], bytesOf(request.body));
      // A head for each answer: of "100 Continue" too.
      const heads = (await readFile(headFile, "latin1")).split("\r\n\r\n").filter((head) => head !== "");
      const [statusLine = "", ...fields] = heads.at(-1)?.split("\r\n") ?? [];
      const body = await readFile(bodyFile);
      return {
        status: Number(statusLine.split(" ")[1]),
        headers: Object.fromEntries(fields.map(splitField)),
        bytes: body.length,
        sha256: new Bun.CryptoHasher("sha256").update(body).digest("hex"),
        text: body.subarray(0, TEXT_BYTES).toString("utf8"),
        continued: heads.some((head) => head.startsWith("HTTP/1.1 100 ")),
      };
    },
    async askTimes({ url }, times) {
      const each = ["--output", "/dev/null", url];
      const many = Array.from({ length: times }, () => each).flat();
      const printed = await mustRun([...start, "--write-out", "%{http_code}\\n", ...many]);
      return printed.trim().split("\n").map(Number);
    },
    async watch(url, change) {
      const child = Bun.spawn([...start, "--no-buffer", url], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      const { take, text } = makeWatchReader(change);
      const decoder = new TextDecoder();
      try {
        for await (const chunk of child.stdout) if (await take(decoder.decode(chunk, { stream: true }))) return text();
        throw new Error(`The stream ended after ${text()}: ${await new Response(child.stderr).text()}`);
      } finally {
        child.kill("SIGTERM");
        await child.exited;
      }
    },
    close: async () => {},
  };
}

function argumentsOf({ method, url, headers, body }: WireRequest): readonly string[] {
  const fields = Object.entries(headers).flatMap(([name, value]) => ["--header", `${name}: ${value}`]);
  if (method === "HEAD") return ["--head", ...fields, url];
  // Of an upload from a pipe curl does not know the length.
  const sent = body === null ? [] : body.chunked ? ["--upload-file", "-"] : ["--data-binary", "@-"];
  return ["--request", method, ...fields, ...sent, url];
}

async function mustRunWith(command: readonly string[], input: string): Promise<void> {
  const child = Bun.spawn([...command], { stdin: new Blob([input]), stdout: "ignore", stderr: "pipe" });
  const complaints = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} exited ${child.exitCode}: ${complaints}`);
}

function bytesOf(body: WireBody | null): string {
  return body === null ? "" : body.text.repeat(body.times);
}

function splitField(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
