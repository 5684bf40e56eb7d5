// The reference of the HTTP interface at `/-/docs`: Swagger UI on the document that this server gives of itself, with the curl
// lines of each operation, which point to where this page comes from.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";
import { landmarksPlugin, markdownPlugin } from "./plugins.ts";
import { readable } from "./readable.ts";

const DOCUMENT = "/-/openapi.json";

followColorScheme();
show(await (await fetch(DOCUMENT)).json());

function show(document: unknown): void {
  SwaggerUI({
    dom_id: "#reference",
    spec: readable(document, location.origin),
    deepLinking: true,
    docExpansion: "list",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    filter: true,
    tryItOutEnabled: false,
    // A browser's own store of what was typed: the token is there until the tab is closed.
    persistAuthorization: false,
    validatorUrl: null,
    queryConfigEnabled: false,
    plugins: [markdownPlugin, landmarksPlugin],
  });
}

/** Swagger UI is dark by a class, and knows nothing of what the system is. */
function followColorScheme(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
  follow();
  dark.addEventListener("change", follow);
}
