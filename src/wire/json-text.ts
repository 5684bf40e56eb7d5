// JSON that is made of texts: what is stored is shown as it stands, never parsed and printed again.

/** A value that stands for its JSON text. */
export class JsonText {
  readonly text: string;

  /** @param text - valid JSON */
  constructor(text: string) {
    this.text = text;
  }
}

/** As JSON.stringify(), of an object some of whose members may be a JsonText. */
export function stringifyMembers(members: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(members)
    .filter(([, value]) => value !== undefined)
    .map(
      ([name, value]) => `${JSON.stringify(name)}:${value instanceof JsonText ? value.text : JSON.stringify(value)}`,
    );
  return `{${parts.join(",")}}`;
}
