// The chapters of the OpenAPI document, in their order.
export const TAGS = {
  Values: "`/{key}` is the value: the body is the bytes, all else is in header fields.",
  Entries: "`/keys/{key}` is the entry, seen as JSON: `{key: value}`.",
  Collection: "`/keys` is all entries, in key order: listed, followed, written and deleted many at once.",
  Transactions: "Checks, changes and reads in one commit.",
  Server: "Health, figures and limits of the server.",
  Tokens: "Who may use the server, for what, and until when.",
  Transfer: "The whole store, or a part of it, in and out.",
  Redis: "Commands of Redis, as Upstash's REST API has them.",
  unstorage: "What unstorage's http driver asks.",
  Pages: "What the server shows to people.",
} as const;

export type TagName = keyof typeof TAGS;
