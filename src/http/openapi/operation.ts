// What is told of an operation in the OpenAPI document, beside what its row of the route table says. The chapters
// (…-operations.ts) hold one of these for each row; document.ts makes the document of both.
import type { ErrorCode } from "../../core/errors.ts";
import { MEDIA } from "../../wire/headers.ts";
import type { ParameterName } from "./parameters.ts";
import type { FieldName } from "./response-fields.ts";
import type { TagName } from "./tags.ts";

/** A part of the document, as it stands there. */
export type Part = Readonly<Record<string, unknown>>;

export interface Sample {
  readonly label: string;
  /** Lines for a shell, which work as they stand against a new server; the last curl is of the operation. */
  readonly curl: string;
  readonly status: number;
}

export interface Answer {
  readonly description: string;
  /** By media type; none for an answer without a body. */
  readonly content?: Part;
  /** Header fields that it always carries. */
  readonly fields?: readonly FieldName[];
  /** Header fields that it may carry. */
  readonly mayHave?: readonly FieldName[];
}

export interface OperationDoc {
  readonly operationId: string;
  readonly tag: TagName;
  /** Markdown. */
  readonly description: string;
  readonly parameters?: readonly ParameterName[];
  /** By media type. */
  readonly body?: Part;
  readonly needsBody?: boolean;
  readonly answers: Readonly<Record<number, Answer>>;
  /** What it may be refused with, beside what every operation may. */
  readonly problems: readonly ErrorCode[];
  readonly samples: readonly [Sample, ...Sample[]];
}

/** By method and pattern, as in "GET /keys". */
export type OperationDocs = Readonly<Record<string, OperationDoc>>;

/** A body of JSON, by the name of its schema. */
export function json(schema: string | Part, example?: unknown): Part {
  return { "application/json": media(schema, example) };
}

export function media(schema: string | Part, example?: unknown): Part {
  const shown = typeof schema === "string" ? refer(schema) : schema;
  return example === undefined ? { schema: shown } : { schema: shown, example };
}

export function refer(schema: string): Part {
  return { $ref: `#/components/schemas/${schema}` };
}

/** A text of which each line is JSON. */
export function lines(schema: Part, description: string, examples: readonly unknown[]): Part {
  const text = {
    type: "string",
    contentMediaType: MEDIA.ndjson,
    contentSchema: schema,
    description: `${description} \`contentSchema\` is that of each line.`,
  };
  return media(text, examples.map((example) => `${JSON.stringify(example)}\n`).join(""));
}

/** A body of JSON, also under the type that `curl -d` sends by itself. */
export function jsonBody(schema: string, example: unknown): Part {
  const text = { type: "string", description: "The same JSON, as `curl -d` sends it." };
  return {
    ...json(schema, example),
    "application/x-www-form-urlencoded": media(text, JSON.stringify(example)),
  };
}

/** Bytes of any type; what is listed before is what tools offer first. */
export const ANY_BYTES: Part = {
  "text/plain": media({ type: "string" }, "hello world!"),
  "application/json": media({}, { mode: "fast" }),
  "application/octet-stream": media({ type: "string", format: "binary" }),
  "*/*": media({ type: "string", format: "binary" }),
};

/** Bytes of the stored type. */
export const STORED_BYTES: Part = { "*/*": media({ type: "string", format: "binary" }, "hello world!") };
