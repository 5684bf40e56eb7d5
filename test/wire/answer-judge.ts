// Compares an answer with what a case expects of it.
import type { RawAnswer } from "./answer-reader.ts";
import type { ExpectedAnswer } from "./wire-case.ts";

/** RFC 9110 §5.6.7. */
const DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT$/;

/**
 * @param hasProblems - whether what is refused must be refused with a problem document, and a Date: not by the runtime's transport
 * @throws Error naming what differs
 */
export function judgeAnswer(answer: RawAnswer, expected: ExpectedAnswer, hasProblems: boolean): void {
  const { status } = expected;
  const [lowest, highest] = typeof status === "number" ? [status, status] : status;
  if (answer.status < lowest || answer.status > highest) throw new Error(`${answer.status} came, not ${status}`);
  if (!hasProblems && answer.status >= 400) return;
  if (answer.status >= 200 && !DATE.test(answer.fields.get("date") ?? ""))
    throw new Error("the answer has no proper Date");
  const { code, rule, fields = {}, body, framing } = expected;
  if (code !== undefined) requireProblem(answer, code, rule ?? null);
  for (const [name, value] of Object.entries(fields)) requireField(answer, name, value);
  if (body !== undefined && !matches(answer.body, body)) throw new Error(`the body is ${answer.body.slice(0, 200)}`);
  if (framing !== undefined && answer.framing !== framing) throw new Error(`the body is framed by ${answer.framing}`);
  if (framing === undefined && (answer.framing === "close" || answer.framing === "chunked")) {
    throw new Error(`the body is framed by ${answer.framing}`);
  }
}

/** RFC 9457, as contract §13 has it. */
function requireProblem({ status, fields, body }: RawAnswer, code: string, rule: string | null): void {
  const type = fields.get("content-type");
  if (type !== "application/problem+json") throw new Error(`the problem is of type ${type}`);
  const problem: unknown = JSON.parse(body);
  const wanted = { type: `/-/problems/${code}`, status, code, ...(rule !== null && { rule }) };
  for (const [name, value] of Object.entries(wanted)) {
    const found: unknown = Reflect.get(Object(problem), name);
    if (found !== value)
      throw new Error(`the problem has ${name} ${JSON.stringify(found)}, not ${JSON.stringify(value)}`);
  }
}

function requireField({ fields }: RawAnswer, name: string, expected: string | RegExp | null): void {
  const found = fields.get(name);
  const isRight = expected === null ? found === undefined : found !== undefined && matches(found, expected);
  if (!isRight) throw new Error(`the field ${name} is ${JSON.stringify(found)}, not ${expected}`);
}

function matches(text: string, expected: string | RegExp): boolean {
  return typeof expected === "string" ? text === expected : expected.test(text);
}
