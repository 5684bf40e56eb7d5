// Bytes as hexadecimal digits and as characters, sixteen a line; only lines on the screen are drawn.
import { VirtualRows } from "./virtual-rows.tsx";

const LINE_BYTES = 16;
const LINE_HEIGHT = 20;

export function HexView({ bytes }: { readonly bytes: Uint8Array }) {
  if (bytes.length === 0) return <p class="quiet-text">The value is empty.</p>;
  return (
    <VirtualRows
      count={Math.ceil(bytes.length / LINE_BYTES)}
      rowHeight={LINE_HEIGHT}
      shown={null}
      version={0}
      identity={String(bytes.length)}
      onRange={() => {}}
      draw={(from, to) =>
        Array.from({ length: to - from }, (_, offset) => (
          <HexLine key={from + offset} bytes={bytes} line={from + offset} />
        ))
      }
      attributes={{ class: "hex", tabIndex: 0, role: "group", "aria-label": "Bytes" }}
    />
  );
}

function HexLine({ bytes, line }: { readonly bytes: Uint8Array; readonly line: number }) {
  const start = line * LINE_BYTES;
  const part = [...bytes.subarray(start, start + LINE_BYTES)];
  const digits = part.map((byte) => byte.toString(16).padStart(2, "0"));
  const left = digits.slice(0, 8).join(" ");
  const right = digits.slice(8).join(" ");
  return (
    <div class="hex-line">
      <span class="hex-place">{start.toString(16).padStart(8, "0")}</span>
      <span class="hex-digits">{`${left.padEnd(23)}  ${right.padEnd(23)}`}</span>
      <span class="hex-text">{part.map(toCharacter).join("")}</span>
    </div>
  );
}

function toCharacter(byte: number): string {
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·";
}
