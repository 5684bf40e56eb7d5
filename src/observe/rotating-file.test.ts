// Tests of rotating-file.ts.
import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RotatingFile } from "./rotating-file.ts";

let directory: string;
let path: string;
let complaints: string[];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "keyhold-rotating-"));
  path = join(directory, "error.log");
  complaints = [];
});
afterEach(() => rmSync(directory, { recursive: true }));

/** Lines in these tests are ten bytes; two fill a file. */
function open(options: { readonly fileBytesMax?: number; readonly keptFiles?: number } = {}): RotatingFile {
  const complain = (sentence: string) => complaints.push(sentence);
  return new RotatingFile({ path, fileBytesMax: 20, keptFiles: 2, complain, ...options });
}

function line(number: number): string {
  return `line ${String(number).padStart(4, "0")}\n`;
}

function appendLines(file: RotatingFile, first: number, last: number): void {
  for (let number = first; number <= last; number++) file.append(line(number));
}

/** Every file in the directory, by name. */
function contents(): Record<string, string> {
  const names = readdirSync(directory).toSorted();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(directory, name), "utf8")]));
}

test("no file is made before the first line", () => {
  open().close();
  expect(contents()).toEqual({});
});

test("a file that is exactly full is not rotated, one line more rotates it", () => {
  const file = open();
  appendLines(file, 1, 2);
  expect(contents()).toEqual({ "error.log": line(1) + line(2) });
  appendLines(file, 3, 3);
  expect(contents()).toEqual({ "error.log": line(3), "error.log.1": line(1) + line(2) });
});

test("no more files are kept than asked for, the youngest ones", () => {
  appendLines(open(), 1, 9);
  expect(contents()).toEqual({
    "error.log": line(9),
    "error.log.1": line(7) + line(8),
    "error.log.2": line(5) + line(6),
  });
});

test("with none kept the file starts over", () => {
  appendLines(open({ keptFiles: 0 }), 1, 3);
  expect(contents()).toEqual({ "error.log": line(3) });
});

test("what a file held before this process counts", () => {
  writeFileSync(path, line(1) + line(2));
  appendLines(open(), 3, 3);
  expect(contents()).toEqual({ "error.log": line(3), "error.log.1": line(1) + line(2) });
});

test("a line longer than a file stands alone and whole", () => {
  const file = open();
  const long = `${"x".repeat(50)}\n`;
  for (const each of [line(1), long, line(2)]) file.append(each);
  expect(contents()).toEqual({ "error.log": line(2), "error.log.1": long, "error.log.2": line(1) });
});

test("an empty file is not put aside for a line that is too long for it", () => {
  open().append(`${"x".repeat(50)}\n`);
  expect(Object.keys(contents())).toEqual(["error.log"]);
});

test("size is counted in bytes, not in characters", () => {
  const file = open();
  file.append("ééééé\n");
  file.append("ééééé\n");
  expect(Object.keys(contents())).toEqual(["error.log", "error.log.1"]);
});

test("the file is for its owner only, and so is a directory made for it", () => {
  path = join(directory, "new", "error.log");
  appendLines(open(), 1, 1);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, "new")).mode & 0o777).toBe(0o700);
});

test("after another program moved the file away, reopen goes on in a new one", () => {
  const file = open({ fileBytesMax: 1000 });
  appendLines(file, 1, 1);
  renameSync(path, join(directory, "moved"));
  appendLines(file, 2, 2);
  file.reopen();
  appendLines(file, 3, 3);
  expect(contents()).toEqual({ "error.log": line(3), moved: line(1) + line(2) });
});

test("what cannot be written is dropped without an error and told once, again after reopen", () => {
  mkdirSync(path);
  const file = open();
  appendLines(file, 1, 3);
  expect(complaints.length).toBe(1);
  expect(complaints[0]).toStartWith(`Cannot write the error log "${path}": EISDIR`);
  file.reopen();
  appendLines(file, 4, 4);
  expect(complaints.length).toBe(2);
  rmSync(path, { recursive: true });
  appendLines(file, 5, 5);
  expect(contents()).toEqual({ "error.log": line(5) });
});

test("where the old file cannot be put aside, lines are dropped rather than the file growing", () => {
  mkdirSync(join(directory, "error.log.1"));
  writeFileSync(join(directory, "error.log.1", "inside"), "");
  const file = open({ keptFiles: 1 });
  appendLines(file, 1, 5);
  expect(readFileSync(path, "utf8")).toBe(line(1) + line(2));
  expect(complaints.length).toBe(1);
});

test.if(existsSync("/dev/full"))("a full disk is told once; a device is neither rotated nor cut", () => {
  path = join(directory, "device.log");
  symlinkSync("/dev/full", path);
  appendLines(open(), 1, 5);
  expect(complaints.length).toBe(1);
  expect(complaints[0]).toContain("ENOSPC");
  expect(readdirSync(directory)).toEqual(["device.log"]);
});

test("a link such as /dev/stderr is written through and never renamed", () => {
  const target = join(directory, "target");
  closeSync(openSync(target, "w"));
  chmodSync(target, 0o644);
  symlinkSync(target, path);
  appendLines(open(), 1, 5);
  expect(readdirSync(directory).toSorted()).toEqual(["error.log", "target"]);
  expect(readFileSync(target, "utf8")).toBe([1, 2, 3, 4, 5].map(line).join(""));
});
