import { useSignal } from '@preact/signals';
import { Button } from '../../parts/button';
import { TextField } from '../../parts/field';
import { Chip, Empty } from '../../parts/states';
import { redact } from '../../text/mask';
import { clock } from '../../text/time';
import { visible } from '../../text/visible';
import { Json } from './json';
import { KEPT_EVENTS, events } from './record';
import type { SeenEvent } from './record';
import { t } from './text';

/** Rows that exist at once. */
const SHOWN = 100;

export function Stream() {
  const filter = useSignal('');
  const frozen = useSignal<readonly SeenEvent[] | null>(null);
  const all = frozen.value ?? events.value;
  const wanted = filter.value.toLowerCase();
  const shown = all.filter(({ event, payload }) => wanted === '' || `${event} ${JSON.stringify(payload)}`.toLowerCase().includes(wanted));
  const missed = frozen.value === null ? 0 : events.value.filter(({ id }) => id > (frozen.value?.[0]?.id ?? 0)).length;
  return (
    <>
      <div class="filters" role="search" aria-label={t('filter')}>
        <TextField
          label={t('filter')}
          search
          data-filter=""
          placeholder={t('filterPlaceholder')}
          spellcheck={false}
          value={filter.value}
          onInput={(event) => (filter.value = event.currentTarget.value)}
        />
        <Button icon={frozen.value ? 'play' : 'pause'} onClick={() => (frozen.value = frozen.value ? null : events.value)}>
          {frozen.value ? t('resume') : t('pause')}
        </Button>
        <Button
          icon="trash"
          disabled={events.value.length === 0}
          onClick={() => {
            events.value = [];
            frozen.value = null;
          }}
        >
          {t('clear')}
        </Button>
      </div>
      <div class="row">
        {frozen.value && <Chip icon="pause">{t('paused', { n: missed })}</Chip>}
        <span class="small muted">{t('eventCount', { n: events.value.length, most: KEPT_EVENTS })}</span>
      </div>
      {shown.length === 0 ? (
        <div class="card">
          <Empty icon="debug" title={all.length === 0 ? t('eventsEmpty') : t('noMatch')}>
            {all.length === 0 && <span>{t('eventsHint')}</span>}
          </Empty>
        </div>
      ) : (
        <ol class="plain card debug-events" aria-label={t('stream')}>
          {shown.slice(0, SHOWN).map((one) => (
            <li key={one.id}>
              <details>
                <summary>
                  <span class="muted nowrap">{clock(one.at)}</span>
                  <strong class="mono">{visible(one.event)}</strong>
                  <code class="debug-peek">{visible(JSON.stringify(redact(one.payload)) ?? '')}</code>
                </summary>
                <Json value={one.payload} label={one.event} copy={t('copyEvent')} />
              </details>
            </li>
          ))}
        </ol>
      )}
    </>
  );
}
