import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { href, route, setQuery } from '../../app/router';
import { useResource } from '../../gateway/resource';
import { call, has, live, on } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { download } from '../../parts/download';
import { SelectField, TextField } from '../../parts/field';
import { Page } from '../../parts/page';
import { AsOf, Chip, Empty, Load, Notice } from '../../parts/states';
import type { Tone } from '../../parts/states';
import { Ago } from '../../parts/time';
import { ShortWords } from '../../parts/words';
import { redact } from '../../text/mask';
import { dateTime } from '../../text/time';
import { visible } from '../../text/visible';
import { RESULTS, isDeviceId, merge, readEntries, readEntry } from './entry';
import type { Entry, Result } from './entry';
import { toCsv, toJson } from './export';
import { GROUPS, GROUP_NAMES, filterEntries, isFiltering, parseFilter } from './filter';
import type { Filter } from './filter';
import { startTabActivity, tabEntries } from './tab';
import { kindWords, t } from './text';
import './activity.css';

/** Lines of one call. */
const LIMIT = 100;

export function Activity() {
  const kept = live.value ? has('audit.list') : true;
  return kept ? <Recorded /> : <OfThisTab />;
}

function kindsOf(filter: Filter): { kinds?: readonly string[] } {
  return filter.group === null ? {} : { kinds: GROUPS[filter.group] };
}

interface Loaded {
  readonly entries: readonly Entry[];
  /** Nothing is older than what is here. */
  readonly whole: boolean;
}

function Recorded() {
  const filter = parseFilter(route.value.query);
  const asked = kindsOf(filter);
  const busy = useSignal(false);
  const lines = useResource<Loaded>({
    key: `activity:${filter.group ?? ''}`,
    method: 'audit.list',
    scope: 'operator.admin',
    load: async () => {
      const entries = readEntries(await call('audit.list', { limit: LIMIT, ...asked } as never));
      return { entries, whole: entries.length < LIMIT };
    },
  });
  useEffect(
    () =>
      on('audit.appended' as Parameters<typeof on>[0], (payload: unknown) => {
        const entry = readEntry(payload);
        if (entry) lines.mutate((now) => ({ ...now, entries: merge([entry], now.entries) }));
      }),
    [],
  );
  const older = async () => {
    const last = lines.data?.entries.at(-1);
    if (!last || busy.peek()) return;
    busy.value = true;
    try {
      const more = readEntries(await call('audit.list', { limit: LIMIT, before: last.id, ...asked } as never));
      lines.mutate((now) => ({ entries: merge(now.entries, more), whole: more.length < LIMIT || more.every(({ id }) => id >= last.id) }));
    } catch (error) {
      toast(error instanceof Error ? error.message : String(error), { bad: true });
    } finally {
      busy.value = false;
    }
  };
  return (
    <Page title={t('title')} sentence={t('sentence')} action={<AsOf of={lines} />}>
      <Load of={lines} lines={10}>
        {({ entries, whole }) => (
          <List entries={entries} filter={filter} verify={has('audit.verify')}>
            {whole ? (
              <span class="small muted">{t('allLoaded')}</span>
            ) : (
              <Button onClick={() => void older()} disabled={busy.value || !live.value}>
                {t('older')}
              </Button>
            )}
          </List>
        )}
      </Load>
    </Page>
  );
}

function OfThisTab() {
  useEffect(startTabActivity, []);
  return (
    <Page title={t('title')} sentence={t('sentence')}>
      <Notice tone="info">
        <span>{t('tabOnly')}</span>
      </Notice>
      <List entries={tabEntries.value} filter={parseFilter(route.value.query)} />
    </Page>
  );
}

interface ListProps {
  entries: readonly Entry[];
  filter: Filter;
  verify?: boolean;
  children?: ComponentChildren;
}

