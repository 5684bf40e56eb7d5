// As much of Redis' protocol (RESP2) as an export needs: commands sent together, their replies in order, strings as bytes.
import { connect, isIP } from "node:net";
import { connect as connectTls } from "node:tls";

const LINE_END = Buffer.from("\r\n");

export class RedisError extends Error {}

export class Redis {
  #socket;
  #chunks;
  #held = Buffer.alloc(0);

  /** By a URL such as redis://user:password@host:6379/0, or rediss:// for TLS; the password may stand in REDISCLI_AUTH. */
  static async open(url) {
    const { protocol, hostname, port, username, password, pathname } = new URL(url);
    if (protocol !== "redis:" && protocol !== "rediss:")
      throw new Error(`${protocol}// is neither redis:// nor rediss://`);
    const place = { host: hostname.replace(/^\[|\]$/g, "") || "127.0.0.1", port: Number(port || 6379) };
    const redis = new Redis(
      protocol === "rediss:"
        ? connectTls({ ...place, servername: isIP(place.host) ? "" : place.host })
        : connect(place),
    );
    try {
      await redis.#enter(
        { user: decodeURIComponent(username), secret: decodeURIComponent(password) },
        pathname.slice(1),
      );
    } catch (error) {
      redis.close();
      throw error;
    }
    return redis;
  }

  constructor(socket) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  async #enter({ user, secret }, database) {
    const password = secret || process.env.REDISCLI_AUTH;
    if (password) await this.ask(["AUTH", ...(user === "" ? [] : [user]), password]);
    if (database !== "") await this.ask(["SELECT", database]);
  }

  async ask(command) {
    const [reply] = await this.askAll([command]);
    return reply;
  }

  /** The replies in the order of the commands; the first error of the server is thrown once all are read. */
  async askAll(commands) {
    this.#socket.write(Buffer.concat(commands.map(encode)));
    const replies = [];
    for (let count = 0; count < commands.length; count++) replies.push(await this.#reply());
    const error = replies.find((reply) => reply instanceof RedisError);
    if (error !== undefined) throw error;
    return replies;
  }

  close() {
    this.#socket.destroy();
  }

  async #reply() {
    const line = await this.#line();
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case "-":
        return new RedisError(rest);
      case ":":
        return Number(rest);
      case "$":
        return rest === "-1" ? null : await this.#bulk(Number(rest));
      case "*": {
        const items = [];
        for (let count = 0; count < Number(rest); count++) items.push(await this.#reply());
        return items;
      }
      default:
        throw new Error(`the server does not speak Redis' protocol: ${line.slice(0, 40)}`);
    }
  }

  async #line() {
    for (;;) {
      const end = this.#held.indexOf(LINE_END);
      if (end >= 0) return this.#take(end).toString("latin1");
      await this.#more();
    }
  }

  async #bulk(length) {
    const parts = [];
    let missing = length + LINE_END.length - this.#held.length;
    // Large values are put together once, not at each chunk.
    while (missing > 0) {
      parts.push(this.#held);
      this.#held = await this.#chunk();
      missing -= this.#held.length;
    }
    this.#held = Buffer.concat([...parts, this.#held]);
    return this.#take(length);
  }

  #take(length) {
    const taken = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length + LINE_END.length);
    return taken;
  }

  async #more() {
    this.#held = Buffer.concat([this.#held, await this.#chunk()]);
  }

  async #chunk() {
    const { value, done } = await this.#chunks.next();
    if (done) throw new Error("the server closed the connection");
    return value;
  }
}

function encode(words) {
  const parts = words.map((word) => Buffer.from(word)).flatMap((word) => [`$${word.length}\r\n`, word, "\r\n"]);
  return Buffer.concat([`*${words.length}\r\n`, ...parts].map((part) => Buffer.from(part)));
}
