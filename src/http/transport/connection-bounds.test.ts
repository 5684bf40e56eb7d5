import { describe, expect, test } from "bun:test";
import { connectionBounds, openFilesMax } from "./connection-bounds.ts";

describe("connections that may be open", () => {
  test("are as many as are asked for, where the system lets the process open far more files", () => {
    expect(connectionBounds(20_000, 65_536)).toEqual({ open: 20_000, turnedAway: 1000, isSystems: false });
  });

  test("are as many as are asked for, where the system does not tell", () => {
    expect(connectionBounds(20_000, null)).toEqual({ open: 20_000, turnedAway: 1000, isSystems: false });
  });

  test("leave files to the store, and to those who are turned away", () => {
    expect(connectionBounds(20_000, 1024)).toEqual({ open: 840, turnedAway: 120, isSystems: true });
    expect(connectionBounds(20_000, 64)).toEqual({ open: 28, turnedAway: 4, isSystems: true });
  });

  test("are the system's as soon as one fewer fits than is asked for", () => {
    expect(connectionBounds(840, 1024).isSystems).toBe(false);
    expect(connectionBounds(841, 1024)).toMatchObject({ open: 840, isSystems: true });
  });

  test.skipIf(process.platform !== "linux")("are known by the limit of this process", () => {
    expect(openFilesMax()).toBeGreaterThan(16);
  });
});
