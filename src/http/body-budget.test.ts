// The budget of bodies in memory, at its bound.
import { expect, test } from "bun:test";
import { KeyholdError } from "../core/errors.ts";
import { BodyBudget } from "./body-budget.ts";

test("bodies that fill the budget are let through, and not a byte more", () => {
  const budget = new BodyBudget(10);
  budget.reserve(6, 0);
  budget.reserve(4, 0);
  expect(() => budget.reserve(1, 0)).toThrow(KeyholdError);
  expect(() => budget.reserve(0, 0)).not.toThrow();
});

test("a refused body takes nothing from the budget", () => {
  const budget = new BodyBudget(10);
  budget.reserve(6, 0);
  expect(() => budget.reserve(5, 0)).toThrow(KeyholdError);
  expect(() => budget.reserve(4, 0)).not.toThrow();
});

test("one body alone is let through in parts as well", () => {
  const budget = new BodyBudget(10);
  budget.reserve(8, 0);
  expect(() => budget.reserve(8, 8)).not.toThrow();
  expect(() => budget.reserve(1, 0)).toThrow(KeyholdError);
});

test("one body alone is let through whatever its length, so that no option makes a request impossible", () => {
  const budget = new BodyBudget(10);
  budget.reserve(11, 0);
  expect(budget.bytes).toBe(11);
  budget.release(11);
  expect(budget.bytes).toBe(0);
  expect(() => budget.reserve(11, 0)).not.toThrow();
});
