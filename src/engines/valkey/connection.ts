// One connection to one Valkey server, shared by many commands at once: each is sent behind the others without waiting for
// their replies, which come in the same order. What it must never do is send a command again: a command that was on its way
// when the connection ended may have been executed, and who sent it is told so. It knows nothing of slots, replicas and
// retries.
import { Outgoing } from "./outgoing.ts";
import type { Argument, Reply } from "./reply.ts";
import { ReplyError } from "./reply.ts";
import { MalformedReply, RespParser } from "./resp-parser.ts";
import { StallWatch } from "./stall-watch.ts";

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

export interface ServerAccess {
  /** Null for the default user. */
  readonly user: string | null;
  readonly password: string | null;
  /** Null where the server is spoken to in the clear. */
  readonly tls: TlsAccess | null;
  /** Selected where it is not 0. */
  readonly database: number;
}

export interface TlsAccess {
  /** PEM of the authorities that are trusted; null for those of the system. */
  readonly ca: string | null;
  /** The name that the certificate must be for; null for the host of the address. */
  readonly serverName: string | null;
}

export interface ConnectionOptions {
  readonly address: ServerAddress;
  readonly access: ServerAccess;
  /** Covers TCP, TLS, password and database. */
  readonly connectTimeoutMs: number;
  /**
   * Closed where a command waits and no byte has come for so long, or up to an eighth longer. A command that may take longer by
   * itself, such as WAIT, must have a limit of its own below this.
   */
  readonly stallMs: number;
  /** Commands without reply. */
  readonly inFlightMax: number;
  /** Bytes of commands that the system has not taken. */
  readonly queuedBytesMax: number;
}

/** A command, or a connection, that came to nothing. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  /** Whether any byte of the command may have left this process; where false, it was certainly not executed. */
  readonly isSent: boolean;
  /** Whether it was refused for a bound; the connection is as before. */
  readonly isFull: boolean;
  /** What the server said where it refused the connection, such as WRONGPASS; null where it said nothing. */
  readonly answer: ReplyError | null;

  constructor(
    reason: string,
    {
      isSent = false,
      isFull = false,
      answer = null,
    }: {
      readonly isSent?: boolean;
      readonly isFull?: boolean;
      readonly answer?: ReplyError | null;
    } = {},
  ) {
    super(reason);
    this.isSent = isSent;
    this.isFull = isFull;
    this.answer = answer;
  }
}

/** A command whose reply has not come. */
interface InFlight {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: ConnectionLost) => void;
  /** Where it begins among all bytes of the connection. */
  readonly place: number;
  next: InFlight | null;
}

