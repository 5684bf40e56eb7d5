// unstorage as its documentation serves it: run as `node server.mjs DIRECTORY PORT` beside an installed unstorage.
import { createServer } from "node:http";
import { createStorage } from "unstorage";
import fsDriver from "unstorage/drivers/fs";
import { createStorageServer } from "unstorage/server";

const [directory, port] = process.argv.slice(2);
const storage = createStorage({ driver: fsDriver({ base: directory }) });
createServer(createStorageServer(storage).handle).listen(Number(port), "127.0.0.1");
