import { Fragment } from 'preact';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Notice } from '../parts/states';
import { closeOverlay } from './overlay';
import { t } from './overlays-text';
import { isApple } from './platform';
import { settings } from './settings';
import { VIEW_KEYS } from './shortcuts';
import { t as app } from './text';

export function Help() {
  const modifier = isApple() ? '⌘' : 'Ctrl';
  const alt = isApple() ? '⌥' : 'Alt';
  const views = Object.entries(VIEW_KEYS).flatMap(([key, view]) => (view ? [[['g', key], app(view)] as const] : []));
  return (
    <Dialog title={t('keys')} onClose={closeOverlay} wide>
      {settings.value.shortcuts ? (
        <p class="muted">{t('keysWhere')}</p>
      ) : (
        <Notice tone="info">
          <span>{t('keysOff')}</span>
        </Notice>
      )}
      <div class="key-columns">
        <div class="stack">
          <Keys
            title={t('anywhere')}
            rows={[
              [[modifier, 'K'], t('openPalette')],
              [['?'], t('openHelp')],
              [['/'], t('focusFilter')],
              [['.'], t('retryKey')],
              [[alt, 'A'], t('approvalPanel')],
              [['Tab'], t('skip')],
            ]}
          />
          <Keys
            title={t('inLists')}
            rows={[
              [['↑', '↓'], t('logLines')],
              [['Enter'], t('logOpen')],
              [['Esc'], t('escape')],
            ]}
          />
        </div>
        <Keys title={t('goTo')} rows={views} />
      </div>
      <div class="row end">
        <Button data-autofocus="" onClick={closeOverlay}>
          {t('close')}
        </Button>
      </div>
    </Dialog>
  );
}

function Keys({ title, rows }: { title: string; rows: readonly (readonly [readonly string[], string])[] }) {
  return (
    <table class="keys">
      <caption>{title}</caption>
      <thead class="visually-hidden">
        <tr>
          <th scope="col">{t('key')}</th>
          <th scope="col">{t('does')}</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(([keys, does]) => (
          <tr key={does}>
            <th scope="row">
              {keys.map((key, index) => (
                <Fragment key={key}>
                  {index > 0 && ' '}
                  <kbd>{key}</kbd>
                </Fragment>
              ))}
            </th>
            <td>{does}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
