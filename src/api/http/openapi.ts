// How is the API described to other programs?
import { OpenAPIHono } from "@hono/zod-openapi";
import * as routes from "./routes.ts";

/** The OpenAPI 3.1 document, made of the schemas that the calls are checked by. */
export function openApi(): object {
  const api = new OpenAPIHono();
  for (const route of Object.values(routes)) api.openAPIRegistry.registerPath(route);
  api.openAPIRegistry.registerComponent("securitySchemes", "token", {
    type: "http",
    scheme: "bearer",
    description: "On this machine: `token` in controller.json of the state's folder.",
  });
  return api.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Serin",
      version: "1",
      description: "Progressive delivery with a stated error rate. Failures are application/problem+json.",
      license: { name: "Apache-2.0" },
    },
    servers: [{ url: "/" }],
    // A browser on this machine needs none.
    security: [{ token: [] }, {}],
  });
}
