// `npm run screenshots`: the picture of the console that README.md shows, taken of this checkout: a server in memory on port 3000 with some
// entries, as a store of that kind has them, and Chromium. Run it when the console has changed; the picture is committed.
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const TARGET = `${ROOT}docs/images/console.png`;
const CHROMIUM = Bun.which("chromium") ?? Bun.which("chromium-browser") ?? Bun.which("google-chrome");
/** Of a README; a picture that is larger is not to be committed. */
const BYTES_MAX = 150_000;

const ENTRIES: Readonly<Record<string, unknown>> = {
  "config/limits": { users: 25, files: 500, regions: ["eu", "us"], beta: true },
  "config/mode": "fast",
  "config/region": "eu-west",
  "flags/dark-mode": true,
  "flags/new-checkout": { on: true, percent: 20 },
  "jobs/0001": { state: "done", took_ms: 812 },
  "jobs/0002": { state: "running", worker: "web-1" },
  "jobs/0003": { state: "new" },
  "sessions/alice": { user: "alice", cart: ["book", "lamp"] },
  "sessions/bob": { user: "bob", cart: [] },
  visits: 1284,
};
const ENDS_IN_SECONDS: Readonly<Record<string, number>> = { "sessions/alice": 1740, "sessions/bob": 320 };

if (CHROMIUM === null) throw new Error("Chromium is not on the PATH; install Debian's chromium");
const server = Bun.spawn(
  [process.execPath, `${ROOT}src/main.ts`, "serve", "--store", "memory:", "--port", "3000", "--log-format", "json"],
  {
    stdout: "pipe",
    stderr: "inherit",
  },
);
try {
  const url = await listeningAt(server.stdout);
  await fill(url);
  await takePicture(`${url}/-/console#/keys?prefix=config/&key=config/limits`, CHROMIUM);
} finally {
  server.kill();
  await server.exited;
}
const bytes = Bun.file(TARGET).size;
console.log(`${TARGET}: ${bytes} bytes`);
if (bytes > BYTES_MAX) throw new Error(`The picture has ${bytes} bytes; a README may have one of ${BYTES_MAX}`);

/** The address in the line of the log that says where the server listens. */
async function listeningAt(log: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of log) {
    text += decoder.decode(chunk, { stream: true });
    const [, url] = /"event":"listening"[^\n]*"url":"([^"]+)"/.exec(text) ?? [];
    if (url !== undefined) return url;
  }
  throw new Error(`The server did not start: ${text}`);
}

async function fill(url: string): Promise<void> {
  for (const [key, value] of Object.entries(ENTRIES)) {
    const end = ENDS_IN_SECONDS[key];
    const target = `${url}/keys/${key}${end === undefined ? "" : `?expire_in=${end}`}`;
    const headers = { "Content-Type": "application/json" };
    const { status } = await fetch(target, { method: "PUT", headers, body: JSON.stringify({ [key]: value }) });
    if (status !== 201) throw new Error(`PUT of ${key} was answered ${status}`);
  }
}

async function takePicture(address: string, executablePath: string): Promise<void> {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme: "light" });
    await page.goto(address);
    await page.locator(".code").first().waitFor();
    await page.screenshot({ path: TARGET });
  } finally {
    await browser.close();
  }
}
