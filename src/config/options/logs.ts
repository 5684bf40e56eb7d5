// What is logged, and where.
import { choice, errorLog, size, wholeNumber, yesOrNo } from "../formats.ts";
import { MiB, option } from "../option.ts";

export const LOGS = {
  errorLog: option(errorLog(), {
    name: "error-log",
    default: "in-store",
    group: "Logs",
    help: "File that warnings and errors are also appended to; none for no file; in-store for error.log in the store's directory, which memory: does not have",
  }),
  errorLogBytes: option(size({ least: 64 * 1024, most: 1024 * MiB }), {
    name: "error-log-size",
    default: "10MiB",
    group: "Logs",
    help: "The error log is rotated before it grows beyond this",
  }),
  errorLogKeptFiles: option(wholeNumber({ least: 0, most: 100 }), {
    name: "error-log-keep",
    default: "5",
    group: "Logs",
    help: "Rotated error logs that are kept: error.log.1 is the youngest",
  }),
  logFormat: option(choice(["auto", "json", "text"]), {
    name: "log-format",
    default: "auto",
    group: "Logs",
    help: "How log lines are written; auto is text on a terminal, else json",
  }),
  logLevel: option(choice(["debug", "info", "warn", "error"]), {
    name: "log-level",
    default: "info",
    group: "Logs",
    help: "Least important events that are logged",
  }),
  accessLog: option(yesOrNo(), {
    name: "access-log",
    default: "false",
    group: "Logs",
    help: "Write a line for each request to standard output, whatever the log level",
  }),
};
