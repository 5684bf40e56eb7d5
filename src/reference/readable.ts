// An OpenAPI document as a reader of the page wants it: the curl lines behind the description of their operation, and of
// refusals the codes alone. That each is a problem stands at the top, and what that is at the end; said of every status of
// every operation, it would be most of the page.

interface Sample {
  readonly label: string;
  readonly source: string;
}

/** Where the lines of the document point. */
const WRITTEN_ORIGIN = "http://127.0.0.1:3000";

/** @param origin - where the lines are to point */
export function readable(document: unknown, origin: string): unknown {
  return withQuery(withShortRefusals(mapOperations(document, (operation) => withSamples(operation, origin))));
}

/** As OpenAPI 3.2, which has a place for the method QUERY, and which Swagger UI reads as well; few other tools do. */
function withQuery(document: unknown): unknown {
  if (!isObject(document) || !isObject(document["paths"])) return document;
  const paths = mapMembers(document["paths"], (item) => {
    if (!isObject(item) || !("x-query" in item)) return item;
    const { "x-query": query, ...others } = item;
    return { ...others, query };
  });
  return { ...document, openapi: "3.2.0", paths };
}

function withShortRefusals(document: unknown): unknown {
  if (!isObject(document) || !isObject(document["components"])) return document;
  const { components } = document;
  if (!isObject(components["responses"])) return document;
  // All that stand there are refusals.
  const responses = mapMembers(components["responses"], (response) =>
    isObject(response) ? { description: response["description"] } : response,
  );
  return { ...document, components: { ...components, responses } };
}

function withSamples(operation: Members, origin: string): Members {
  const samples: unknown = operation["x-codeSamples"];
  if (!Array.isArray(samples)) return operation;
  const blocks = samples
    .filter(isSample)
    .map(({ label, source }) => block(label, source.replaceAll(WRITTEN_ORIGIN, origin)));
  return { ...operation, description: [operation["description"], ...blocks].join("\n\n") };
}

type Members = Readonly<Record<string, unknown>>;

/** Operations are what has a name of its own, two members beneath `paths`. */
function mapOperations(document: unknown, map: (operation: Members) => Members): unknown {
  if (!isObject(document) || !isObject(document["paths"])) return document;
  const paths = mapMembers(document["paths"], (item) =>
    isObject(item) ? mapMembers(item, (part) => (isObject(part) && "operationId" in part ? map(part) : part)) : item,
  );
  return { ...document, paths };
}

function mapMembers(members: Members, map: (member: unknown) => unknown): Members {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, map(member)]));
}

function block(label: string, source: string): string {
  return `**${label}**\n\n\`\`\`sh\n${source}\n\`\`\``;
}

function isSample(value: unknown): value is Sample {
  return isObject(value) && typeof value["label"] === "string" && typeof value["source"] === "string";
}

function isObject(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
