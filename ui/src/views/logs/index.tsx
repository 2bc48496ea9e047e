import { signal, useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { route } from '../../app/router';
import { announce } from '../../parts/announce';
import { Button } from '../../parts/button';
import { download } from '../../parts/download';
import { Check } from '../../parts/field';
import { Page } from '../../parts/page';
import { AsOf, Chip, Empty, Load } from '../../parts/states';
import { now } from '../../parts/time';
import type { Buffer, Row } from './buffer';
import { filterRows, isFiltering, parseFilter, subsystemsIn } from './filter';
import type { Filter } from './filter';
import { Filters, clearFilters } from './filters';
import { useLogs } from './follow';
import { LogList } from './list';
import { t } from './text';
import './logs.css';

/** Whether long lines are wrapped; stays for the tab. */
const wrap = signal(false);
/** Least time between two spoken summaries, in milliseconds. */
const QUIET = 10_000;

export function Logs() {
  const following = useSignal(true);
  const fresh = useSignal(0);
  const say = useSummary();
  const logs = useLogs((before, after) => {
    const added = linesAfter(before, after);
    if (!following.peek()) fresh.value += added.length;
    say(added);
  });
  const filter = parseFilter(route.value.query);
  return (
    <Page title={t('title')} sentence={t('sentence')} action={<AsOf of={logs} />}>
      <Load of={logs} lines={12}>
        {(buffer) => (
          <Lines
            buffer={buffer}
            filter={filter}
            following={following.value}
            onFollowing={(value) => {
              following.value = value;
              if (value) fresh.value = 0;
            }}
            fresh={fresh.value}
            loadingOlder={logs.loadingOlder}
            onOlder={logs.loadOlder}
          />
        )}
      </Load>
    </Page>
  );
}

interface LinesProps {
  buffer: Buffer;
  filter: Filter;
  following: boolean;
  onFollowing: (following: boolean) => void;
  fresh: number;
  loadingOlder: boolean;
  onOlder: () => void;
}

function Lines({ buffer, filter, following, onFollowing, fresh, loadingOlder, onOlder }: LinesProps) {
  // Only a span of time makes the clock matter, and ten seconds are exact enough for it.
  const clock = filter.span === null ? 0 : Math.floor(now.value / 10_000) * 10_000;
  const rows = useMemo(
    () => filterRows(buffer.rows, filter, clock),
    [buffer.rows, clock, filter.level, filter.subsystem, filter.text, filter.regex, filter.span],
  );
  const subsystems = useMemo(() => subsystemsIn(buffer.rows), [buffer.rows]);
  const all = count(buffer.rows);
  const shown = count(rows);
  return (
    <div class="stack">
      <Filters filter={filter} subsystems={subsystems} />
      <div class="row">
        {following ? <Chip tone="ok">{t('following')}</Chip> : <Chip icon="pause">{t('paused')}</Chip>}
        <span class="small muted">{isFiltering(filter) ? t('shownOf', { shown, n: all }) : t('shown', { n: all })}</span>
        {isFiltering(filter) && (
          <Button kind="quiet" size="small" icon="close" onClick={clearFilters}>
            {t('clearFilters')}
          </Button>
        )}
        <span class="grow" />
        <span class="log-wrap">
          <Check label={t('wrap')} checked={wrap.value} onChange={(value) => (wrap.value = value)} />
        </span>
        <Button icon="download" disabled={shown === 0} title={t('downloadCount', { n: shown })} onClick={() => save(rows)}>
          {t('download')}
        </Button>
      </div>
      {shown === 0 ? (
        <div class="card">
          <Empty icon="logs" title={all === 0 ? t('empty') : t('noMatch')}>
            {all === 0 ? <span>{t('emptyHint')}</span> : <Button onClick={clearFilters}>{t('clearFilters')}</Button>}
          </Empty>
        </div>
      ) : (
        <LogList
          rows={rows}
          older={buffer.older}
          full={buffer.rows[0]?.id !== undefined && buffer.rows[0].id > 0}
          loadingOlder={loadingOlder}
          onOlder={onOlder}
          wrap={wrap.value}
          following={following}
          onFollowing={onFollowing}
          fresh={fresh}
        />
      )}
      <p class="caption muted break">{t('inFile', { file: buffer.file })}</p>
    </div>
  );
}

function count(rows: readonly Row[]): number {
  return rows.reduce((sum, { kind }) => sum + (kind === 'line' ? 1 : 0), 0);
}

function linesAfter(before: Buffer, after: Buffer): readonly Row[] {
  const last = before.rows.at(-1)?.id ?? -1;
  return after.rows.filter(({ id, kind }) => id > last && kind === 'line');
}

function save(rows: readonly Row[]): void {
  const text = rows.map((row) => (row.kind === 'line' ? row.entry.raw : `# ${t(row.gap)}`)).join('\n');
  download(`openclaw-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.log`, 'application/x-ndjson', `${text}\n`);
}

/** Says to screen readers what came, at most every ten seconds. */
function useSummary(): (rows: readonly Row[]) => void {
  const waiting = useRef<{ lines: number; bad: number; timer: ReturnType<typeof setTimeout> | undefined }>({ lines: 0, bad: 0, timer: undefined });
  useEffect(() => () => clearTimeout(waiting.current.timer), []);
  return (rows) => {
    const sum = waiting.current;
    sum.lines += rows.length;
    sum.bad += rows.filter((row) => row.kind === 'line' && (row.entry.level === 'error' || row.entry.level === 'fatal')).length;
    sum.timer ??= setTimeout(() => {
      if (sum.lines > 0) announce(t('summary', { n: sum.lines, bad: sum.bad }));
      waiting.current = { lines: 0, bad: 0, timer: undefined };
    }, QUIET);
  };
}
