// What a connection needs of the socket below it, plain, TLS or Unix; tests put one of their own in its place.

export interface WireSocket {
  /** IP address of the peer; null where the socket has none. */
  readonly remoteAddress: string | null;
  /** Hands bytes to the system, and returns how many it took: fewer than all when the peer is slow, none when it has gone. */
  write(bytes: Uint8Array, offset: number, length: number): number;
  /** Sends no more; what the peer sends is still read. */
  shutdown(): void;
  /** Ends the connection once what was written has been sent. */
  close(): void;
  /** Ends the connection at once, such that the peer takes what it has for incomplete. */
  terminate(): void;
  /** Reads nothing until resume(); how the system tells the peer to wait. */
  pause(): void;
  resume(): void;
}