const KEEP_ALIVE_MS = 30_000;
const NAME = "keyhold";
/** What a server says to whom it does not let in. */
const REFUSALS = /^(?:NOAUTH|DENIED|ERR max number of clients)\b/;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #outgoing: Outgoing;
  readonly #parser = new RespParser((reply) => this.#settle(reply));
  readonly #stallWatch: StallWatch;
  readonly #closed = Promise.withResolvers<void>();
  #socket: Bun.Socket | null = null;
  #lostReason: string | null = null;
  #first: InFlight | null = null;
  #last: InFlight | null = null;
  #inFlight = 0;
  /** Whether the socket has not taken all that it was offered, and will tell when it takes more. */
  #isBlocked = false;
  #isFlushDue = false;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#outgoing = new Outgoing(options.access.tls !== null);
    this.#stallWatch = new StallWatch({
      stallMs: options.stallMs,
      isAwaiting: () => this.#inFlight > 0,
      onStall: () => this.close(`The server has said nothing for ${options.stallMs} ms`),
    });
  }
  /**
   * A connection that takes commands: connected, its certificate checked, let in by password, on its database.
   *
   * @throws ConnectionLost, not sent, when it cannot be had in time
   */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options);
    const { connectTimeoutMs } = options;
    const late = setTimeout(() => connection.close(`No connection within ${connectTimeoutMs} ms`), connectTimeoutMs);
    try {
      await connection.#connect();
      await connection.#enter();
      return connection;
    } catch (error) {
      const { host, port } = options.address;
      const lost = toLost(error);
      connection.close(lost.message);
      throw new ConnectionLost(`${host}:${port}: ${lost.message}`, { answer: lost.answer });
    } finally {
      clearTimeout(late);
    }
  }

  get isOpen(): boolean {
    return this.#lostReason === null;
  }

  /** Commands without reply. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves when it has closed, whoever closed it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /**
   * Sends a command behind those before it, and resolves with its reply; an error of the server is a reply. All commands of one
   * turn of the event loop leave in one write. Large bytes among the arguments are not copied, and must stay as they are until
   * the reply has come.
   *
   * @throws ConnectionLost (rejects) when the connection ends before the reply, or when there is no room for the command
   */
  send(args: readonly Argument[]): Promise<Reply> {
    const refusal = this.#refusal(1, bytesOf(args));
    return refusal === null ? this.#append(args) : Promise.reject(refusal);
  }

  /**
   * Sends commands with none between them: ASKING and what is asked, writes and the WAIT that confirms them. Either there is
   * room for all, or none is sent. Commands that are sent one by one without `await` between them stand together too, but each
   * may find that there is no room.
   *
   * @throws as send(), each promise for its own command
   */
  sendTogether(commands: readonly (readonly Argument[])[]): readonly Promise<Reply>[] {
    const refusal = this.#refusal(
      commands.length,
      commands.reduce((sum, args) => sum + bytesOf(args), 0),
    );
    return commands.map((args) => (refusal === null ? this.#append(args) : Promise.reject(refusal)));
  }

  /** Ends the connection now; what is in flight is lost. */
  close(reason: string): void {
    this.#lose(reason, null);
  }

  /** Resolves when commands may be sent: only to whom the certificate says it is, as a password is the first of them. */
  async #connect(): Promise<void> {
    const { host, port } = this.#options.address;
    const { tls } = this.#options.access;
    const usable = Promise.withResolvers<void>();
    const socket: Bun.SocketHandler<undefined> = {
      open: (opened) => {
        this.#opened(opened);
        if (tls === null) usable.resolve();
      },
      handshake: (opened, _, error) => {
        if (error === null && opened.authorized) usable.resolve();
        else this.close(`The certificate of the server is not trusted: ${error?.message ?? "no reason given"}`);
      },
      data: (_, chunk) => this.#read(chunk),
      drain: () => this.#drain(),
      end: () => this.close("The server has ended the connection"),
      close: () => this.close("The connection is closed"),
      error: (_, error) => this.close(`The connection failed: ${error.message}`),
      connectError: (_, error) => this.close(`Cannot connect: ${error.message}`),
    };
    const connecting = Bun.connect({
      hostname: host,
      port,
      socket,
      ...(tls !== null && { tls: tlsOptions(tls, host) }),
    });
    connecting.catch((error) => this.close(`Cannot connect: ${error instanceof Error ? error.message : error}`));
    await Promise.race([usable.promise, this.closed]);
    if (this.#lostReason !== null) throw new ConnectionLost(this.#lostReason);
  }

  #opened(socket: Bun.Socket): void {
    if (this.#lostReason !== null) {
      socket.terminate();
      return;
    }
    this.#socket = socket;
    // A write is a whole turn's commands; nothing is gained by waiting for more.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
  }

  /** Says who we are and what we want, in one round trip. @throws ConnectionLost with the server's answer where it refuses */
  async #enter(): Promise<void> {
    const { user, password, database } = this.#options.access;
    const commands: string[][] = [];
    if (password !== null) commands.push(user === null ? ["AUTH", password] : ["AUTH", user, password]);
    if (database !== 0) commands.push(["SELECT", String(database)]);
    const needed = commands.length;
    commands.push(["CLIENT", "SETNAME", NAME]);
    const replies = await Promise.all(commands.map((args) => this.#append(args)));
    for (const [index, reply] of replies.entries()) {
      if (!(reply instanceof ReplyError)) continue;
      // A server that does not take the name is as good as another, unless it takes nothing at all.
      if (index < needed || REFUSALS.test(reply.message)) throw new ConnectionLost(reply.message, { answer: reply });
    }
  }

  #refusal(count: number, bytes: number): ConnectionLost | null {
    if (this.#lostReason !== null) return new ConnectionLost(this.#lostReason);
    const { inFlightMax, queuedBytesMax } = this.#options;
    if (this.#inFlight + count > inFlightMax) {
      return new ConnectionLost(`More than ${inFlightMax} commands wait for the server`, { isFull: true });
    }
    if (this.#outgoing.waitingBytes + bytes > queuedBytesMax) {
      return new ConnectionLost(`More than ${queuedBytesMax} bytes wait for the server`, { isFull: true });
    }
    return null;
  }

  #append(args: readonly Argument[]): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const command: InFlight = { resolve, reject, place: this.#outgoing.place, next: null };
      if (this.#last === null) {
        this.#first = command;
        this.#stallWatch.begin();
      } else {
        this.#last.next = command;
      }
      this.#last = command;
      this.#inFlight++;
      this.#outgoing.append(args);
      if (this.#isFlushDue || this.#isBlocked) return;
      this.#isFlushDue = true;
      setImmediate(this.#flush);
    });
  }

  readonly #flush = () => {
    this.#isFlushDue = false;
    if (this.#socket === null || this.#lostReason !== null) return;
    this.#isBlocked = !this.#outgoing.flush(this.#socket);
  };

  #drain(): void {
    this.#stallWatch.heard();
    this.#flush();
  }

  #read(chunk: Uint8Array): void {
    if (this.#lostReason !== null) return;
    this.#stallWatch.heard();
    try {
      this.#parser.push(chunk);
    } catch (error) {
      if (!(error instanceof MalformedReply)) throw error;
      this.close(`The server does not speak RESP2: ${error.message}`);
    }
  }

  /** The reply of the oldest command. */
  #settle(reply: Reply): void {
    const command = this.#first;
    if (command === null) {
      const answer = reply instanceof ReplyError ? reply : null;
      this.#lose(`The server spoke unasked${answer === null ? "" : `: ${answer.message}`}`, answer);
      return;
    }
    this.#first = command.next;
    if (this.#first === null) this.#last = null;
    // An old command that leads to younger ones keeps them from being collected.
    command.next = null;
    this.#inFlight--;
    command.resolve(reply);
  }

  #lose(reason: string, answer: ReplyError | null): void {
    if (this.#lostReason !== null) return;
    this.#lostReason = reason;
    this.#stallWatch.end();
    // What the system holds of commands that are given up need not reach the server.
    if (this.#inFlight > 0) this.#socket?.terminate();
    else this.#socket?.end();
    for (let command = this.#first; command !== null; command = command.next) {
      command.reject(new ConnectionLost(reason, { isSent: this.#outgoing.hasBegun(command.place), answer }));
    }
    this.#first = null;
    this.#last = null;
    this.#inFlight = 0;
    this.#closed.resolve();
  }
}

function tlsOptions({ ca, serverName }: TlsAccess, host: string): Bun.TLSOptions {
  return { rejectUnauthorized: true, serverName: serverName ?? host, ...(ca !== null && { ca }) };
}

/** Without heads and line ends, which are few beside what the bound is for. */
function bytesOf(args: readonly Argument[]): number {
  let bytes = 0;
  for (const arg of args) bytes += arg.length;
  return bytes;
}

function toLost(error: unknown): ConnectionLost {
  if (error instanceof ConnectionLost) return error;
  return new ConnectionLost(error instanceof Error ? error.message : String(error));
}
