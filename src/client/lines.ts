// Lines of text in bytes: of an answer that is there whole, and of one that is still coming.

const decoder = new TextDecoder();
const BREAK = 0x0a;

export function linesOf(bytes: Uint8Array): readonly string[] {
  return decoder.decode(bytes).split("\n").filter(isFilled);
}

/**
 * The lines of a stream, in the groups in which they come. The stream is cancelled when the caller goes.
 *
 * @param ending - what stands behind the last line break: "line" where it is one too, "cut" where it can only have been cut
 * @param signal - ends it, with its reason
 */
export async function* lineGroups(
  stream: ReadableStream<Uint8Array>,
  ending: "line" | "cut",
  signal?: AbortSignal,
): AsyncGenerator<readonly string[], void> {
  const reader = stream.getReader();
  // Not waited for, as some runtimes never say that it is done; and a stream that has failed only says so once more.
  const cancel = () => void reader.cancel().catch(() => {});
  // Under load Deno's fetch was seen to leave a read standing whose request had been aborted.
  signal?.addEventListener("abort", cancel, { once: true });
  const streaming = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) {
        if (ending === "line") yield [rest].filter(isFilled);
        return;
      }
      const text = streaming.decode(value, { stream: true });
      if (!value.includes(BREAK)) {
        rest += text;
        continue;
      }
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      yield lines.filter(isFilled);
    }
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

function isFilled(line: string): boolean {
  return line !== "";
}
