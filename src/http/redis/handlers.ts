// `/-/redis`: commands of Redis over HTTP in the manner of Upstash, so that its clients work. The entries are those of `/keys`.
// What a command is refused with is 400 and `{"error": …}`; faults of the server keep their status, in the same form.
import { KeyholdError } from "../../core/errors.ts";
import { LIMITS } from "../../core/limits.ts";
import { quote } from "../../core/quote.ts";
import { FIELD, MEDIA } from "../../wire/headers.ts";
import { decodeJsonText } from "../../wire/json-object.ts";
import { jsonBodyLimit, readBody } from "../body.ts";
import type { Incoming, Reply } from "../exchange.ts";
import { jsonBodyBytes } from "../json-dialect.ts";
import { problemReply } from "../problem.ts";
import type { RouteRequest } from "../route.ts";
import { splitTarget } from "../target.ts";
import { isUntoldBrowser } from "../web-pages.ts";
import { type Answer, type AnswerForm, toJson, toResp2 } from "./answer.ts";
import type { Argument } from "./arguments.ts";
import { commandOfPath, parseCommand, parseCommands } from "./read-commands.ts";
import { faultMessage, Refusal } from "./refusal.ts";
import { type Runner, runOne, runPipeline, runTransaction } from "./run.ts";

const MOUNT = "/-/redis/";
/** What a page makes a browser send without a word of itself: by others it has to name its origin. */
const SAFE_METHODS = ["GET", "HEAD"];
/** Where a token may stand in the target, as Upstash takes it. */
export const TOKEN_PARAMETER = "_token";

/** One command, as a JSON array in the body. */
export function commandInBody(request: RouteRequest): Promise<Reply> {
  return answering(request, async (form) => {
    request.parameters.requireKnown([TOKEN_PARAMETER]);
    return one(parseCommand(await readText(request)), request, form);
  });
}

/** One command, as a path; a body is the argument behind it, and the query stands behind that. */
export function commandInPath(request: RouteRequest): Promise<Reply> {
  return answering(request, async (form) => {
    const { incoming, parameters, argument } = request;
    const body = await readArgument(request);
    // Where the mount ends in a slash, it is still the mount.
    if (argument === "" && body !== null) return one(parseCommand(decodeJsonText(body)), request, form);
    const query = parameters.pairs.filter(([name]) => name !== TOKEN_PARAMETER);
    const path = splitTarget(incoming.target).path.slice(MOUNT.length);
    return one(commandOfPath(path, body, query), request, form);
  });
}

export function pipeline(request: RouteRequest): Promise<Reply> {
  return answering(request, async (form) => {
    request.parameters.requireKnown([TOKEN_PARAMETER]);
    return several(await runPipeline(parseCommands(await readText(request)), runnerOf(request)), form);
  });
}

export function transaction(request: RouteRequest): Promise<Reply> {
  return answering(request, async (form) => {
    request.parameters.requireKnown([TOKEN_PARAMETER]);
    if (form === "resp2") throw new Refusal("ERR transactions are answered as JSON alone");
    return several(await runTransaction(parseCommands(await readText(request)), runnerOf(request)), form);
  });
}

/** A fault in the form that clients of this dialect read. */
export function redisFault(fault: KeyholdError, requestId: string): Reply {
  const { status, headers } = problemReply(fault, requestId, null);
  return {
    status,
    headers: { ...headers, [FIELD.contentType]: MEDIA.json },
    body: toJson({ is: "error", message: faultMessage(fault) }, "json"),
  };
}

async function answering(request: RouteRequest, answer: (form: AnswerForm) => Promise<Reply>): Promise<Reply> {
  try {
    refuseName(request.incoming);
    return await answer(readForm(request.incoming));
  } catch (error) {
    if (error instanceof Refusal) return reply(400, toJson({ is: "error", message: error.message }, "json"));
    // To Redis it is a command that does not fit, and no fault.
    if (error instanceof KeyholdError && error.code === "cross-partition") {
      return reply(400, toJson({ is: "error", message: faultMessage(error) }, "json"));
    }
    throw error;
  }
}

async function one(words: readonly Argument[], request: RouteRequest, form: AnswerForm): Promise<Reply> {
  const answer = await runOne(words, runnerOf(request));
  return reply(answer.is === "error" ? 400 : 200, form === "resp2" ? toResp2(answer) : toJson(answer, form));
}

function several(answers: readonly Answer[], form: AnswerForm): Reply {
  if (form === "resp2") return reply(200, Buffer.concat(answers.map(toResp2)));
  return reply(200, `[${answers.map((answer) => toJson(answer, form)).join(",")}]`);
}

function reply(status: number, body: string | Uint8Array): Reply {
  const contentType = typeof body === "string" ? MEDIA.json : MEDIA.bytes;
  return { status, headers: { [FIELD.cacheControl]: "no-store", [FIELD.contentType]: contentType }, body };
}

function runnerOf({ incoming, services, requireScope }: RouteRequest): Runner {
  const { store, entries, facts, tokens } = services;
  // A token is nothing that a page of another origin could send.
  const isForeign = SAFE_METHODS.includes(incoming.method) && !tokens.hasTokens() && isUntoldBrowser(incoming);
  return {
    store,
    entries,
    maxValueBytes: facts.maxValueBytes,
    signal: incoming.signal,
    requireScope(scope) {
      if (isForeign && scope === "write") throw untoldPage();
      requireScope(scope);
    },
  };
}

function untoldPage(): KeyholdError {
  return new KeyholdError(
    "foreign-origin",
    "Nothing was done: a browser asks by GET for a command that writes, and does not say whose page makes it do so; send the command by POST",
  );
}

function readForm(incoming: Incoming): AnswerForm {
  const isBase64 = incoming.header(FIELD.upstashEncoding)?.toLowerCase() === "base64";
  const format = incoming.header(FIELD.upstashResponseFormat)?.toLowerCase() ?? "json";
  if (format === "json") return isBase64 ? "base64" : "json";
  if (format !== "resp2") {
    throw new Refusal(`ERR ${FIELD.upstashResponseFormat} ${quote(format)} is not known: json and resp2 are`);
  }
  if (isBase64) throw new Refusal("ERR answers in RESP2 are not encoded in Base64");
  return "resp2";
}

/** A request may make several commits, and a name is of one. */
function refuseName(incoming: Incoming): void {
  if (incoming.header(FIELD.idempotencyKey) === null) return;
  throw new KeyholdError(
    "invalid-header",
    "Cannot use Idempotency-Key here, where one request may make several commits; POST /-/txn takes one",
  );
}

async function readText({ incoming, services }: RouteRequest): Promise<string> {
  return decodeJsonText(await readBody(incoming, jsonBodyLimit(bodyBytesMax(services.facts.maxValueBytes))));
}

/** The body as it came; null where there is none, or nothing in it. */
async function readArgument({ incoming, services }: RouteRequest): Promise<Uint8Array | null> {
  const hasBody = incoming.header(FIELD.contentLength) !== null || incoming.header(FIELD.transferEncoding) !== null;
  if (!hasBody) return null;
  const body = await readBody(incoming, jsonBodyLimit(bodyBytesMax(services.facts.maxValueBytes)));
  return body.length === 0 ? null : body;
}

/** Longest body that can hold one value as large as may be, or as many as one commit takes. */
function bodyBytesMax(maxValueBytes: number): number {
  return Math.max(jsonBodyBytes(maxValueBytes), 2 * LIMITS.batchBytes);
}
