// Which gateway this is about, and how to name another one.

import { useState } from 'preact/hooks';
import { normalize, ownAddress, warningsOf } from '../../gateway/gateway-address';
import { allowUnencrypted } from '../../gateway/gateways';
import { testAddress } from '../../gateway/test-address';
import type { TestResult } from '../../gateway/test-address';
import { switchGateway } from '../../gateway/session';
import { Button } from '../../parts/button';
import { TextField } from '../../parts/field';
import { screenContext } from './context';
import { t } from './text';

export function AddressLine() {
  const { shown, own, url } = screenContext();
  const [open, setOpen] = useState(false);
  if (!open) {
    return (
      <div class="row between">
        <span class="small muted grow">
          {t('address')} <code>{shown}</code>
        </span>
        <Button kind="quiet" size="small" onClick={() => setOpen(true)}>
          {t('change')}
        </Button>
      </div>
    );
  }
  return (
    <AddressForm
      first={url}
      onUse={(address) => {
        setOpen(false);
        if (address !== url) switchGateway(address);
      }}
      onOwn={
        own
          ? null
          : () => {
              setOpen(false);
              switchGateway(ownAddress());
            }
      }
      onCancel={() => setOpen(false)}
    />
  );
}

interface AddressFormProps {
  first: string;
  onUse: (address: string) => void;
  onOwn?: (() => void) | null;
  onCancel: () => void;
}

/** An address with its warnings and a test that signs nobody in. */
export function AddressForm({ first, onUse, onOwn, onCancel }: AddressFormProps) {
  const [typed, setTyped] = useState(first);
  const [result, setResult] = useState<TestResult | 'testing' | null>(null);
  const address = normalize(typed);
  const warnings = address === null ? null : warningsOf(address, location.protocol === 'https:');
  const [touched, setTouched] = useState(false);
  const test = () => {
    setTouched(true);
    if (address === null) return;
    setResult('testing');
    void testAddress(address).then(setResult);
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        setTouched(true);
        if (address === null || warnings?.mixed) return;
        // What the warning says was read before this button was pressed.
        if (warnings?.unencrypted) allowUnencrypted(address);
        onUse(address);
      }}
    >
      <TextField
        label={t('addressLabel')}
        help={t('addressHelp')}
        error={touched && address === null ? t('addressBad') : null}
        value={typed}
        inputMode="url"
        autocapitalize="off"
        spellcheck={false}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setResult(null);
        }}
      />
      <AddressWarningTexts address={address} />
      <p class="small" role="status">
        {result === null ? '' : result === 'testing' ? t('testing') : resultText(result)}
      </p>
      <div class="row">
        <Button kind="primary" type="submit" disabled={warnings?.mixed}>
          {t('useAddress')}
        </Button>
        <Button onClick={test}>{t('test')}</Button>
        {onOwn && <Button onClick={onOwn}>{t('ownAddress')}</Button>}
        <Button kind="quiet" onClick={onCancel}>
          {t('cancel')}
        </Button>
      </div>
    </form>
  );
}

function resultText(result: TestResult): string {
  switch (result.kind) {
    case 'gateway':
      return t('testOk', { ms: result.ms });
    case 'silent':
      return t('testSilent');
    case 'closed':
      return t('testClosed');
    case 'other':
      return t('testOther');
    case 'mixed':
      return t('testMixed');
  }
}

export function AddressWarningTexts({ address }: { address: string | null }) {
  if (address === null) return null;
  const { unencrypted, lookalike, mixed } = warningsOf(address, location.protocol === 'https:');
  const list = [mixed ? t('proposalMixed') : unencrypted ? t('proposalUnencrypted') : null, lookalike ? t('proposalLookalike') : null].filter((text) => text !== null);
  if (list.length === 0) return null;
  return (
    <ul class="plain stack tight">
      {list.map((text) => (
        <li key={text} class="error-text">
          {text}
        </li>
      ))}
    </ul>
  );
}
