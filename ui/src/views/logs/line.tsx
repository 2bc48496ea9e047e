import { memo } from '../../parts/memo';
import { setQuery } from '../../app/router';
import { Button } from '../../parts/button';
import { copyText } from '../../parts/copy';
import { clock, dateTime } from '../../text/time';
import { visible } from '../../text/visible';
import type { Row } from './buffer';
import type { Entry } from './entry';
import { t } from './text';

interface LineProps {
  row: Row;
  open: boolean;
  tabbable: boolean;
  onToggle: (id: number) => void;
}

/** One line; pressed, it shows all that is in it. */
export const Line = memo(function Line({ row, open, tabbable, onToggle }: LineProps) {
  if (row.kind === 'gap') {
    return (
      <div class="log-gap" data-id={row.id}>
        <span>{t(row.gap)}</span>
      </div>
    );
  }
  const { at, level, subsystem, message } = row.entry;
  const time = at === null ? '' : clock(at);
  // Selecting text with the mouse must not open the line.
  const pressed = () => getSelection()?.isCollapsed !== false && onToggle(row.id);
  return (
    <div class={level ? `log-line level-${level}` : 'log-line'} data-id={row.id}>
      <div class="log-main" onClick={pressed}>
        <button
          type="button"
          class="log-open"
          tabIndex={tabbable ? 0 : -1}
          aria-expanded={open}
          aria-label={at === null ? t('detailsNoTime') : t('details', { time })}
          title={at === null ? undefined : dateTime(at)}
        >
          {time || '–'}
        </button>
        <span class="log-level">{level ? t(level) : ''}</span>
        <span class="log-subsystem">{subsystem ?? ''}</span>
        <span class="log-message">{message}</span>
      </div>
      {open && <Detail entry={row.entry} />}
    </div>
  );
});

function Detail({ entry }: { entry: Entry }) {
  return (
    <div class="log-detail">
      <pre>{visible(pretty(entry.raw), { lines: true })}</pre>
      <div class="row">
        <Button size="small" icon="copy" onClick={() => void copyText(entry.raw, null)}>
          {t('copyLine')}
        </Button>
        {entry.subsystem !== null && (
          <Button size="small" icon="filter" onClick={() => setQuery({ subsystem: entry.subsystem })}>
            {t('onlySubsystem', { subsystem: entry.subsystem })}
          </Button>
        )}
      </div>
    </div>
  );
}

function pretty(raw: string): string {
  try {
    return JSON.stringify(JSON.parse(raw), null, 2);
  } catch {
    return raw;
  }
}
