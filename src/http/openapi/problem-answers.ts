// Refusals as the OpenAPI document has them: for each status the codes that it may have there. The same set of codes is one
// component, however many operations have it.
import { ERRORS, type ErrorCode } from "../../core/errors.ts";
import { MEDIA } from "../../wire/headers.ts";
import { problemPath, STATUS } from "../problem.ts";
import { PROBLEM_PAGES } from "../problem-pages.ts";
import { media, type Part, refer } from "./operation.ts";
import { type FieldName, RESPONSE_FIELDS } from "./response-fields.ts";

/** What the connection refuses before it is known which route is asked for (docs/protocol.md §15). */
const TRANSPORT_CODES: readonly ErrorCode[] = [
  "request-timeout",
  "target-too-long",
  "expectation-failed",
  "head-too-large",
  "version-not-supported",
];

const FIELDS_OF_STATUS: Readonly<Record<number, readonly FieldName[]>> = {
  403: ["WWW-Authenticate"],
  415: ["Accept-Patch"],
  416: ["Content-Range"],
  504: ["ETag", "Revision"],
};

/** How a route tells of faults: as problem documents, or as Upstash's clients read them. */
export type FaultForm = "problem" | "redis";

export class ProblemAnswers {
  readonly #components = new Map<string, Part>();

  /** What an operation that may be refused with these codes says of it: references, by status. */
  of(codes: readonly ErrorCode[], form: FaultForm): Part {
    const byStatus = Map.groupBy(new Set(codes), (code) => STATUS[code]);
    const statuses = [...byStatus].map(([status, group]) => {
      const label = form === "redis" ? `redis-${status}` : String(status);
      return [String(status), this.#refer(label, group, form)];
    });
    // What no route has seen is told as a problem everywhere.
    return Object.fromEntries([...statuses, ["default", this.#refer("transport", TRANSPORT_CODES, "problem")]]);
  }

  get components(): Part {
    return Object.fromEntries([...this.#components].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #refer(label: string, codes: readonly ErrorCode[], form: FaultForm): Part {
    const sorted = codes.toSorted();
    const name = `${label}-${sorted.join("-or-")}`;
    if (!this.#components.has(name))
      this.#components.set(name, form === "redis" ? redisAnswerOf(sorted) : answerOf(sorted));
    return { $ref: `#/components/responses/${name}` };
  }
}

function answerOf(codes: readonly ErrorCode[]): Part {
  const statuses = [...new Set(codes.map((code) => STATUS[code]))];
  const [status] = statuses;
  const schema = {
    allOf: [
      refer("Problem"),
      {
        type: "object",
        properties: {
          code: { type: "string", enum: codes },
          status: { type: "integer", enum: statuses },
        },
      },
    ],
  };
  const examples = Object.fromEntries(
    codes.map((code) => [code, { summary: ERRORS[code].title, value: exampleOf(code) }]),
  );
  return {
    description: codes.map((code) => `- \`${code}\`: ${ERRORS[code].title}.`).join("\n"),
    headers: fieldsOf(status ?? 0, codes),
    content: {
      [MEDIA.problem]: { schema, examples },
      "text/plain": media({ type: "string", description: "The detail." }),
    },
  };
}

/** What a command is refused with has the same form, and no name of the request. */
function redisAnswerOf(codes: readonly ErrorCode[]): Part {
  const perhaps: readonly FieldName[] = ["X-Request-Id", "Retry-After", "WWW-Authenticate"];
  return {
    description: codes.map((code) => `- \`${code}\`: ${ERRORS[code].title}.`).join("\n"),
    headers: headersOf(["Cache-Control"], perhaps),
    content: { [MEDIA.json]: media("RedisError", { error: `ERR ${ERRORS[codes[0] ?? "internal"].title}` }) },
    "x-codes": codes,
  };
}

function fieldsOf(status: number, codes: readonly ErrorCode[]): Part {
  const always: FieldName[] = ["Cache-Control", "X-Request-Id"];
  const perhaps: FieldName[] = [...(FIELDS_OF_STATUS[status] ?? [])];
  if (codes.every((code) => ERRORS[code].retry === "soon")) always.push("Retry-After");
  else if (codes.some((code) => ERRORS[code].retry === "soon")) perhaps.push("Retry-After");
  if (codes.includes("unauthenticated")) always.push("WWW-Authenticate");
  return headersOf(always, perhaps);
}

/** Header fields of an answer: those that it always carries, and others. */
export function headersOf(always: readonly FieldName[], perhaps: readonly FieldName[]): Part {
  const rest = perhaps.filter((name) => !always.includes(name));
  return Object.fromEntries([
    ...always.map((name) => [name, { ...RESPONSE_FIELDS[name], required: true }]),
    ...rest.map((name) => [name, RESPONSE_FIELDS[name]]),
  ]);
}

function exampleOf(code: ErrorCode): Part {
  const [sentence = ""] = PROBLEM_PAGES[code].means.split(/(?<=\.) /);
  const { title } = ERRORS[code];
  const detail = sentence.replace(/\.$/, "");
  return { type: problemPath(code), title, status: STATUS[code], detail, code, instance: "5f0e7c2a-1" };
}
