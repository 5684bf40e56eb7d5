// The reference of the HTTP interface at `/-/docs`: Swagger UI on the document that this server gives of itself.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle.js";

SwaggerUI({ dom_id: "#reference", url: "/-/openapi.json", deepLinking: true });
