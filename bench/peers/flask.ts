// Flask over SQLite, as the documents that Keyhold grew from have it, under gunicorn with one worker.
import { Database } from "bun:sqlite";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Asked } from "../../src/load/dialect.ts";
import { targetOf } from "../../src/load/open-socket.ts";
import { KEY_MARK, makeOperation, type Operation, toKeyDigits } from "../../src/load/operation.ts";
import { findFreePort } from "../../test/support/free-port.ts";
import { type Contender, HOST_FIELD, Missing, type Stock } from "../contender.ts";
import { ON_SERVER_CORE } from "../process.ts";
import { makeDirectory, startProgram, versionOf } from "./started.ts";

const HERE = fileURLToPath(new URL(".", import.meta.url));
/** The first of the PATH may be one without Debian's modules. */
const PYTHONS = ["python3", "/usr/bin/python3"];
/** Threads, as a worker without them closes the connection after each answer. */
const THREADS = 8;

export async function startFilledFlask(stock: Stock): Promise<Contender> {
  const python = findPython();
  const directory = makeDirectory("flask");
  const database = join(directory, "entries.db");
  fill(database, stock);
  const port = await findFreePort();
  const url = new URL(`http://127.0.0.1:${port}`);
  const gunicorn = [
    ...ON_SERVER_CORE,
    python,
    "-m",
    "gunicorn",
    "--workers",
    "1",
    "--worker-class",
    "gthread",
    "--threads",
    String(THREADS),
  ];
  const app = [
    "--keep-alive",
    "60",
    "--chdir",
    HERE,
    "--env",
    `KEYHOLD_BENCH_DB=${database}`,
    "--bind",
    url.host,
    "flask-app:app",
  ];
  const { pid, stop } = await startProgram({ command: [...gunicorn, ...app], directory, url, path: "/keys/none" });
  const say =
    "import sys, flask, gunicorn; print('Flask', flask.__version__, 'gunicorn', gunicorn.__version__, 'Python', sys.version.split()[0])";
  return {
    name: "Flask",
    about: `${versionOf([python, "-W", "ignore", "-c", say])}, SQLite, one worker, ${THREADS} threads`,
    target: targetOf(url),
    dialect: dialectOf(stock),
    frontPid: pid,
    storePids: [],
    stop,
  };
}

/** @throws Missing */
function findPython(): string {
  const found = PYTHONS.map((name) => Bun.which(name)).find(
    (path) => path !== null && Bun.spawnSync([path, "-c", "import flask, gunicorn"]).success,
  );
  if (found !== undefined && found !== null) return found;
  throw new Missing("no python3 has flask and gunicorn: install Debian's packages python3-flask and gunicorn");
}

function fill(path: string, { keys, values }: Stock): void {
  const database = new Database(path, { create: true });
  database.run("create table entries (key text primary key, value blob)");
  const insert = database.query("insert into entries (key, value) values (?, ?)");
  database.transaction(() => {
    for (let number = 0; number < keys; number++) insert.run(`key${toKeyDigits(number)}`, values.value(number));
  })();
  database.close();
}

function dialectOf({ values }: Stock): Contender["dialect"] {
  const get = {
    kind: "read",
    method: "GET",
    statuses: [200],
    fields: HOST_FIELD,
    target: `/keys/key${KEY_MARK}`,
    body: null,
  } as const;
  const put = { ...get, kind: "write", method: "PUT", statuses: [204], body: values } as const;
  return new Map<Asked, Operation>([
    ["get", makeOperation(get)],
    ["missing", makeOperation({ ...get, statuses: [404], target: `/keys/none${KEY_MARK}` })],
    ["put", makeOperation(put)],
    ["create", makeOperation({ ...put, target: `/keys/new${KEY_MARK}` })],
  ]);
}
