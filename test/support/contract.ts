// Holds answers to the OpenAPI document: each is looked up by its route and status, and its fields and body are validated. What
// the document says and no answer has shown is told at the end. Schemas are closed here, so that a member which the document
// does not name is found, though clients are told to pass over such.
import Ajv2020, { type AnySchemaObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { essence } from "../../src/core/media-type.ts";
import { matchPath } from "../../src/http/routes.ts";
import { splitTarget } from "../../src/http/target.ts";
import { Http, type HttpAnswer, type HttpRequest, type HttpStream } from "./http-client.ts";
import type { WithServer } from "./http-harness.ts";

interface MediaType {
  readonly schema: AnySchemaObject;
}

export interface Response {
  readonly description: string;
  readonly headers?: Readonly<Record<string, { readonly required?: boolean; readonly schema: AnySchemaObject }>>;
  readonly content?: Readonly<Record<string, MediaType>>;
  /** Codes of faults that are told otherwise than as problems. */
  readonly "x-codes"?: readonly string[];
}

interface Reference {
  readonly $ref: string;
}

export interface Parameter {
  readonly name: string;
  readonly in: "path" | "query" | "header";
  readonly style?: string;
  readonly schema: AnySchemaObject;
  readonly example?: unknown;
}

export interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Reference[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType & { readonly example?: unknown }>> };
  readonly responses: Readonly<Record<string, Response | Reference>>;
  readonly "x-codeSamples": readonly { readonly label: string; readonly source: string; readonly "x-status": number }[];
}

export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** An operation, and where it stands in the document. */
export interface Located {
  readonly method: string;
  readonly pattern: string;
  readonly operation: Operation;
}

type Head = Pick<HttpAnswer, "status" | "headers">;

const ID = "openapi";
/** What the transport adds, and what is for pages of known origins, which stand in docs/protocol.md §15. */
const PASSED_OVER = /^(?:access-control-.*|connection|content-length|content-type|date|transfer-encoding)$/;

export class Contract {
  readonly #document: OpenApi;
  readonly #ajv = new Ajv2020({ strict: false, allErrors: true });
  readonly #validators = new Map<string, ValidateFunction>();
  readonly #seen = new Set<string>();
  #exchanges = 0;

