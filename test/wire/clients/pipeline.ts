// Requests that are sent in one piece, before any of them has been answered, as HTTP/1.1 allows; and their answers.
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

export interface PipelinedAnswer {
  readonly status: number;
  readonly body: string;
}

const HEAD_END = "\r\n\r\n";

/** @param requests - whole, of ASCII. Resolves to what came of the answers when the last has, or when the connection ends */
export function sendPipelined(origin: string, requests: readonly string[]): Promise<readonly PipelinedAnswer[]> {
  return new Promise((resolve, reject) => {
    const answers: PipelinedAnswer[] = [];
    let received = "";
    const socket = openSocket(new URL(origin), () => socket.write(requests.join("")));
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      received += text;
      for (let taken = takeAnswer(received); taken !== null; taken = takeAnswer(received)) {
        received = taken.rest;
        answers.push(taken.answer);
      }
      if (answers.length >= requests.length) socket.end();
    });
    socket.on("error", reject);
    socket.on("close", () => resolve(answers));
  });
}

function openSocket({ protocol, hostname, port }: URL, opened: () => void): Socket {
  const place = { host: hostname, port: Number(port) };
  if (protocol === "http:") return connect(place, opened);
  return connectTls({ ...place, rejectUnauthorized: false }, opened);
}

/** The first answer, with a Content-Length or without a body; null where it is not whole. */
function takeAnswer(text: string): { readonly answer: PipelinedAnswer; readonly rest: string } | null {
  const headEnd = text.indexOf(HEAD_END);
  if (headEnd < 0) return null;
  const head = text.slice(0, headEnd);
  const start = headEnd + HEAD_END.length;
  const end = start + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  if (text.length < end) return null;
  return { answer: { status: Number(head.slice(9, 12)), body: text.slice(start, end) }, rest: text.slice(end) };
}
