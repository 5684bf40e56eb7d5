// The scenario's client by node:http with an agent that keeps connections: a line of JSON in, a line of JSON out.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createInterface } from "node:readline";

const TEXT_BYTES = 1000;
const settings = { keepAlive: true, maxSockets: 1 };
const agents = { "http:": new http.Agent(settings), "https:": new https.Agent(settings) };
const ca = readFileSync(process.env["CA_FILE"]);

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line);
  if (asked.op === "watch") await watch(asked.url);
  else say(await ask(asked));
}

function ask({ method, url, headers, body }) {
  return new Promise((resolve, reject) => {
    const chunks = [];
    let continued = false;
    const sent = open(url, { method, headers: { ...headers, ...lengthOf(body) } });
    // A refusal may close the connection under what is still being sent: what came before it counts.
    sent.on("error", (error) => chunks.length === 0 && reject(error));
    sent.on("response", (answer) => {
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => resolve(described(answer, Buffer.concat(chunks), continued)));
    });
    if (headers["Expect"] === undefined) send(sent, body);
    else {
      sent.on("continue", () => {
        continued = true;
        send(sent, body);
      });
      sent.flushHeaders();
    }
  });
}

function open(url, options) {
  const { protocol } = new URL(url);
  const library = protocol === "https:" ? https : http;
  return library.request(url, { ...options, agent: agents[protocol], ca });
}

function lengthOf(body) {
  return body === null || body.chunked ? {} : { "Content-Length": Buffer.byteLength(body.text) * body.times };
}

function send(sent, body) {
  if (body?.chunked) for (let part = 0; part < body.times; part++) sent.write(body.text);
  else if (body !== null) sent.write(body.text.repeat(body.times));
  sent.end();
}

function described({ statusCode, headers }, bytes, continued) {
  return {
    status: statusCode,
    headers,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    text: bytes.subarray(0, TEXT_BYTES).toString("utf8"),
    continued,
  };
}

function watch(url) {
  return new Promise((resolve, reject) => {
    let text = "";
    let isReady = false;
    const sent = open(url, {});
    sent.on("error", reject);
    sent.on("response", (answer) => {
      answer.setEncoding("utf8");
      answer.on("data", (chunk) => {
        text += chunk;
        if (!isReady && text.includes("event: ready\n")) {
          isReady = true;
          say({ ready: true });
        }
        if (!/^event: put\n[\s\S]*?\n\n/m.test(text)) return;
        sent.removeAllListeners("error").on("error", () => {});
        answer.destroy();
        say({ text });
        resolve();
      });
    });
    sent.end();
  });
}

function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}