  constructor(document: OpenApi) {
    this.#document = structuredClone(document);
    closeObjects(this.#document.components["schemas"]);
    addFormats(this.#ajv);
    this.#ajv.addFormat("binary", true);
    this.#ajv.addSchema(this.#document, ID);
  }

  get exchanges(): number {
    return this.#exchanges;
  }

  get operations(): readonly Located[] {
    return Object.entries(this.#document.paths).flatMap(([pattern, item]) =>
      Object.entries(item).map(([member, operation]) => ({
        method: member.replace(/^x-/, "").toUpperCase(),
        pattern,
        operation,
      })),
    );
  }

  /** Routes and statuses that the document says, and no answer had. */
  get unseen(): readonly string[] {
    const said = this.operations.flatMap(({ method, pattern, operation }) =>
      Object.keys(operation.responses)
        .filter((status) => status !== "default")
        .map((status) => `${method} ${pattern} ${status}`),
    );
    return said.filter((each) => !this.#seen.has(each));
  }

  /** As `make`, and every exchange is held to the document. */
  over(make: WithServer): WithServer {
    return (body, flags) => make((server) => body({ ...server, http: this.watch(server.http) }), flags);
  }

  watch(http: Http): Http {
    return new Http({
      send: async (request) => {
        const answer = await http.send(`${request.method} ${request.target}`, request.body, request.headers);
        this.check(request, answer);
        return answer;
      },
      open: async (request) => {
        const stream = await http.open(request.target, request.headers);
        const watchedBody = this.#checkHead(request, stream);
        return { ...stream, close: () => stream.close(), texts: () => watchedBody(stream) };
      },
    });
  }

  /** @throws Error that says what of the answer the document does not say */
  check(request: HttpRequest, answer: HttpAnswer): void {
    const place = this.#locate(request);
    if (place === null) return;
    const { where, response } = this.#find(place, answer);
    const wrong = [...this.#wrongFields(where, response, answer), ...this.#wrongParts(request, place, answer)];
    const type = this.#typeOf(response, answer);
    if (answer.body.length > 0) {
      if (type === null) wrong.push(`a body of type ${answer.headers["content-type"]}`);
      else wrong.push(...this.#wrongBody(`${where}/content/${pointerPart(type)}/schema`, response, type, answer));
    }
    complain(request, answer, wrong);
  }

  /** What checks the parts of a body as they come. */
  #checkHead(request: HttpRequest, head: Head): (stream: HttpStream) => AsyncIterable<string> {
    const place = this.#locate(request);
    if (place === null) return (stream) => stream.texts();
    const { where, response } = this.#find(place, head);
    const type = this.#typeOf(response, head);
    complain(request, head, [
      ...this.#wrongFields(where, response, head),
      ...(type === null ? [`the type ${head.headers["content-type"]}`] : []),
    ]);
    if (type === null) return (stream) => stream.texts();
    const check = (whole: string) => {
      const wrong = this.#wrongItems(`${where}/content/${pointerPart(type)}/schema`, type, whole);
      complain(request, head, wrong);
    };
    return (stream) => checkedParts(stream, type === "text/event-stream" ? "\n\n" : "\n", check);
  }

  #locate({ method, target }: HttpRequest): Located | null {
    this.#exchanges++;
    if (target.includes("#")) return null;
    const match = matchPath(splitTarget(target).path);
    if (match === null) return null;
    const asked = method === "HEAD" ? "GET" : method;
    const item = this.#document.paths[match.pattern] ?? {};
    const operation = item[asked.toLowerCase()] ?? item[`x-${asked.toLowerCase()}`];
    return operation === undefined ? null : { method: asked, pattern: match.pattern, operation };
  }

  #find({ method, pattern, operation }: Located, { status }: Head): { where: string; response: Response } {
    const name = operation.responses[status] === undefined ? "default" : String(status);
    this.#seen.add(`${method} ${pattern} ${name}`);
    const found = operation.responses[name];
    const member = method === "QUERY" ? "x-query" : method.toLowerCase();
    const where = `#/paths/${pointerPart(pattern)}/${member}/responses/${name}`;
    if (found === undefined) throw new Error(`${method} ${pattern} says nothing of ${status}`);
    return "$ref" in found ? { where: found.$ref, response: this.#resolve(found) } : { where, response: found };
  }

  #resolve({ $ref }: Reference): Response {
    const found = this.#document.components["responses"]?.[$ref.slice("#/components/responses/".length)];
    const parsed: Response = JSON.parse(JSON.stringify(found));
    return parsed;
  }

  #wrongFields(where: string, { headers = {} }: Response, answer: Head): readonly string[] {
    const names = new Map(Object.keys(headers).map((name) => [name.toLowerCase(), name]));
    const unsaid = Object.keys(answer.headers).filter((name) => !PASSED_OVER.test(name) && !names.has(name));
    const missing = Object.entries(headers).filter(
      ([name, { required }]) => required === true && answer.headers[name.toLowerCase()] === undefined,
    );
    const odd = [...names].filter(([lower, name]) => {
      const value = answer.headers[lower];
      return value !== undefined && !this.#validator(`${where}/headers/${pointerPart(name)}/schema`)(value);
    });
    return [
      ...unsaid.map((name) => `the field ${name}`),
      ...missing.map(([name]) => `that it may lack the field ${name}`),
      ...odd.map(([lower]) => `the field ${lower} with ${answer.headers[lower]}`),
    ];
  }

  /** Of a request that was carried out: parameters and types that the document does not know. */
  #wrongParts({ target, headers, body }: HttpRequest, { operation }: Located, { status }: Head): readonly string[] {
    if (status >= 300) return [];
    const known = (operation.parameters ?? []).map((each) => this.parameter(each));
    const isFree = known.some(({ style, schema }) => style === "form" && schema["type"] === "object");
    const names = [...new URLSearchParams(splitTarget(target).query).keys()];
    const unknown = names.filter((name) => !isFree && !known.some((each) => each.in === "query" && each.name === name));
    const type = Object.entries(headers).find(([name]) => name.toLowerCase() === "content-type")?.[1];
    const types = Object.keys(operation.requestBody?.content ?? {});
    const isOdd = (body?.length ?? 0) > 0 && type && !types.some((each) => each === essence(type) || each === "*/*");
    return [...unknown.map((name) => `the parameter ${name}`), ...(isOdd ? [`a request of type ${type}`] : [])];
  }

