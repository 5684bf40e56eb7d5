// docs/openapi.json: the interface as a server answers it at /-/openapi.json, but for where the server is.
import manifest from "../package.json" with { type: "json" };
import { EXAMPLE_ORIGIN } from "../src/http/example-origin.ts";
import { openApiDocument } from "../src/http/openapi/document.ts";
import { ROUTES } from "../src/http/routes.ts";

export function renderOpenApi(): string {
  const document = openApiDocument(ROUTES, { version: manifest.version, serverUrl: EXAMPLE_ORIGIN });
  return `${JSON.stringify(document, null, 2)}\n`;
}
