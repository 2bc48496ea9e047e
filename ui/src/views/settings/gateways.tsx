import { useState } from 'preact/hooks';
import { EditGatewayDialog, ForgetGatewayDialog } from '../../app/gateway-dialogs';
import { partsOf } from '../../gateway/gateway-address';
import { currentUrl, gateways } from '../../gateway/gateways';
import { labelOf } from '../../gateway/label';
import { switchGateway } from '../../gateway/session';
import { Menu } from '../../parts/menu';
import { Card } from '../../parts/page';
import { Chip } from '../../parts/states';
import { Ago } from '../../parts/time';
import { t } from './text';

/** The gateways that this browser has been connected to. */
export function Gateways() {
  const [asked, setAsked] = useState<{ readonly do: 'edit' | 'forget'; readonly url: string } | null>(null);
  const list = gateways.value;
  const close = () => setAsked(null);
  return (
    <Card title={t('gateways')}>
      {list.length === 0 ? (
        <p class="muted">{t('noGateways')}</p>
      ) : (
        <ul class="plain settings-gateways">
          {list.map((known) => {
            const current = known.url === currentUrl.value;
            const name = labelOf(known);
            return (
              <li key={known.url} class="row">
                <span class="stack tight grow">
                  <span class="row">
                    <strong class="break">{name}</strong>
                    {current && <Chip tone="info">{t('gatewayCurrent')}</Chip>}
                  </span>
                  <span class="small muted break">
                    {partsOf(known.url).shown}
                    {' · '}
                    {known.lastOk === null ? t('neverOk') : <Ago at={known.lastOk} />}
                  </span>
                </span>
                <Menu name={name}>
                  {!current && (
                    <button type="button" onClick={() => switchGateway(known.url)}>
                      {t('use')}
                    </button>
                  )}
                  <button type="button" onClick={() => setAsked({ do: 'edit', url: known.url })}>
                    {t('edit')}
                  </button>
                  <button type="button" class="bad" onClick={() => setAsked({ do: 'forget', url: known.url })}>
                    {t('forgetOne')}
                  </button>
                </Menu>
              </li>
            );
          })}
        </ul>
      )}
      {asked?.do === 'edit' && <EditGatewayDialog url={asked.url} onDone={close} />}
      {asked?.do === 'forget' && <ForgetGatewayDialog url={asked.url} onDone={close} />}
    </Card>
  );
}
