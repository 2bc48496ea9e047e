import { useEffect, useState } from 'preact/hooks';
import { resetSettings } from '../../app/settings';
import { currentUrl, gateways } from '../../gateway/gateways';
import { forgetGateway } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { Card } from '../../parts/page';
import { bytes } from '../../text/time';
import { visible } from '../../text/visible';
import { listStored, removeStored } from './stored';
import type { StoredItem } from './stored';
import { t } from './text';

/** What the page keeps in this browser, and the ways to be rid of it. */
export function Stored() {
  const [items, setItems] = useState<readonly StoredItem[] | null>(null);
  const [asked, setAsked] = useState<StoredItem | 'all' | null>(null);
  const load = () => void listStored().then(setItems);
  useEffect(load, [currentUrl.value]);

  const remove = async (item: StoredItem) => {
    setAsked(null);
    const what = t(`what.${item.what}`);
    try {
      await removeStored(item);
      if (item.what === 'settings') resetSettings();
      toast(t('deleted', { what }));
    } catch (error) {
      toast(t('deleteFailed', { reason: error instanceof Error ? error.message : String(error) }), { bad: true });
    }
    load();
  };

  return (
    <Card
      title={t('stored')}
      side={
        <Button kind="danger" onClick={() => setAsked('all')}>
          {t('forget')}
        </Button>
      }
    >
      <div class="stack">
        <p class="muted">{t('storedSentence')}</p>
        {items?.length === 0 && <p>{t('nothing')}</p>}
        {items !== null && items.length > 0 && (
          <table class="table cards">
            <caption class="visually-hidden">{t('storedList')}</caption>
            <thead>
              <tr>
                <th scope="col">{t('what')}</th>
                <th scope="col">{t('where')}</th>
                <th scope="col">{t('key')}</th>
                <th scope="col">{t('size')}</th>
                <th scope="col">
                  <span class="visually-hidden">{t('deleteNow')}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {items.map((item) => (
                <tr key={`${item.where} ${item.key}`}>
                  <th scope="row">{t(`what.${item.what}`)}</th>
                  <td data-label={t('where')}>{t(`where.${item.where}`)}</td>
                  <td data-label={t('key')}>
                    <code class="break">{visible(item.key)}</code>
                  </td>
                  <td data-label={t('size')} class={item.size === null ? 'none nowrap' : 'nowrap'}>
                    {item.size === null ? '–' : bytes(item.size)}
                  </td>
                  <td>
                    <Button kind="quiet" icon="trash" iconOnly onClick={() => setAsked(item)}>
                      {t('delete', { what: t(`what.${item.what}`) })}
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
      {asked === 'all' && <ForgetDialog onClose={() => setAsked(null)} />}
      {asked !== null && asked !== 'all' && (
        <Dialog title={t('deleteTitle', { what: t(`what.${asked.what}`) })} onClose={() => setAsked(null)}>
          <p>{asked.what === 'deviceKey' ? t('deleteKey') : asked.what === 'deviceToken' || asked.what === 'secret' ? t('deleteToken') : t('deleteOther')}</p>
          <code class="break small">{visible(asked.key)}</code>
          <div class="row end">
            <Button data-autofocus="" onClick={() => setAsked(null)}>
              {t('cancel')}
            </Button>
            <Button kind="danger" onClick={() => void remove(asked)}>
              {t('deleteNow')}
            </Button>
          </div>
        </Dialog>
      )}
    </Card>
  );
}

function ForgetDialog({ onClose }: { onClose: () => void }) {
  const [busy, setBusy] = useState(false);
  const forget = async () => {
    setBusy(true);
    const known = gateways.peek().map(({ url }) => url);
    for (const url of [...known.filter((url) => url !== currentUrl.peek()), currentUrl.peek()]) await forgetGateway(url);
    // What is left belongs to nobody in particular.
    for (const item of await listStored()) await removeStored(item).catch(() => undefined);
    resetSettings();
    location.reload();
  };
  return (
    <Dialog title={t('forgetTitle')} onClose={onClose}>
      <p>{t('forgetBody')}</p>
      <p class="muted">{t('forgetStill')}</p>
      <div class="row end">
        <Button data-autofocus="" onClick={onClose}>
          {t('cancel')}
        </Button>
        <Button kind="danger" disabled={busy} onClick={() => void forget()}>
          {t('forgetNow')}
        </Button>
      </div>
    </Dialog>
  );
}
