// Tests of line-output.ts.
import { expect, test } from "bun:test";
import { LineOutput, WAITING_BYTES_MAX } from "./line-output.ts";

/** A reader that takes `room` bytes in all until it is given more; "gone" has closed its end. */
function openOutput() {
  const reader = { room: Number.POSITIVE_INFINITY, isGone: false, taken: "", chunkMax: Number.POSITIVE_INFINITY };
  const write = (bytes: Uint8Array, offset: number) => {
    if (reader.isGone) throw Object.assign(new Error("broken pipe"), { code: "EPIPE" });
    if (reader.room === 0) throw Object.assign(new Error("try again"), { code: "EAGAIN" });
    const count = Math.min(reader.room, reader.chunkMax, bytes.length - offset);
    reader.room -= count;
    reader.taken += Buffer.from(bytes.subarray(offset, offset + count)).toString("latin1");
    return count;
  };
  return { reader, output: new LineOutput({ write, droppedLine: (lines) => `dropped ${lines}\n` }) };
}

test("a write that takes a part is continued", () => {
  const { reader, output } = openOutput();
  reader.chunkMax = 3;
  output.write("a longer line\n");
  expect(reader.taken).toBe("a longer line\n");
});

test("what a slow reader does not take waits for the next write, in order", () => {
  const { reader, output } = openOutput();
  reader.room = 4;
  output.write("first\n");
  output.write("second\n");
  expect(reader.taken).toBe("firs");
  reader.room = 100;
  output.write("third\n");
  expect(reader.taken).toBe("first\nsecond\nthird\n");
});

test("up to the bound lines wait, beyond it they are dropped, counted and told of", () => {
  const { reader, output } = openOutput();
  reader.room = 0;
  const fill = `${"x".repeat(WAITING_BYTES_MAX - 1)}\n`;
  output.write(fill);
  output.write("a\n");
  output.write("b\nc\n");
  reader.room = Number.POSITIVE_INFINITY;
  output.write("after\n");
  expect(reader.taken.slice(fill.length)).toBe("dropped 3\nafter\n");
  expect(reader.taken.startsWith(fill)).toBe(true);
});

test("a reader that is gone is not an error, then or later", () => {
  const { reader, output } = openOutput();
  reader.isGone = true;
  output.write("lost\n");
  reader.isGone = false;
  output.write("also lost\n");
  expect(reader.taken).toBe("");
});
