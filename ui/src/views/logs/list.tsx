// The lines themselves: a window of a long list, that follows its end until the person scrolls up.

import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { Button } from '../../parts/button';
import type { Buffer, Row } from './buffer';
import { Line } from './line';
import { t } from './text';
import { offsetsOf, rowAt, windowAt } from './window';

interface LogListProps {
  rows: readonly Row[];
  older: Buffer['older'];
  /** Whether the buffer dropped what was before. */
  full: boolean;
  loadingOlder: boolean;
  onOlder: () => void;
  wrap: boolean;
  following: boolean;
  onFollowing: (following: boolean) => void;
  fresh: number;
}

/** Nearness to the end, in pixels, that counts as the end. */
const AT_END = 24;
/** Nearness to the start that asks for older lines. */
const AT_START = 120;

export function LogList({ rows, older, full, loadingOlder, onOlder, wrap, following, onFollowing, fresh }: LogListProps) {
  const box = useRef<HTMLDivElement>(null);
  const heights = useRef(new Map<number, number>());
  const guess = useRef(28);
  const anchor = useRef<{ id: number; delta: number } | null>(null);
  const open = useSignal<ReadonlySet<number>>(new Set());
  const current = useSignal<number | null>(null);
  const view = useSignal({ top: 0, height: 600 });
  const measured = useSignal(0);

  const ids = useMemo(() => rows.map(({ id }) => id), [rows]);
  const offsets = useMemo(() => offsetsOf(ids, heights.current, guess.current), [ids, measured.value, wrap]);
  const [from, to] = windowAt(offsets, following ? (offsets.at(-1) ?? 0) : view.value.top, view.value.height);
  const start = following ? Math.max(0, Math.min(from, rowAt(offsets, (offsets.at(-1) ?? 0) - view.value.height) - 4)) : from;

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    let width = element.clientWidth;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth !== width) heights.current.clear();
      width = element.clientWidth;
      view.value = { top: element.scrollTop, height: element.clientHeight };
      measured.value += 1;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    heights.current.clear();
    measured.value += 1;
  }, [wrap]);

  // Measures what exists, then keeps the end, or the line that was on top, where it is.
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    let changed = false;
    for (const row of element.querySelectorAll<HTMLElement>('[data-id]')) {
      const id = Number(row.dataset['id']);
      const { height } = row.getBoundingClientRect();
      if (height > 0 && heights.current.get(id) !== height) {
        heights.current.set(id, height);
        changed = true;
      }
    }
    if (changed) measured.value += 1;
    if (following) element.scrollTop = element.scrollHeight;
    else if (anchor.current) {
      const index = rows.findIndex(({ id }) => id === anchor.current?.id);
      const wanted = (offsets[index] ?? 0) + head(element) + anchor.current.delta;
      if (index >= 0 && Math.abs(element.scrollTop - wanted) > 1) element.scrollTop = wanted;
    }
  });

  const scrolled = () => {
    const element = box.current;
    if (!element) return;
    const top = element.scrollTop;
    const atEnd = element.scrollHeight - top - element.clientHeight < AT_END;
    const index = rowAt(offsets, top - head(element));
    const row = rows[index];
    anchor.current = row ? { id: row.id, delta: top - head(element) - (offsets[index] ?? 0) } : null;
    view.value = { top, height: element.clientHeight };
    if (atEnd !== following) onFollowing(atEnd);
    if (!atEnd && top < AT_START && older) onOlder();
  };

  const toEnd = () => {
    onFollowing(true);
    box.current?.focus();
  };

  const move = (event: KeyboardEvent) => {
    const lines = rows.filter(({ kind }) => kind === 'line');
    if (event.key === 'End' && event.target === box.current) {
      onFollowing(true);
      return;
    }
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step === 0 || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = lines.findIndex(({ id }) => id === current.value);
    const inside = event.target !== box.current && at >= 0;
    const next = lines[inside ? at + step : lines.findIndex(({ id }) => id === rows[rowAt(offsets, view.value.top + view.value.height - head(box.current)) ]?.id)] ?? lines.at(-1);
    if (!next) return;
    event.preventDefault();
    current.value = next.id;
    focusRow(next.id);
  };

  /** Brings a row into the document and into sight, and puts the focus on it. */
  const focusRow = (id: number) => {
    const element = box.current;
    const index = ids.indexOf(id);
    if (!element || index < 0) return;
    const existing = element.querySelector<HTMLElement>(`[data-id="${id}"] button`);
    if (!existing) element.scrollTop = (offsets[index] ?? 0) + head(element);
    requestAnimationFrame(() => {
      const button = element.querySelector<HTMLElement>(`[data-id="${id}"] button`);
      button?.focus({ preventScroll: true });
      button?.closest('[data-id]')?.scrollIntoView({ block: 'nearest' });
    });
  };

  const toggle = (id: number) => {
    const next = new Set(open.value);
    if (!next.delete(id)) next.add(id);
    open.value = next;
    current.value = id;
  };

  const visible = rows.slice(start, to);
  return (
    <div class="log-frame">
      <div
        ref={box}
        class={wrap ? 'log wrap' : 'log'}
        role="log"
        aria-live="off"
        aria-label={t('log')}
        tabIndex={0}
        onScroll={scrolled}
        onKeyDown={move}
      >
        <div class="log-head">
          {older ? (
            <Button kind="quiet" size="small" icon="up" disabled={loadingOlder} onClick={onOlder}>
              {loadingOlder ? t('loadingOlder') : t('older')}
            </Button>
          ) : (
            <span class="caption muted">{full ? t('kept') : t('start')}</span>
          )}
        </div>
        <div style={{ height: `${offsets[start] ?? 0}px` }} />
        {visible.map((row) => (
          <Line key={row.id} row={row} open={open.value.has(row.id)} tabbable={row.id === current.value} onToggle={toggle} />
        ))}
        <div style={{ height: `${Math.max(0, (offsets.at(-1) ?? 0) - (offsets[to] ?? 0))}px` }} />
      </div>
      {!following && (
        <Button class="log-end" size="small" icon="down" onClick={toEnd}>
          {fresh > 0 ? t('newLines', { n: fresh }) : t('toEnd')}
        </Button>
      )}
    </div>
  );
}

/** Height of what stands above the first line. */
function head(element: HTMLElement | null): number {
  const first = element?.firstElementChild;
  return first instanceof HTMLElement ? first.offsetHeight : 0;
}
