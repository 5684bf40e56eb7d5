// A question to another thread, with the port that its answer comes by.

/** Resolves with the answer. Requires: `send` hands the port to who answers once, with what is asked for. */
export function ask<Answer>(send: (reply: MessagePort) => void): Promise<Answer> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = ({ data }: { readonly data: Answer }) => {
      port1.close();
      resolve(data);
    };
    send(port2);
  });
}

export function answer<Answer>(reply: MessagePort, data: Answer): void {
  reply.postMessage(data);
  reply.close();
}
