// Items of unstorage in Keyhold, and what others change of them as it happens.
// npm install keyhold unstorage; KEYHOLD_URL=http://127.0.0.1:3000 node unstorage.mjs
import keyholdDriver from "keyhold/unstorage";
import { createStorage } from "unstorage";

const url = process.env.KEYHOLD_URL ?? "http://127.0.0.1:3000";
const storage = createStorage({ driver: keyholdDriver({ url, prefix: "site/" }) });

await storage.setItem("pages:home", { title: "Welcome", draft: false });
await storage.setItem("pages:news", { title: "News" }, { ttl: 3600 }); // seconds
console.log(await storage.getItem("pages:home"));
console.log(await storage.getKeys("pages"));

// Whoever changes it: here another client, with `curl -X PUT -d on $KEYHOLD_URL/keys/site/flag`.
let tell;
const told = new Promise((resolve) => (tell = resolve));
await storage.watch((event, key) => tell(`${event} ${key}`));
await fetch(`${url}/keys/site/flag`, { method: "PUT", body: "on" });
console.log(await told);
console.log(await storage.getItem("flag"));

await storage.clear();
await storage.unwatch();