function List({ entries, filter, verify, children }: ListProps) {
  const shown = filterEntries(entries, filter, (entry) => words(entry));
  const opened = useSignal<Entry | null>(null);
  const save = (kind: 'json' | 'csv') => {
    const name = `openclaw-activity-${new Date().toISOString().slice(0, 10)}.${kind}`;
    if (kind === 'json') download(name, 'application/json', toJson(shown));
    else download(name, 'text/csv', toCsv(shown));
  };
  return (
    <div class="stack">
      <Filters filter={filter} />
      <div class="row">
        <span class="small muted">{isFiltering(filter) ? t('shownOf', { shown: shown.length, n: entries.length }) : t('shown', { n: entries.length })}</span>
        {isFiltering(filter) && (
          <Button kind="quiet" size="small" icon="close" onClick={clearFilters}>
            {t('clearFilters')}
          </Button>
        )}
        <span class="grow" />
        {verify && (
          <Button icon="check" disabled={!live.value} onClick={() => void verifyRecord()}>
            {t('verify')}
          </Button>
        )}
        <Button icon="download" disabled={shown.length === 0} onClick={() => save('csv')}>
          {t('exportCsv')}
        </Button>
        <Button icon="download" disabled={shown.length === 0} onClick={() => save('json')}>
          {t('exportJson')}
        </Button>
      </div>
      {shown.length === 0 ? (
        <div class="card">
          <Empty icon="activity" title={entries.length === 0 ? t('empty') : t('noMatch')}>
            {entries.length === 0 ? <span>{t('emptyHint')}</span> : <Button onClick={clearFilters}>{t('clearFilters')}</Button>}
          </Empty>
        </div>
      ) : (
        <div class="card table-box">
          <table class="table cards activity">
            <caption class="visually-hidden">{t('list')}</caption>
            <thead>
              <tr>
                <th scope="col">{t('action')}</th>
                <th scope="col">{t('time')}</th>
                <th scope="col">{t('actor')}</th>
                <th scope="col">{t('object')}</th>
                <th scope="col">{t('from')}</th>
                <th scope="col">{t('result')}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((entry) => (
                <Line key={entry.id} entry={entry} onOpen={() => (opened.value = entry)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {shown.length > 0 && <div class="row">{children}</div>}
      {opened.value && <Details entry={opened.value} onClose={() => (opened.value = null)} />}
    </div>
  );
}

const TONES: Readonly<Record<Exclude<Result, 'ok'>, Tone>> = { denied: 'bad', expired: 'warn' };

function words(entry: Entry): string {
  return kindWords(entry.kind) ?? visible(entry.kind);
}

function Line({ entry, onOpen }: { entry: Entry; onOpen: () => void }) {
  return (
    <tr>
      <th scope="row">
        <button type="button" class="link" aria-haspopup="dialog" onClick={onOpen}>
          {words(entry)}
        </button>
      </th>
      <td data-label={t('time')}>
        <Ago at={entry.at} />
      </td>
      <td data-label={t('actor')}>
        <Actor entry={entry} />
      </td>
      <td data-label={t('object')} class={entry.object === null ? 'none' : undefined}>
        <Who id={entry.object} name={entry.objectName} />
      </td>
      <td data-label={t('from')} class="nowrap">
        {entry.ip === null ? <span class="muted">{t('thisMachine')}</span> : visible(entry.ip)}
      </td>
      <td data-label={t('result')}>
        {entry.result === 'ok' ? <span class="muted">{t('ok')}</span> : <Chip tone={TONES[entry.result]}>{t(entry.result)}</Chip>}
      </td>
    </tr>
  );
}

function Actor({ entry }: { entry: Entry }) {
  if (entry.actor === 'gateway') return <span class="muted">{t('byGateway')}</span>;
  if (entry.actor === 'control') return <span>{t('byControl')}</span>;
  return <Who id={entry.actor} name={entry.actorName} />;
}

/** A device by its name and words, anything else by what it is called on the wire. */
function Who({ id, name }: { id: string | null; name: string | null }) {
  if (!id) return <span class="faint">–</span>;
  if (!isDeviceId(id)) return <span class="break">{visible(name ?? (id.length > 24 ? `${id.slice(0, 8)}…` : id))}</span>;
  return (
    <span class="stack tight">
      <a href={href(`/devices/${id}`)}>{name === null ? <ShortWords id={id} /> : visible(name)}</a>
      {name !== null && (
        <span class="caption muted">
          <ShortWords id={id} />
        </span>
      )}
    </span>
  );
}

function Details({ entry, onClose }: { entry: Entry; onClose: () => void }) {
  const { id, at, kind, actor, object, ip, result, detail } = entry;
  return (
    <Dialog title={words(entry)} onClose={onClose} wide>
      <dl class="facts">
        <dt>{t('time')}</dt>
        <dd>{dateTime(at)}</dd>
        <dt>{t('result')}</dt>
        <dd>{t(result)}</dd>
        <dt>{t('actor')}</dt>
        <dd>
          <code class="break">{visible(actor || '–')}</code>
        </dd>
        <dt>{t('object')}</dt>
        <dd>
          <code class="break">{visible(object ?? '–')}</code>
        </dd>
        <dt>{t('from')}</dt>
        <dd>{ip === null ? t('thisMachine') : visible(ip)}</dd>
        <dt>{t('kind')}</dt>
        <dd>
          <code>{visible(kind)}</code>
        </dd>
        {id > 0 && (
          <>
            <dt>{t('number')}</dt>
            <dd>{id}</dd>
          </>
        )}
      </dl>
      {detail !== null && <pre class="block">{visible(JSON.stringify(redact(detail), null, 2), { lines: true })}</pre>}
      <div class="row end">
        <Button data-autofocus="" onClick={onClose}>
          {t('close')}
        </Button>
      </div>
    </Dialog>
  );
}

function clearFilters(): void {
  setQuery({ kind: null, result: null, q: null });
}

function Filters({ filter }: { filter: Filter }) {
  return (
    <div class="filters" role="search" aria-label={t('filters')}>
      <TextField
        label={t('text')}
        search
        placeholder={t('textPlaceholder')}
        data-filter=""
        value={filter.text}
        spellcheck={false}
        onInput={(event) => setQuery({ q: event.currentTarget.value })}
      />
      <SelectField
        label={t('group')}
        value={filter.group ?? ''}
        options={[['', t('allGroups')], ...GROUP_NAMES.map((group) => [group, t(group)] as const)]}
        onChange={(kind) => setQuery({ kind })}
      />
      <SelectField
        label={t('result')}
        value={filter.result ?? ''}
        options={[['', t('allResults')], ...RESULTS.map((result) => [result, t(result)] as const)]}
        onChange={(result) => setQuery({ result })}
      />
    </div>
  );
}

async function verifyRecord(): Promise<void> {
  try {
    const verdict = (await call('audit.verify', {})) as { ok?: boolean; lines?: number; fault?: { seq?: number; reason?: string } | null };
    if (verdict.ok) toast(t('verified', { n: verdict.lines ?? 0 }));
    else toast(t('notVerified', { line: verdict.fault?.seq ?? 0, reason: verdict.fault?.reason ?? '' }), { bad: true });
  } catch (error) {
    toast(error instanceof Error ? error.message : String(error), { bad: true });
  }
}
