// The scenario's client by fetch, for Node, whose fetch is undici's, and for Bun: a line of JSON in, a line of JSON out.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";

const TEXT_BYTES = 1000;

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.op === "watch") await watch(asked.url);
  else say(await ask(asked));
}

async function ask({ method, url, headers, body }) {
  const answer = await fetch(url, { method, headers, ...bodyOf(body) });
  const bytes = Buffer.from(await answer.arrayBuffer());
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    text: bytes.subarray(0, TEXT_BYTES).toString("utf8"),
    continued: null,
  };
}

function bodyOf(body) {
  if (body === null) return {};
  if (!body.chunked) return { body: body.text.repeat(body.times) };
  const part = new TextEncoder().encode(body.text);
  let left = body.times;
  const stream = new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(part);
      else controller.close();
    },
  });
  return { body: stream, duplex: "half" };
}

async function watch(url) {
  const gone = new AbortController();
  const answer = await fetch(url, { signal: gone.signal });
  const decoder = new TextDecoder();
  let text = "";
  let isReady = false;
  for await (const chunk of answer.body) {
    text += decoder.decode(chunk, { stream: true });
    if (!isReady && text.includes("event: ready\n")) {
      isReady = true;
      say({ ready: true });
    }
    if (/^event: put\n[\s\S]*?\n\n/m.test(text)) break;
  }
  gone.abort();
  say({ text });
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
