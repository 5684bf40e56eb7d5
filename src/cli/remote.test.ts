// Tests of remote.ts, against servers that answer as the test says.
import { describe, expect, test } from "bun:test";
import { rejectionOf } from "../../test/support/rejection-code.ts";
import { ask, askForJson } from "./remote.ts";

const { signal } = new AbortController();

async function withAnswer(answer: (request: Request) => Response, body: (url: string) => Promise<void>): Promise<void> {
  const server = Bun.serve({ port: 0, fetch: answer });
  try {
    await body(server.url.origin);
  } finally {
    await server.stop(true);
  }
}

describe("a server that is asked", () => {
  test.each([302, 307])(
    "and redirects by %d is not followed: the body and the token are for it alone",
    async (status) => {
      const got: string[] = [];
      const other = (request: Request) => {
        got.push(request.url);
        return new Response("{}");
      };
      await withAnswer(other, async (elsewhere) => {
        await withAnswer(
          () => new Response(null, { status, headers: { Location: `${elsewhere}/x` } }),
          async (url) => {
            const request = { method: "POST", target: "/-/import", body: "secret", signal } as const;
            const refused = await rejectionOf(() => ask({ url, token: "t" }, request));
            expect(refused?.detail).toContain(
              `answered ${status}: it redirects to "${elsewhere}/x", which is not followed`,
            );
          },
        );
      });
      expect(got).toEqual([]);
    },
  );

  test("and says no with more than a sentence is shown in part", async () => {
    await withAnswer(
      () => new Response("x".repeat(1_000_000), { status: 500 }),
      async (url) => {
        const refused = await rejectionOf(() => ask({ url, token: null }, { method: "GET", target: "/", signal }));
        expect(refused?.detail).toBe(`${url} answered 500: ${"x".repeat(200)}`);
      },
    );
  });

  test("and answers another thing than JSON is no Keyhold", async () => {
    await withAnswer(
      () => new Response("<html>"),
      async (url) => {
        const question = () => askForJson({ url, token: null }, { method: "GET", target: "/", signal });
        expect((await rejectionOf(question))?.detail).toContain("is it a Keyhold?");
      },
    );
  });

  test("and breaks off in the middle of its answer is a fault with a sentence", async () => {
    const broken = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from("{"));
        queueMicrotask(() => controller.error(new Error("gone")));
      },
    });
    await withAnswer(
      () => new Response(broken),
      async (url) => {
        const question = () => askForJson({ url, token: null }, { method: "GET", target: "/", signal });
        expect((await rejectionOf(question))?.code).toBe("unavailable");
      },
    );
  });
});
