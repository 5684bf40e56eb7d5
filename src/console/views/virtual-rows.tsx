// Draws the rows of a long list that are on the screen, and some around them, however many there are in all. Where rows stand
// is model/scroll-map.ts's; here is what the browser has to do with it.
import { useSignal } from "@preact/signals";
import type { ComponentChildren, HTMLAttributes } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { after } from "../browser.ts";
import { elementHeight, reveal, type ScrollMap, type ScrollSize, scrolled, settled } from "../model/scroll-map.ts";

const AROUND_ROWS = 8;
const QUIET_MS = 160;

interface VirtualRowsProps {
  readonly count: number;
  readonly rowHeight: number;
  /** The row to be kept on the screen; null for none. */
  readonly shown: number | null;
  readonly onRange: (from: number, to: number) => void;
  readonly draw: (from: number, to: number) => ComponentChildren;
  /** Of the element that scrolls. */
  readonly attributes: HTMLAttributes<HTMLDivElement>;
  /** Draws anew where it is another. */
  readonly version: number;
  /** Begins at the top where it is another. */
  readonly identity: string;
}

export function VirtualRows(props: VirtualRowsProps) {
  const { count, rowHeight, shown, onRange, draw, attributes, identity } = props;
  const element = useRef<HTMLDivElement>(null);
  const quiet = useRef<() => void>(() => {});
  const map = useSignal<ScrollMap>({ top: 0, place: 0 });
  const viewHeight = useSignal(600);
  const size: ScrollSize = { listHeight: count * rowHeight, viewHeight: viewHeight.value };
  const move = (to: ScrollMap) => {
    map.value = to;
    if (element.current !== null && element.current.scrollTop !== to.place) element.current.scrollTop = to.place;
  };
  useLayoutEffect(() => watchHeight(element.current, viewHeight), []);
  useLayoutEffect(() => move({ top: 0, place: 0 }), [identity]);
  useLayoutEffect(() => {
    const measured = { ...size, viewHeight: element.current?.clientHeight ?? size.viewHeight };
    if (shown !== null) move(reveal(map.peek(), { top: shown * rowHeight, height: rowHeight }, measured));
  }, [shown, identity]);
  const from = Math.max(0, Math.floor(map.value.top / rowHeight) - AROUND_ROWS);
  const to = Math.min(count, Math.ceil((map.value.top + viewHeight.value) / rowHeight) + AROUND_ROWS);
  useEffect(() => onRange(from, to), [from, to, identity]);
  const onScroll = () => {
    const place = element.current?.scrollTop ?? 0;
    if (place !== map.peek().place) map.value = scrolled(map.peek(), place, size);
    quiet.current();
    quiet.current = after(QUIET_MS, () => move(settled(map.peek(), size)));
  };
  const sliceTop = map.value.place + from * rowHeight - map.value.top;
  return (
    <div {...attributes} ref={element} onScroll={onScroll}>
      <div class="spacer" role="presentation" style={{ height: `${elementHeight(size)}px` }}>
        <div class="slice" role="presentation" style={{ transform: `translateY(${sliceTop}px)` }}>
          {draw(from, to)}
        </div>
      </div>
    </div>
  );
}

function watchHeight(element: HTMLElement | null, height: { value: number }): () => void {
  if (element === null) return () => {};
  const observer = new ResizeObserver(() => {
    height.value = element.clientHeight;
  });
  observer.observe(element);
  height.value = element.clientHeight;
  return () => observer.disconnect();
}
