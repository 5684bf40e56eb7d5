// Which address counts as the client's, where proxies say what they were asked by.
import { expect, test } from "bun:test";
import { ClientAddresses } from "./client-address.ts";

function asked(peer: string | null, forwarded: string | null = null) {
  return { remoteAddress: peer, header: (name: string) => (name === "X-Forwarded-For" ? forwarded : null) };
}

const PROXIES = ["10.0.0.0/8", "2001:db8::1"];

test.each([
  ["203.0.113.9", null, "203.0.113.9"],
  ["203.0.113.9", "198.51.100.7", "203.0.113.9"],
  ["10.1.2.3", "198.51.100.7", "198.51.100.7"],
  ["::ffff:10.1.2.3", "198.51.100.7", "198.51.100.7"],
  ["2001:db8::1", "198.51.100.7", "198.51.100.7"],
  ["10.1.2.3", "1.2.3.4, 198.51.100.7, 10.9.9.9", "198.51.100.7"],
  ["10.1.2.3", "198.51.100.7:5000", "198.51.100.7"],
  ["10.1.2.3", "[2001:db8::9]:5000, [2001:db8::1]", "2001:db8::9"],
  ["10.1.2.3", "10.0.0.1, 10.0.0.2", "10.1.2.3"],
  ["10.1.2.3", "198.51.100.7, junk", "10.1.2.3"],
  ["10.1.2.3", "", "10.1.2.3"],
  ["10.1.2.3", null, "10.1.2.3"],
  [null, "198.51.100.7", null],
])("%s with X-Forwarded-For %s is %s", (peer, forwarded, expected) => {
  expect(new ClientAddresses(PROXIES).of(asked(peer, forwarded))).toBe(expected);
});

test("without proxies the field is of no meaning", () => {
  expect(new ClientAddresses([]).of(asked("10.1.2.3", "198.51.100.7"))).toBe("10.1.2.3");
});

test.each([
  ["198.51.100.7", "198.51.100.7"],
  ["::ffff:198.51.100.7", "198.51.100.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2"],
  ["2001:DB8:0001:0002::6", "2001:db8:1:2"],
  ["2001:db8::6", "2001:db8:0:0"],
  ["::1", "0:0:0:0"],
  ["fe80::1%eth0", "fe80:0:0:0"],
  [null, "unix"],
])("%s is counted as %s", (peer, expected) => {
  expect(new ClientAddresses([]).networkOf(asked(peer))).toBe(expected);
});
