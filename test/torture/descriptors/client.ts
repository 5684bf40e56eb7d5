// One connection that asks, and sees whether it is answered or closed. Unlike others it is there though the server has not taken it
// yet, as the system's queue has.
import { type RawAnswer, readAnswer } from "../../wire/answer-reader.ts";
import { RawConnection } from "../../wire/raw-connection.ts";

export class Client {
  readonly #connection: RawConnection;
  #readTo = 0;

  private constructor(connection: RawConnection) {
    this.#connection = connection;
  }

  /** Null where it is closed at once. */
  static async open(url: string): Promise<Client | null> {
    try {
      return new Client(await RawConnection.open({ is: "plain", port: Number(new URL(url).port) }));
    } catch {
      return null;
    }
  }

  /** Null where the connection is closed before the answer is whole. */
  async ask(line: string, body: string): Promise<RawAnswer | null> {
    const fields = body === "" ? "" : `Content-Length: ${body.length}\r\n`;
    this.#connection.send(`${line} HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n${body}`);
    for (;;) {
      const { received: bytes, hasEnded } = this.#connection;
      const answer = readAnswer({ bytes, start: this.#readTo, isHead: false, hasEnded });
      if (answer !== null) {
        this.#readTo = answer.end;
        return answer;
      }
      if (hasEnded) return null;
      await this.#connection.more();
    }
  }

  close(): void {
    this.#connection.close();
  }
}
