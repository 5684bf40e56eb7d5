// Starts a server process on a damaged store and gets every entry by HTTP: each answer is right, or says that the entry is damaged.
import { writeFileSync } from "node:fs";
import type { Entry } from "../../../src/core/entry.ts";
import { FailedStart, type ServerProcess, startServerProcess } from "../../support/server-process.ts";
import type { Verdict } from "./bit-flips.ts";
import { findsByVerify, silent } from "./judge-store.ts";
import type { Answers } from "./read-store.ts";
import type { SoundStore } from "./sound-store.ts";

type Judged = Omit<Verdict, "place">;

/** Of a start that is refused, and of a server that no longer trusts its store (docs/operating.md). */
const REFUSED_CODE = 1;
const STOPPED_CODE = 74;
const SECRET = "s".repeat(40);

/** @param before - as for judgeStore() */
export async function judgeServed(directory: string, sound: SoundStore, before: readonly Answers[]): Promise<Judged> {
  let server: ServerProcess;
  try {
    // The store holds tokens, so nobody reads without one.
    writeFileSync(`${directory}.secret`, SECRET);
    server = await startServerProcess(["--store", directory, "--wide", "--admin-token-file", `${directory}.secret`]);
  } catch (error) {
    if (!(error instanceof FailedStart)) throw error;
    const isSaid = error.exitCode === REFUSED_CODE && error.output.includes("Cannot ");
    return isSaid ? { is: "refused at the start", why: "" } : silent(`The server ends: ${error.message}`);
  }
  const isCut = server.output().includes('"event":"unfinished-commit"');
  try {
    const read = await readAll(server, sound, isCut ? before : []);
    server.kill("SIGTERM");
    const code = await server.exited;
    const isStopped = code === STOPPED_CODE && server.output().includes("store-failed");
    if (code !== 0 && !isStopped) return silent(`The server ended with exit code ${code}: ${server.output()}`);
    if (read.wrong.length > 0) return silent(`a wrong entry is served: ${read.wrong.join(", ")}`);
    if (read.told > 0 || isStopped) return { is: "told by a read", why: "" };
    if (isCut) return { is: "told at the start", why: "" };
    if (read.missing.length === 0) return { is: "harmless", why: "" };
    if (await findsByVerify(directory)) return { is: "told by verify", why: "" };
    return silent(`nobody tells that these are gone: ${read.missing.join(", ")}`);
  } finally {
    server.kill("SIGKILL");
    await server.exited;
  }
}

/** Ends early where the server has ended, whose exit code then says why. */
async function readAll(server: ServerProcess, { questions, answers }: SoundStore, before: readonly Answers[]) {
  const headers = { Authorization: `Bearer ${SECRET}` };
  const wrong: string[] = [];
  const missing: string[] = [];
  let told = 0;
  for (const key of questions.keys) {
    const response = await fetch(`${server.url}/${key}`, { headers }).catch(() => null);
    if (response === null) break;
    const body = await response.bytes();
    const expected = [answers, ...before].map((each) => entryIn(each, key));
    if (response.status === 500 && new TextDecoder().decode(body).includes("damaged-entry")) told++;
    else if (response.status === 404) {
      if (!expected.includes(null)) missing.push(key);
    } else if (!expected.some((entry) => entry !== null && isEntry(entry, response, body))) wrong.push(key);
  }
  return { wrong, missing, told };
}

/** Null for none. */
function entryIn(answers: Answers, key: string): (Omit<Entry, "value"> & { readonly value: string }) | null {
  const answer = answers.get(`get ${key}`);
  return answer === undefined || "told" in answer ? null : JSON.parse(answer.text);
}

function isEntry(
  { value, tag, contentType }: { readonly value: string; readonly tag: string; readonly contentType: string },
  { status, headers }: Response,
  body: Uint8Array,
): boolean {
  return (
    status === 200 &&
    body.toBase64() === value &&
    headers.get("ETag") === `"${tag}"` &&
    headers.get("Content-Type") === contentType
  );
}
