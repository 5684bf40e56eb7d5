// A sequence as lines for bash that repeat it with curl: what stands is looked up by functions, as the model looked it up.
import { type Command, splitAtGaps } from "./drafts.ts";
import type { Ask } from "./messages.ts";

const HEAD = [
  "U=http://127.0.0.1:3000; P=t",
  `look() { curl -sI -H 'Accept: application/octet-stream' "$U/keys/$P$1" | tr -d '\\r'; }`,
  'tag() { look "$1" | sed -n \'s/^ETag: //p\'; }; json() { tag "$1" | sed \'s/"$/-j"/\'; }',
  "revision() { look \"$1\" | sed -n 's/^Revision: //p'; }; second() { look \"$1\" | sed -n 's/^Last-Modified: //p'; }",
  "type() { look \"$1\" | sed -n 's/^Content-Type: //p'; }; in() { echo $(($(date +%s) + $1)); }",
  'iso() { date -u -d "$1 seconds" +%FT%TZ; }; long() { head -c "$1" /dev/zero | tr \'\\0\' x; }',
];

/** Stale tags and repetitions stand as remarks: they need the answers that came before. */
export function toLines(commands: readonly Command[]): readonly string[] {
  return [...HEAD, ...commands.map((command) => (command.kind === "ask" ? curlLine(command.draft) : remark(command)))];
}

function remark(command: Exclude<Command, { kind: "ask" }>): string {
  if (command.kind === "follow") return `# the page that the last listing but ${command.index} has named as its next`;
  const { index, isChanged } = command;
  return `# the request with an Idempotency-Key that came as number ${index} of those, again${isChanged ? ", changed" : ""}`;
}

function curlLine({ method, target, fields, body }: Ask): string {
  const words = [method === "HEAD" ? "curl -i -I" : `curl -i -X ${method}`, "--path-as-is", `"$U"${quote(target)}`];
  const type = fields.some(([name]) => name.toLowerCase() === "content-type");
  if (body !== null && !type) words.push("-H 'Content-Type:'");
  for (const [name, value] of fields) words.push(`-H ${quote(value === "" ? `${name};` : `${name}: ${value}`)}`);
  if (body !== null) words.push(`--data-binary ${quote(body)}`);
  return words.join(" ");
}

function quote(text: string): string {
  const words = splitAtGaps(text).map((part) => {
    if (typeof part === "string") return part === "" ? "" : quoted(part);
    const [gap, argument] = part;
    if (gap === "P") return "$P";
    if (gap === "once") return '"once$RANDOM$RANDOM"';
    if (gap === "stale") return `'"a tag that ${argument} has had"'`;
    return `"$(${gap} ${quoted(argument)})"`;
  });
  return words.join("") || "''";
}

function quoted(bytes: string): string {
  if (/^[ -~]*$/.test(bytes)) return `'${bytes.replaceAll("'", "'\\''")}'`;
  const escaped = bytes.replaceAll(/[^ -~]|['\\]/g, (each) => `\\x${each.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return `$'${escaped}'`;
}
