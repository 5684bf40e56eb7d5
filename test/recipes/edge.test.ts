// The function of examples/edge, called as an edge platform calls it, before a real server: visits are counted once, a change is
// seen by its tag, and a server that is away does not take the links with it.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { withServerProcess } from "../support/with-server-process.ts";

interface EdgeFunction {
  fetch(request: Request, environment: Readonly<Record<string, string>>): Promise<Response>;
}

const EXAMPLE = join(import.meta.dir, "../../examples/edge/links.mjs");

test("a short link at the edge leads there, counts each visit once, and outlives its server", async () => {
  const { default: edge }: { default: EdgeFunction } = await import(EXAMPLE);
  await withServerProcess(
    async (server) => {
      const put = (key: string, value: string) =>
        fetch(`${server.url}/keys/${key}`, { method: "PUT", body: value, headers: { "Content-Type": "text/plain" } });
      const visit = async (name: string, id: string) => {
        const request = new Request(`https://go.example/${name}`, { headers: { "X-Request-Id": id } });
        const { status, headers } = await edge.fetch(request, { KEYHOLD_URL: server.url });
        return `${status} ${headers.get("Location")}`;
      };
      await put("links/docs", "https://example.com/docs");
      expect(await visit("docs", "a")).toBe("302 https://example.com/docs");
      expect(await visit("docs", "b")).toBe("302 https://example.com/docs");
      // The platform has sent this one again.
      expect(await visit("docs", "b")).toBe("302 https://example.com/docs");
      expect(await visit("nothing", "c")).toBe("404 null");
      expect(await visit("..%2Fdocs", "d")).toBe("404 null");
      expect(await (await fetch(`${server.url}/keys/visits/docs`)).json()).toEqual({ "visits/docs": 2 });
      server.kill("SIGKILL");
      await server.exited;
      expect(await visit("docs", "e")).toBe("302 https://example.com/docs");
      expect(await visit("unknown", "f")).toBe("404 null");
    },
    () => ["--store", "memory:"],
  );
});
