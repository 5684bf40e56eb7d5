import { describe, expect, test } from "bun:test";
import { DurationSamples, SAMPLES_MAX } from "./duration-samples.ts";

function taken(count: number) {
  const samples = new DurationSamples();
  for (let index = 0; index < count; index++) samples.note(index);
  return samples.take();
}

describe("samples of durations", () => {
  test.each([0, 1, SAMPLES_MAX - 1, SAMPLES_MAX])("are all of %d", (count) => {
    expect(taken(count)).toEqual({ durationsMs: Array.from({ length: count }, (_, index) => index), stride: 1 });
  });

  test.each([
    [SAMPLES_MAX + 1, 2],
    [2 * SAMPLES_MAX, 2],
    [2 * SAMPLES_MAX + 1, 4],
    [100 * SAMPLES_MAX, 128],
  ])("of %d are every %dth", (count, stride) => {
    const { durationsMs, stride: found } = taken(count);
    expect(found).toBe(stride);
    expect(durationsMs).toEqual(Array.from({ length: Math.ceil(count / stride) }, (_, index) => index * stride));
  });

  test("begin anew when they have been taken", () => {
    const samples = new DurationSamples();
    for (let index = 0; index < 1000; index++) samples.note(index);
    samples.take();
    samples.note(7);
    expect(samples.take()).toEqual({ durationsMs: [7], stride: 1 });
  });
});
