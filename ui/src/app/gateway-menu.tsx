// The gateways that this browser knows, and the one that the tab shows.

import { useEffect, useState } from 'preact/hooks';
import { partsOf } from '../gateway/gateway-address';
import { currentUrl, gateways, knownGateway } from '../gateway/gateways';
import type { KnownGateway } from '../gateway/gateways';
import { gatewayLabel, labelOf } from '../gateway/label';
import { switchGateway } from '../gateway/session';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Ago } from '../parts/time';
import { ahead, loadAhead } from '../views/sign-in/ahead';
import { t } from './connection-text';
import type { Asked } from './gateway-dialogs';
import { Popover } from './popover';

export function GatewayMenu() {
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const name = gatewayLabel.value;
  const dialogs = ahead.value;
  useEffect(() => {
    if (asked) loadAhead();
  }, [asked]);
  return (
    <>
      <Popover
        class="brand"
        label={t('gateways')}
        button={
          <>
            <span class="visually-hidden">{t('gatewayMenu', { name })}</span>
            <span class="label" aria-hidden="true">
              {name}
            </span>
            <Icon name="down" />
          </>
        }
      >
        {(done) => (
          <GatewayList
            onAsk={(what) => {
              done();
              setAsked(what);
            }}
            onChosen={done}
          />
        )}
      </Popover>
      {asked && dialogs && <dialogs.GatewayDialog asked={asked} onDone={close} />}
    </>
  );
}

function GatewayList({ onAsk, onChosen }: { onAsk: (what: Asked) => void; onChosen: () => void }) {
  const url = currentUrl.value;
  const list = gateways.value.some((known) => known.url === url) ? gateways.value : [knownGateway(url), ...gateways.value];
  return (
    <div class="stack">
      <ul class="plain gateway-list">
        {list.map((known) => (
          <GatewayRow key={known.url} known={known} current={known.url === url} onAsk={onAsk} onChosen={onChosen} />
        ))}
      </ul>
      <Button icon="plus" onClick={() => onAsk({ do: 'add' })}>
        {t('add')}
      </Button>
    </div>
  );
}

function GatewayRow({ known, current, onAsk, onChosen }: { known: KnownGateway; current: boolean; onAsk: (what: Asked) => void; onChosen: () => void }) {
  const name = current ? gatewayLabel.value : labelOf(known);
  return (
    <li class="gateway-row">
      <button
        type="button"
        class="gateway-choice"
        aria-current={current ? 'true' : undefined}
        onClick={() => {
          onChosen();
          if (!current) switchGateway(known.url);
        }}
      >
        <span class="gateway-dot" data-colour={known.colour} />
        <span class="stack tight grow">
          <strong>{name}</strong>
          <span class="caption muted">
            {partsOf(known.url).shown} · {current ? t('gatewayNow') : known.lastOk === null ? t('never') : <LastOk at={known.lastOk} />}
          </span>
        </span>
      </button>
      <Button kind="quiet" icon="edit" iconOnly onClick={() => onAsk({ do: 'edit', url: known.url })}>
        {t('edit', { name })}
      </Button>
      <Button kind="quiet" icon="trash" iconOnly onClick={() => onAsk({ do: 'forget', url: known.url })}>
        {t('forget', { name })}
      </Button>
    </li>
  );
}

function LastOk({ at }: { at: number }) {
  return <Ago at={at} />;
}
