// What a page of Chromium runs for the scenario: plain fetch and EventSource. Put into every page as it opens.
const TEXT_BYTES = 1000;

async function ask({ method, url, headers, body }) {
  const init = body === null ? {} : { body: body.text.repeat(body.times) };
  const answer = await fetch(url, { method, headers, ...init });
  const bytes = new Uint8Array(await answer.arrayBuffer());
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
    bytes: bytes.length,
    sha256: [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    text: new TextDecoder().decode(bytes.subarray(0, TEXT_BYTES)),
    continued: null,
  };
}

async function askTimes({ request, times }) {
  const statuses = [];
  for (let done = 0; done < times; done++) statuses.push((await ask(request)).status);
  return statuses;
}

let seenText = Promise.withResolvers();

/** Resolves at "ready". */
async function watch(url) {
  const source = new EventSource(url);
  const ready = Promise.withResolvers();
  seenText = Promise.withResolvers();
  source.addEventListener("ready", () => ready.resolve());
  source.addEventListener("put", ({ data }) => {
    source.close();
    seenText.resolve(`event: put\ndata: ${data}\n\n`);
  });
  await ready.promise;
}

globalThis.wire = { ask, askTimes, watch, seen: () => seenText.promise };
