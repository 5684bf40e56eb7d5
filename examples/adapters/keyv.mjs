// A cache that processes share, and that outlives them: Keyv with its values in Keyhold.
// npm install keyhold keyv@5; KEYHOLD_URL=http://127.0.0.1:3000 node keyv.mjs

import { Keyhold } from "keyhold/client";
import { KeyholdKeyv } from "keyhold/keyv";
import Keyv from "keyv";

const client = new Keyhold(process.env.KEYHOLD_URL ?? "http://127.0.0.1:3000");
const users = new Keyv({ store: new KeyholdKeyv({ client }), namespace: "users", useKeyPrefix: false });
users.on("error", (error) => console.error(error.message));

await users.set("anna", { name: "Anna", admin: true }, 60_000); // for a minute
await users.set("bert", { name: "Bert" });
console.log(await users.get("anna"));
console.log(await users.get(["anna", "nobody"]));
for await (const [key, value] of users.iterator()) console.log(key, "is", value.name);

for await (const key of client.listKeys({ prefix: "users/" })) console.log("kept as", key);
await users.clear();
console.log(await users.has("bert"));
