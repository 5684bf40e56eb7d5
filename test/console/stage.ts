// What the tests of the console play on: one server in memory, one browser, and for each test a page of its own. Whatever a
// page does that it must not is kept, and is for all tests together to be empty: breaches of its policy, faults, requests to
// anywhere else.
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { Http } from "../support/http-client.ts";
import { findCommand } from "../support/other-program.ts";
import { type ServerProcess, startServerProcess } from "../support/server-process.ts";
import { makeSocketClient } from "../support/socket-client.ts";

export const chromiumPath = findCommand(["chromium", "chromium-browser", "google-chrome"], "Debian's chromium");

export interface PageOptions {
  readonly server?: ServerProcess;
  readonly hash?: string;
  readonly isNarrow?: boolean;
}

const STEP_MS = 8000;

export class Stage {
  readonly breaches: string[] = [];
  readonly #servers: ServerProcess[] = [];
  readonly #contexts = new Map<string, BrowserContext>();
  #browser: Browser | null = null;
  #server: ServerProcess | null = null;

  async open(): Promise<void> {
    const launched = chromium.launch({ executablePath: chromiumPath ?? "", args: ["--no-sandbox"] });
    this.#server = await this.startServer();
    this.#browser = await launched;
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    for (const server of this.#servers) {
      server.kill("SIGKILL");
      await server.exited;
    }
  }

  get server(): ServerProcess {
    if (this.#server === null) throw new Error("The stage is not open");
    return this.#server;
  }

  get http(): Http {
    return new Http(makeSocketClient(this.server.url));
  }

  /** Another server, which lives as long as the stage. */
  async startServer(): Promise<ServerProcess> {
    const server = await startServerProcess(["--store", "memory:"]);
    this.#servers.push(server);
    return server;
  }

  /** @param options.hash - where in the console, such as "#/keys?key=a" */
  async page(body: (page: Page) => Promise<void>, options: PageOptions = {}): Promise<void> {
    const { server = this.server, hash = "", isNarrow = false } = options;
    const context = await this.#contextFor(server, isNarrow);
    const page = await context.newPage();
    try {
      page.setDefaultTimeout(STEP_MS);
      this.#guard(page, server.url);
      await page.goto(`${server.url}/-/console${hash}`);
      await body(page);
    } finally {
      await page.close();
    }
  }

  /** Pages of one server share a profile, so that the browser reads the scripts once. */
  async #contextFor(server: ServerProcess, isNarrow: boolean): Promise<BrowserContext> {
    const name = `${server.url} ${isNarrow}`;
    const known = this.#contexts.get(name);
    if (known !== undefined) return known;
    const viewport = isNarrow ? { width: 390, height: 844 } : { width: 1280, height: 800 };
    const context = await this.#open().newContext({ viewport, colorScheme: "light" });
    this.#contexts.set(name, context);
    return context;
  }

  #open(): Browser {
    if (this.#browser === null) throw new Error("The stage is not open");
    return this.#browser;
  }

  #guard(page: Page, own: string): void {
    page.on("pageerror", (error) => this.breaches.push(`fault: ${error.message}`));
    page.on("console", (message) => {
      if (/Content Security Policy|TrustedHTML|Trusted Type/i.test(message.text())) this.breaches.push(message.text());
    });
    page.on("request", (request) => {
      const isOwn = request.url().startsWith(`${own}/`) || /^(?:data|blob):/.test(request.url());
      if (!isOwn) this.breaches.push(`request to ${request.url()}`);
    });
  }
}
