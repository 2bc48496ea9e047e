// The gateways that this browser knows, and the one that the tab shows.

import { useState } from 'preact/hooks';
import { partsOf } from '../gateway/gateway-address';
import { COLOURS, currentUrl, gateways, knownGateway, noteGateway } from '../gateway/gateways';
import type { Colour, KnownGateway } from '../gateway/gateways';
import { gatewayLabel, labelOf } from '../gateway/label';
import { forgetGateway, switchGateway } from '../gateway/session';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Segments, TextField } from '../parts/field';
import { Icon } from '../parts/icon';
import { Ago } from '../parts/time';
import { AddressForm } from '../views/sign-in/address-line';
import { t } from './connection-text';
import { Popover } from './popover';

type Asked = { readonly do: 'add' } | { readonly do: 'edit' | 'forget'; readonly url: string };

export function GatewayMenu() {
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const name = gatewayLabel.value;
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
      {asked?.do === 'add' && <AddDialog onDone={close} />}
      {asked?.do === 'edit' && <EditGatewayDialog url={asked.url} onDone={close} />}
      {asked?.do === 'forget' && <ForgetGatewayDialog url={asked.url} onDone={close} />}
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

function AddDialog({ onDone }: { onDone: () => void }) {
  return (
    <Dialog title={t('addTitle')} onClose={onDone}>
      <AddressForm
        first=""
        onUse={(url) => {
          onDone();
          noteGateway(url, {});
          if (url !== currentUrl.value) switchGateway(url);
        }}
        onCancel={onDone}
      />
    </Dialog>
  );
}

/** Name and colour of a gateway. */
export function EditGatewayDialog({ url, onDone }: { url: string; onDone: () => void }) {
  const known = knownGateway(url);
  const [label, setLabel] = useState(known.label);
  const [colour, setColour] = useState<Colour>(known.colour);
  return (
    <Dialog title={t('editTitle')} onClose={onDone}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          noteGateway(url, { label: label.trim(), colour });
          onDone();
        }}
      >
        <code class="small muted">{url}</code>
        <TextField data-autofocus label={t('name')} help={t('nameHelp')} value={label} maxLength={60} onInput={(event) => setLabel(event.currentTarget.value)} />
        <div class="stack tight">
          <span class="small">{t('colour')}</span>
          <Segments label={t('colour')} value={colour} options={COLOURS.map((option) => [option, t(`colour${option}`)] as const)} onChange={setColour} />
        </div>
        <div class="row end">
          <Button onClick={onDone}>{t('cancel')}</Button>
          <Button kind="primary" type="submit">
            {t('save')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

/** Asks, then drops what this browser keeps of a gateway. */
export function ForgetGatewayDialog({ url, onDone }: { url: string; onDone: () => void }) {
  const name = labelOf(knownGateway(url));
  return (
    <Dialog title={t('forgetTitle', { name })} onClose={onDone}>
      <p>{t('forgetText', { name })}</p>
      <p class="muted">{t('forgetGateway')}</p>
      <div class="row end">
        <Button data-autofocus onClick={onDone}>
          {t('cancel')}
        </Button>
        <Button
          kind="danger"
          onClick={() => {
            onDone();
            void forgetGateway(url);
          }}
        >
          {t('forgetDo')}
        </Button>
      </div>
    </Dialog>
  );
}
