// Keeps a copy of the configuration, all that stands under config/: read once, then each change as it happens.
//
// usage: node reload.mjs [SERVER]
import { setTimeout as sleep } from "node:timers/promises";

const server = process.argv[2] ?? "http://127.0.0.1:3000";
const SILENCE_MS = 45_000; // A heartbeat comes every 15 seconds.
const DELAY_MS = 500;
const DELAY_MAX_MS = 30_000;

let config = new Map(); // What a program would use.
let reading = config; // What is being read: another map until a snapshot is whole.
let cursor = null; // Where the next connection goes on; null before the first snapshot is whole.
let delay = DELAY_MS;

function take({ event, cursor: place, key, value }) {
  switch (event) {
    case "put":
      if (value === undefined) break; // Gone since: its delete follows.
      reading.set(key, value);
      console.log(`${key} = ${JSON.stringify(value)}`);
      break;
    case "delete":
    case "expire":
      reading.delete(key);
      console.log(`${key} is gone`);
      break;
    case "reset": // What was missed is not known any more: a snapshot follows, up to "ready".
      reading = new Map();
      break;
    case "ready":
      config = reading;
      delay = DELAY_MS;
      console.log(`ready, ${config.size} values`);
      break;
  }
  if (place !== undefined) cursor = place;
}

async function watch() {
  if (cursor === null) reading = new Map();
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error("no heartbeat")), SILENCE_MS);
  try {
    const response = await fetch(`${server}/keys?watch&prefix=config/&since=${cursor ?? 0}`, {
      headers: { Accept: "application/x-ndjson" },
      signal: silence.signal,
    });
    if (!response.ok) throw new Error(await response.text());
    let rest = "";
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      timer.refresh();
      const lines = (rest + text).split("\n");
      rest = lines.pop();
      for (const line of lines) take(JSON.parse(line));
    }
    throw new Error("the server has ended the stream");
  } finally {
    clearTimeout(timer);
  }
}

while (true) {
  await watch().catch((error) => console.error(`not connected: ${error.cause ?? error}; again in ${delay} ms`));
  await sleep(delay * (0.5 + Math.random() / 2));
  delay = Math.min(delay * 2, DELAY_MAX_MS);
}
