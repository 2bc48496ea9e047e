// Questions about the known gateways. Loaded ahead of use: they have to work while the gateway is away.

import { useState } from 'preact/hooks';
import { COLOURS, currentUrl, knownGateway, noteGateway } from '../gateway/gateways';
import type { Colour } from '../gateway/gateways';
import { labelOf } from '../gateway/label';
import { forgetGateway, switchGateway } from '../gateway/session';
import { Button } from '../parts/button';
import { Dialog } from '../parts/dialog';
import { Segments, TextField } from '../parts/field';
import { AddressForm } from '../views/sign-in/address-line';
import { t } from './connection-text';

/** What is asked. */
export type Asked = { readonly do: 'add' } | { readonly do: 'edit' | 'forget'; readonly url: string };

export function GatewayDialog({ asked, onDone }: { asked: Asked; onDone: () => void }) {
  switch (asked.do) {
    case 'add':
      return <AddDialog onDone={onDone} />;
    case 'edit':
      return <EditGatewayDialog url={asked.url} onDone={onDone} />;
    case 'forget':
      return <ForgetGatewayDialog url={asked.url} onDone={onDone} />;
  }
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