  /** Codes that an operation may be refused with under a status. */
  codesOf({ responses }: Operation, status: number): readonly string[] {
    const found = responses[status];
    if (found === undefined) return [];
    const response = "$ref" in found ? this.#resolve(found) : found;
    const told = response.content?.["application/problem+json"]?.schema["allOf"]?.[1]?.properties.code.enum;
    return told ?? response["x-codes"] ?? [];
  }

  /** What a reference to a parameter leads to. */
  parameter({ $ref }: Reference): Parameter {
    const found = this.#document.components["parameters"]?.[$ref.slice("#/components/parameters/".length)];
    const parsed: Parameter = JSON.parse(JSON.stringify(found));
    return parsed;
  }

  #typeOf({ content = {} }: Response, { headers }: Head): string | null {
    const type = essence(headers["content-type"] ?? "");
    if (content[type] !== undefined) return type;
    return content["*/*"] === undefined ? null : "*/*";
  }

  #wrongBody(where: string, { content = {} }: Response, type: string, answer: HttpAnswer): readonly string[] {
    if (type.endsWith("json") && !type.endsWith("ndjson")) return this.#wrongValue(where, JSON.parse(answer.text));
    return content[type]?.schema["contentSchema"] === undefined ? [] : this.#wrongItems(where, type, answer.text);
  }

  #wrongItems(where: string, type: string, text: string): readonly string[] {
    const items = type === "text/event-stream" ? text.split("\n\n").flatMap(eventOf) : text.split("\n").flatMap(lineOf);
    return items.flatMap((item) => this.#wrongValue(`${where}/contentSchema`, item));
  }

  #wrongValue(where: string, value: unknown): readonly string[] {
    const validate = this.#validator(where);
    if (validate(value)) return [];
    const errors = (validate.errors ?? []).map(({ instancePath, message, params }) =>
      `${instancePath} ${message} ${JSON.stringify(params)}`.trim(),
    );
    return [`${JSON.stringify(value).slice(0, 400)}: ${errors.slice(0, 5).join("; ")}`];
  }

  #validator(pointer: string): ValidateFunction {
    const standing = this.#validators.get(pointer);
    if (standing !== undefined) return standing;
    const made = this.#ajv.compile({ $ref: `${ID}${pointer}` });
    this.#validators.set(pointer, made);
    return made;
  }
}

async function* checkedParts(
  stream: HttpStream,
  separator: string,
  check: (whole: string) => void,
): AsyncGenerator<string> {
  let open = "";
  for await (const part of stream.texts()) {
    open += part;
    const end = open.lastIndexOf(separator);
    if (end >= 0) {
      check(open.slice(0, end));
      open = open.slice(end + separator.length);
    }
    yield part;
  }
}

function complain({ method, target }: HttpRequest, { status }: Head, wrong: readonly string[]): void {
  if (wrong.length === 0) return;
  throw new Error(`The OpenAPI document does not say of ${method} ${target}, ${status}: ${wrong.join("; ")}`);
}

/** An event of a stream as a line would have it; none for comments and other fields. */
function eventOf(block: string): readonly unknown[] {
  const fields = new Map(block.split("\n").map((line) => [line.split(": ")[0], line.slice(line.indexOf(": ") + 2)]));
  const event = fields.get("event");
  if (event === undefined) return [];
  return [{ event, ...(fields.has("id") && { cursor: fields.get("id") }), ...JSON.parse(fields.get("data") ?? "{}") }];
}

function lineOf(line: string): readonly unknown[] {
  return line.trim() === "" ? [] : [JSON.parse(line)];
}

/** As JSON Pointer has it, within a URI. */
function pointerPart(name: string): string {
  return encodeURIComponent(name.replaceAll("~", "~0").replaceAll("/", "~1"));
}

/** Objects with named members take no others. */
function closeObjects(schema: unknown): void {
  if (typeof schema !== "object" || schema === null) return;
  if ("properties" in schema && !("additionalProperties" in schema))
    Object.assign(schema, { additionalProperties: false });
  for (const part of Object.values(schema)) closeObjects(part);
}
