// What `consul kv export` printed, as an export of Keyhold.
//
// usage: consul kv export [PREFIX] | node consul.mjs [--json] [--max-value BYTES] > FILE
import { text } from "node:stream/consumers";
import { Export, readArguments, run } from "./export-lines.mjs";

await run(async () => {
  const { options } = readArguments(process.argv.slice(2));
  const lines = new Export(options);
  await lines.begin();
  for (const { key, flags = 0, value } of JSON.parse(await text(process.stdin))) {
    if (flags !== 0) lines.note(`flags do not come along: ${JSON.stringify(key)} had ${flags}`);
    await lines.add(Buffer.from(key), Buffer.from(value, "base64"));
  }
  await lines.end();
});
