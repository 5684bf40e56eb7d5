// The OpenAPI 3.1 document of the interface: made from the route table, and from what the chapters tell of each row. Given the
// same table it is the same, so that docs/openapi.json and what a server answers are one.
import type { ErrorCode } from "../../core/errors.ts";
import type { Route } from "../route.ts";
import { COLLECTION_OPERATIONS } from "./collection-operations.ts";
import { ENTRY_OPERATIONS } from "./entry-operations.ts";
import type { Answer, OperationDoc, OperationDocs, Part } from "./operation.ts";
import { OTHER_CLIENTS_OPERATIONS } from "./other-clients-operations.ts";
import { PARAMETERS } from "./parameters.ts";
import { headersOf, ProblemAnswers } from "./problem-answers.ts";
import { SCHEMAS } from "./schemas.ts";
import { SERVER_OPERATIONS } from "./server-operations.ts";
import { TAGS } from "./tags.ts";

/** What is told of each row of the route table; a test asks for it where a row has none. */
export const OPERATIONS: OperationDocs = {
  ...ENTRY_OPERATIONS,
  ...COLLECTION_OPERATIONS,
  ...SERVER_OPERATIONS,
  ...OTHER_CLIENTS_OPERATIONS,
};

const SAFE_METHODS: readonly string[] = ["GET", "QUERY"];
/** What every operation may be refused with. */
const COMMON_PROBLEMS: readonly ErrorCode[] = [
  "invalid-request",
  "invalid-parameter",
  "host-not-served",
  "too-many-requests",
  "internal",
  "busy",
];

const DESCRIPTION = `A key-value store spoken to over plain HTTP. The whole contract, with what OpenAPI cannot say, is in docs/protocol.md.

- **HEAD** is answered wherever GET is, without the body; **OPTIONS** everywhere, 204 with \`Allow\`.
- **Problems** are \`application/problem+json\` (RFC 9457), or one line of text by \`Accept: text/plain\`. Decide by \`code\`.
- **Tokens**: a server asks for one once it holds one. Then send \`Authorization: Bearer TOKEN\` (\`curl --oauth2-bearer TOKEN\`); what
  scope an operation needs stands with it. Until then none is needed.
- **Retries**: a write with an \`Idempotency-Key\` is made once, however often it is sent.
- \`X-Request-Id\`, 1 to 64 of letters, digits, \`.\`, \`_\` and \`-\`, names a request in logs and problems.
- Members and fields may be added at any time: pass over those that you do not know.`;

export interface DocumentOptions {
  readonly version: string;
  /** Where the operations are: "/" for the server that answers the document. */
  readonly serverUrl: string;
}

export function openApiDocument(routes: readonly Route[], { version, serverUrl }: DocumentOptions): Part {
  const problems = new ProblemAnswers();
  const paths: Record<string, Record<string, Part>> = {};
  for (const route of routes) {
    // OpenAPI 3.1 has no place for QUERY; 3.2 has.
    const member = route.method === "QUERY" ? "x-query" : route.method.toLowerCase();
    paths[route.pattern] = { ...paths[route.pattern], [member]: operationOf(route, problems) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Keyhold",
      summary: "The key-value store that you talk to with curl",
      description: DESCRIPTION,
      version,
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: serverUrl }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      schemas: SCHEMAS,
      parameters: PARAMETERS,
      responses: problems.components,
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "A token: `keyhold token create`, or `POST /-/tokens`.",
        },
      },
    },
  };
}

function operationOf(route: Route, problems: ProblemAnswers): Part {
  const doc = docOf(route);
  const { parameters = [], body, needsBody = false, answers, samples } = doc;
  const shown = Object.entries(answers).map(([status, answer]) => [status, answerOf(answer)]);
  return {
    operationId: doc.operationId,
    tags: [doc.tag],
    summary: route.summary.replaceAll("`", ""),
    description: `${doc.description}${needs(route)}`,
    ...(parameters.length > 0 && {
      parameters: parameters.map((name) => ({ $ref: `#/components/parameters/${name}` })),
    }),
    ...(body !== undefined && { requestBody: { required: needsBody, content: body } }),
    responses: {
      ...Object.fromEntries(shown),
      ...problems.of([...commonProblems(route), ...doc.problems], route.toldAs === undefined ? "problem" : "redis"),
    },
    security: route.action === "none" ? [] : [{ bearer: scopesOf(route) }, {}],
    "x-codeSamples": samples.map(({ label, curl, status }) => ({
      lang: "Shell",
      label,
      source: curl,
      "x-status": status,
    })),
  };
}

function docOf({ method, pattern }: Route): OperationDoc {
  const doc = OPERATIONS[`${method} ${pattern}`];
  if (doc === undefined) throw new Error(`Nothing is told of ${method} ${pattern} in http/openapi/`);
  return doc;
}

function answerOf({ description, content, fields = [], mayHave = [] }: Answer): Part {
  const headers = headersOf(fields, mayHave);
  return {
    description,
    ...(Object.keys(headers).length > 0 && { headers }),
    ...(content !== undefined && { content }),
  };
}

function commonProblems({ method, action }: Route): readonly ErrorCode[] {
  const isGuarded = !SAFE_METHODS.includes(method) || ["admin", "metrics", "by-command"].includes(action);
  return [
    ...COMMON_PROBLEMS,
    ...(action === "none" ? [] : (["unauthenticated", "forbidden"] as const)),
    ...(isGuarded ? (["foreign-origin"] as const) : []),
  ];
}

function scopesOf({ action, alsoNeeds }: Route): readonly string[] {
  if (action === "by-command") return [];
  return alsoNeeds?.when === "always" ? [action, alsoNeeds.action] : [action];
}

/** What a token must give leave for, in words. */
function needs(route: Route): string {
  const { action, actionWhen, alsoNeeds } = route;
  if (action === "none") return "";
  if (action === "by-command") return "\n\nA token needs the scope of each command, which docs/redis-rest.md tells.";
  const scopes = scopesOf(route).map((scope) => `\`${scope}\``);
  const instead =
    actionWhen === undefined ? "" : `; with \`${actionWhen.parameter}\`, \`${actionWhen.action}\` in its place`;
  const besides =
    alsoNeeds?.when === "representation-preferred"
      ? `; with \`Prefer: return=representation\`, \`${alsoNeeds.action}\` too`
      : "";
  return `\n\nA token needs the scope ${scopes.join(" and ")}${instead}${besides}.`;
}
