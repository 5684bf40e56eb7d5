// The OpenAPI document as a document: what it tells of, and that Redocly's linter finds nothing in it.
import { expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { OPERATIONS, openApiDocument } from "../../src/http/openapi/document.ts";
import { ROUTES } from "../../src/http/routes.ts";
import { makeAppServer } from "../support/http-harness.ts";
import { makeMemoryHarness } from "../support/memory-harness.ts";
import { runCommand } from "../support/run-command.ts";
import { ROOMY } from "../support/store-harness.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const REDOCLY = "node_modules/@redocly/cli/bin/cli.js";
const LINT_MS_MAX = 60_000;

/** What no text can be an example of. */
const BYTES: readonly string[] = ["application/octet-stream", "application/vnd.sqlite3", "*/*"];

interface MediaType {
  readonly schema: { readonly $ref?: string; readonly examples?: unknown };
  readonly example?: unknown;
}

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, MediaType>> }>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, MediaType["schema"]>> };
}

const document: Document = JSON.parse(JSON.stringify(openApiDocument(ROUTES, { version: "0.0.0", serverUrl: "/" })));

interface Lint {
  readonly totals: { readonly errors: number; readonly warnings: number };
  readonly problems: readonly { readonly ruleId: string; readonly message: string }[];
}

test("every row of the route table is told of, and nothing else", () => {
  const rows = ROUTES.map(({ method, pattern }) => `${method} ${pattern}`);
  expect(Object.keys(OPERATIONS).toSorted()).toEqual(rows.toSorted());
});

test("operations have names of their own", () => {
  const ids = Object.values(OPERATIONS).map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test("every body has an example, but of bytes", () => {
  const without = operations().flatMap(({ operationId, requestBody, responses }) => {
    const bodies = [requestBody?.content ?? {}, ...Object.values(responses).map(({ content = {} }) => content)];
    return bodies.flatMap((content) =>
      Object.entries(content)
        .filter(([type, media]) => !BYTES.includes(type) && !hasExample(media))
        .map(([type]) => `${operationId}: ${type}`),
    );
  });
  expect(without).toEqual([]);
});

test("it is what a server answers", async () => {
  const { store, close } = await makeMemoryHarness({ ...ROOMY, upkeep: "off", historyChanges: 1 });
  const { headers, text } = await makeAppServer(store).http.get("/-/openapi.json");
  await close();
  expect([headers["content-type"], JSON.parse(text)]).toEqual(["application/json", document]);
});

test(
  "Redocly's recommended rules find nothing in it",
  async () => {
    const command = ["node", REDOCLY, "lint", "docs/openapi.json", "--extends", "recommended", "--format", "json"];
    // Alone as it is: it is told neither to report what it does nor to look for a newer self.
    const environment = {
      ...process.env,
      REDOCLY_TELEMETRY: "off",
      REDOCLY_SUPPRESS_UPDATE_NOTICE: "true",
      CI: "true",
    };
    const { out, error } = await runCommand(command, { directory: ROOT, environment });
    const begin = out.indexOf("{");
    if (begin < 0) throw new Error(`The linter said nothing of the document: ${out}${error}`);
    const { totals, problems }: Lint = JSON.parse(out.slice(begin));
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
    expect(totals).toMatchObject({ errors: 0, warnings: 0 });
  },
  LINT_MS_MAX,
);

function operations(): readonly Operation[] {
  return Object.values(document.paths).flatMap((item) => Object.values(item));
}

function hasExample({ schema, example }: MediaType): boolean {
  const name = schema.$ref?.slice("#/components/schemas/".length);
  const described = name === undefined ? schema : document.components.schemas[name];
  return example !== undefined || described?.examples !== undefined;
}
