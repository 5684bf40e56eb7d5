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
 */
export async function* lineGroups(
  stream: ReadableStream<Uint8Array>,
  ending: "line" | "cut",
): AsyncGenerator<readonly string[], void> {
  const reader = stream.getReader();
  const streaming = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
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
    // A stream that has failed is over already, and says so once more.
    await reader.cancel().catch(() => {});
  }
}

function isFilled(line: string): boolean {
  return line !== "";
}
