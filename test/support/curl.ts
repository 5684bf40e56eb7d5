// curl, as a reader of the documentation runs it: a line given to a shell, with the port of the server under test in place
// of the one written.
import type { ServerProcess } from "./server-process.ts";

const WRITTEN_ORIGINS = /http:\/\/(?:127\.0\.0\.1|localhost):(?:3000|5000)/g;

export interface CurlAnswer {
  readonly status: number;
  /** The head of the last answer, as curl -i shows it; "" without -i. */
  readonly head: string;
  readonly body: string;
}

/** What a line prints to standard output. */
export async function runLine(line: string, server: Pick<ServerProcess, "url">): Promise<string> {
  if (Bun.which("curl") === null) throw new Error("This test runs curl, which is not on the PATH");
  const child = Bun.spawn(["sh", "-c", line.replaceAll(WRITTEN_ORIGINS, server.url)], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "ignore",
    env: { PATH: process.env["PATH"] ?? "", CURL_HOME: "/nonexistent" },
  });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return text;
}

/** The answer to the last curl of a line; it must be curl that ends the line. */
export async function runCurl(line: string, server: Pick<ServerProcess, "url">): Promise<CurlAnswer> {
  const printed = await runLine(`${line} --write-out '\\n%{http_code}'`, server);
  const end = printed.lastIndexOf("\n");
  const text = printed.slice(0, end);
  const start = text.lastIndexOf("HTTP/1.1 ");
  const split = start < 0 ? -1 : text.indexOf("\r\n\r\n", start);
  return {
    status: Number(printed.slice(end + 1)),
    head: split < 0 ? "" : text.slice(start, split),
    body: split < 0 ? text : text.slice(split + 4),
  };
}

/** The text with the server's own origin written as documentation writes it. */
export function asWritten(text: string, server: Pick<ServerProcess, "url">): string {
  return text.replaceAll(server.url, "http://127.0.0.1:3000");
}
