// A request for an operation, of the examples that the document gives.
import type { Contract, Located } from "../support/contract.ts";
import type { HttpRequest } from "../support/http-client.ts";

export function exampleRequest(contract: Contract, { method, pattern, operation }: Located): HttpRequest {
  const parameters = (operation.parameters ?? []).map((each) => contract.parameter(each));
  const path = pattern.replaceAll(/\{(\w+)\}/g, (_, name) => {
    const found = parameters.find((each) => each.in === "path" && each.name === name);
    return encodeURIComponent(String(found?.example)).replaceAll("%2F", "/");
  });
  const pairs = parameters.find(({ name }) => name === "pairs")?.example;
  const query = pairs === undefined ? "" : `?${new URLSearchParams(Object.entries(Object(pairs)))}`;
  const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [null, null];
  return {
    method,
    target: path + query,
    headers: type === null ? {} : { "Content-Type": type },
    body: media === null ? null : bodyOf(type ?? "", media.example),
  };
}

function bodyOf(type: string, example: unknown): string {
  if (type === "application/x-www-form-urlencoded") return String(new URLSearchParams(Object(example)));
  if (typeof example === "string") return example;
  return example === undefined ? "" : JSON.stringify(example);
}
