// A real Prometheus, with data and configuration of its own, that scrapes one server.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { requireCommand } from "./required-command.ts";

export interface PrometheusServer {
  /** The samples of an instant query now. @throws Error saying what Prometheus says of a query that it does not take */
  query(expression: string): Promise<readonly unknown[]>;
}

/** A start reads its configuration and opens an empty database. */
const START_MS = 20_000;
const READY = "Server is ready to receive web requests";

/** For the length of `body`. @param target - "127.0.0.1:3000", scraped each second */
export async function withPrometheus(
  { directory, target }: { readonly directory: string; readonly target: string },
  body: (prometheus: PrometheusServer) => Promise<void>,
): Promise<void> {
  const command = requireCommand("prometheus", "prometheus");
  const config = join(directory, "prometheus.yml");
  writeFileSync(config, configText(target));
  const child = Bun.spawn(
    [
      command,
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(directory, "prometheus-data")}`,
      "--web.listen-address=127.0.0.1:0",
      "--log.level=info",
    ],
    { stdin: "ignore", stdout: "ignore", stderr: "pipe" },
  );
  try {
    const port = await listeningPort(child.stderr);
    await body({ query: (expression) => query(`http://127.0.0.1:${port}`, expression) });
  } finally {
    child.kill("SIGTERM");
    await child.exited;
  }
}

function configText(target: string): string {
  return `global:
  scrape_interval: 1s
scrape_configs:
  - job_name: keyhold
    metrics_path: /-/metrics
    static_configs:
      - targets: ["${target}"]
`;
}

async function query(url: string, expression: string): Promise<readonly unknown[]> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`);
  const { status, error, data } = (await answer.json()) as {
    readonly status: string;
    readonly error?: string;
    readonly data?: { readonly result: readonly unknown[] };
  };
  if (status !== "success" || data === undefined) throw new Error(`${error ?? status}: ${expression}`);
  return data.result;
}

/** The port in the log of a Prometheus that takes requests. Reads on to the end, so that the log never blocks. */
function listeningPort(log: ReadableStream<Uint8Array>): Promise<number> {
  const ready = Promise.withResolvers<number>();
  const late = setTimeout(
    () => ready.reject(new Error(`Prometheus is not ready after ${START_MS} ms: ${text}`)),
    START_MS,
  );
  let text = "";
  const read = async () => {
    const decoder = new TextDecoder();
    for await (const chunk of log) {
      if (text.includes(READY)) continue;
      text += decoder.decode(chunk, { stream: true });
      const port = /msg="Listening on" address=127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port !== undefined && text.includes(READY)) ready.resolve(Number(port));
    }
    ready.reject(new Error(`Prometheus ended before it was ready: ${text}`));
  };
  void read();
  return ready.promise.finally(() => clearTimeout(late));
}
