import { describe, expect, test } from "bun:test";
import { connectionBounds, openFilesMax } from "./connection-bounds.ts";

describe("connections that may be open", () => {
  test("are as many as are asked for, where the system lets the process open far more files", () => {
    expect(connectionBounds({ asked: 20_000, filesMax: 65_536, servers: 1 })).toEqual({
      open: 20_000,
      turnedAway: 1000,
      isSystems: false,
    });
  });

  test("are as many as are asked for, where the system does not tell", () => {
    expect(connectionBounds({ asked: 20_000, filesMax: null, servers: 1 })).toEqual({
      open: 20_000,
      turnedAway: 1000,
      isSystems: false,
    });
  });

  test("leave files to the store, and to those who are turned away", () => {
    expect(connectionBounds({ asked: 20_000, filesMax: 1024, servers: 1 })).toEqual({
      open: 840,
      turnedAway: 120,
      isSystems: true,
    });
    expect(connectionBounds({ asked: 20_000, filesMax: 64, servers: 1 })).toEqual({
      open: 28,
      turnedAway: 4,
      isSystems: true,
    });
  });

  test("leave files to each further thread that serves, for its own view of the store", () => {
    expect(connectionBounds({ asked: 20_000, filesMax: 1024, servers: 9 })).toMatchObject({
      open: 798,
      turnedAway: 114,
    });
  });

  test("are the system's as soon as one fewer fits than is asked for", () => {
    expect(connectionBounds({ asked: 840, filesMax: 1024, servers: 1 }).isSystems).toBe(false);
    expect(connectionBounds({ asked: 841, filesMax: 1024, servers: 1 })).toMatchObject({ open: 840, isSystems: true });
  });

  test.skipIf(process.platform !== "linux")("are known by the limit of this process", () => {
    expect(openFilesMax()).toBeGreaterThan(16);
  });
});
