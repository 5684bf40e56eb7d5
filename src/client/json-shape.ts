// Looks into parsed JSON whose shape is not known: what is missing or of another kind reads as null, and whoever needs it says so.

export type JsonObject = Readonly<Record<string, unknown>>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textAt(object: JsonObject, name: string): string | null {
  const value = object[name];
  return typeof value === "string" ? value : null;
}

export function numberAt(object: JsonObject, name: string): number | null {
  const value = object[name];
  return typeof value === "number" ? value : null;
}

export function dateAt(object: JsonObject, name: string): Date | null {
  const text = textAt(object, name);
  return text === null ? null : new Date(text);
}
