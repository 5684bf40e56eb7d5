// One delivery of one case on one connection: sends what the case says and reads what comes, strictly. Nothing may come that is not
// asked for, and what becomes of the connection is seen to its end.
import { judgeAnswer } from "./answer-judge.ts";
import { BadAnswer, type RawAnswer, readAnswer } from "./answer-reader.ts";
import { RawConnection, turn, type WireAddress } from "./raw-connection.ts";
import { ask, type Step, type WireCase } from "./wire-case.ts";

export interface WireTarget {
  readonly address: WireAddress;
  /** What the handler behind it does: has a store, or answers every body with itself. */
  readonly handler: "store" | "echo";
  /** Whether what is refused is refused with a problem document; a server that has none is judged by its statuses alone. */
  readonly hasProblems: boolean;
  /** A case that takes longer has failed. */
  readonly patienceMs: number;
}

/** All at once, each byte by itself, or in two parts of which the first has so many bytes. */
export type Delivery = "whole" | "dripped" | number;

/** Turns in which nothing comes, on this side and the server's, which shares the event loop. */
const QUIET_TURNS = 8;
const SHOWN_BYTES = 600;
/** Asks something on the connection, and takes leave of it. */
const LAST_WORD = ask("GET /-/healthy", "Connection: close");

export class CasePlay {
  readonly #connection: RawConnection;
  readonly #target: WireTarget;
  readonly #case: WireCase;
  readonly #answers: RawAnswer[] = [];
  #hasSentEnd = false;

  constructor(connection: RawConnection, target: WireTarget, wireCase: WireCase) {
    this.#connection = connection;
    this.#target = target;
    this.#case = wireCase;
  }

  async run(delivery: Delivery): Promise<void> {
    for (const step of this.#case.steps) await this.#take(step, delivery);
    await this.#readAnswers(this.#case.answers.length);
    await this.#seeTheEnd();
  }

  /** What has come, to be shown. */
  report(): string {
    const { received, hasEnded, error } = this.#connection;
    const end = error !== null ? `, then ${error.message}` : hasEnded ? ", then the end" : "";
    return `Received ${received.length} bytes${end}: ${JSON.stringify(received.toString("latin1", 0, SHOWN_BYTES))}`;
  }

  /** How far answers have been read. */
  get #readTo(): number {
    return this.#answers.at(-1)?.end ?? 0;
  }

  async #take(step: Step, delivery: Delivery): Promise<void> {
    if (typeof step === "string") return this.#send(step, delivery);
    switch (step.is) {
      case "answered":
        await this.#readAnswers(step.answers);
        return this.#requireNothing();
      case "quiet":
        return this.#seeNothing();
      case "elsewhere": {
        const { status } = await askOnce(this.#target.address, step.request);
        if (status !== step.status) throw new Error(`elsewhere ${status} was answered`);
        return;
      }
      case "end":
        this.#hasSentEnd = true;
        return this.#connection.end();
      case "leave":
        // Once the server has what was sent.
        await turn();
        await turn();
        return this.#connection.close();
      default:
        return step satisfies never;
    }
  }

  async #send(text: string, delivery: Delivery): Promise<void> {
    if (delivery === "whole") return this.#connection.send(text);
    if (delivery === "dripped") return this.#connection.drip(text);
    this.#connection.send(text.slice(0, delivery));
    await turn();
    await turn();
    this.#connection.send(text.slice(delivery));
  }

  async #readAnswers(count: number): Promise<void> {
    while (this.#answers.length < count) {
      const expected = this.#case.answers[this.#answers.length] ?? { status: 0 };
      const { received: bytes, hasEnded, error } = this.#connection;
      const answer = readAnswer({ bytes, start: this.#readTo, isHead: expected.isHead ?? false, hasEnded });
      if (answer !== null) {
        this.#answers.push(answer);
        judgeAnswer(answer, expected, this.#target.hasProblems);
      } else if (hasEnded) {
        throw new Error(
          error === null ? "the connection ended before an answer" : `the connection broke: ${error.message}`,
        );
      } else {
        await this.#connection.more();
      }
    }
  }

  /** Others are answered, and here nothing comes. */
  async #seeNothing(): Promise<void> {
    await askOnce(this.#target.address, LAST_WORD);
    for (let turns = 0; turns < QUIET_TURNS; turns++) await turn();
    this.#requireNothing();
    if (this.#connection.hasEnded) throw new Error("the server did not wait");
  }

  #requireNothing(): void {
    if (this.#connection.received.length > this.#readTo) throw new Error("more came than answers");
  }

  async #seeTheEnd(): Promise<void> {
    const { afterwards } = this.#case;
    const last = this.#answers.at(-1);
    const saysClose = last !== undefined && /(?:^|, *)close(?:,|$)/i.test(last.fields.get("connection") ?? "");
    if (afterwards === "open" || (afterwards === "as-said" && !saysClose)) return this.#requireOpen(saysClose);
    if (afterwards === "closed" && last !== undefined && !saysClose && !this.#hasSentEnd) {
      throw new Error("the last answer does not say Connection: close");
    }
    while (!this.#connection.hasEnded) await this.#connection.more();
    this.#requireNothing();
    const { error } = this.#connection;
    if (error !== null && afterwards !== "cut")
      throw new Error(`the connection did not end in order: ${error.message}`);
  }

  async #requireOpen(saysClose: boolean): Promise<void> {
    if (saysClose) throw new Error("the last answer says Connection: close");
    this.#requireNothing();
    const answers = this.#answers.length;
    this.#connection.send(LAST_WORD);
    const { received, hasEnded } = this.#connection;
    if (hasEnded) throw new Error("the connection ended");
    void received;
    const last = await readNext(this.#connection, this.#readTo);
    if (last.status !== 200)
      throw new Error(`behind answer ${answers}, ${last.status} came for a request that is good`);
    while (!this.#connection.hasEnded) await this.#connection.more();
    if (this.#connection.received.length > last.end) throw new Error("more came than answers");
  }
}

/** A request and its answer on a connection of its own. */
export async function askOnce(address: WireAddress, request: string): Promise<RawAnswer> {
  const connection = await RawConnection.open(address);
  try {
    connection.send(request);
    return await readNext(connection, 0);
  } finally {
    connection.close();
  }
}

async function readNext(connection: RawConnection, start: number): Promise<RawAnswer> {
  for (;;) {
    const { received: bytes, hasEnded } = connection;
    const answer = readAnswer({ bytes, start, isHead: false, hasEnded });
    if (answer !== null) return answer;
    if (hasEnded) throw new BadAnswer("the connection ended before an answer to a request that is good");
    await connection.more();
  }
}
