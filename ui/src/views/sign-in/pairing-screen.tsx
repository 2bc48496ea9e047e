// The browser is not known to the gateway: somebody has to compare six words and say yes.

import { useEffect, useState } from 'preact/hooks';
import { displayName } from '../../gateway/client-info';
import type { Failure } from '../../gateway/failure';
import { currentUrl, knownGateway } from '../../gateway/gateways';
import { disconnect, identity, retryNow, waiting } from '../../gateway/session';
import { scopesOf } from '../../gateway/access-level';
import { announce } from '../../parts/announce';
import { Button } from '../../parts/button';
import { Command } from '../../parts/copy';
import { Qr } from '../../parts/qr';
import { now } from '../../parts/time';
import { Words } from '../../parts/words';
import { duration } from '../../text/time';
import { requestLink, screenContext } from './context';
import { FailureDetails } from './failure-details';
import { ScreenTitle } from './screen-title';
import { t } from './text';

const SCOPE_TEXT = {
  'operator.read': 'scopeRead',
  'operator.admin': 'scopeAdmin',
  'operator.approvals': 'scopeApprovals',
  'operator.pairing': 'scopePairing',
} as const;

function scopeText(scope: string): string {
  const key = (SCOPE_TEXT as Readonly<Record<string, (typeof SCOPE_TEXT)[keyof typeof SCOPE_TEXT]>>)[scope];
  return key ? t(key) : t('scopeOther', { scope });
}

export function PairingScreen({ failure, busy }: { failure: Failure; busy: boolean }) {
  const context = screenContext();
  const entry = waiting.value;
  const device = identity.value;
  const [qr, setQr] = useState(false);
  const requestId = entry?.requestId ?? '';
  const sent = failure.details?.['requestedScopes'];
  const scopes = Array.isArray(sent) ? sent.map(String) : scopesOf(knownGateway(currentUrl.value).access);
  const code = typeof failure.details?.['pairingCode'] === 'string' ? failure.details['pairingCode'] : null;
  const link = requestLink(context, requestId);
  return (
    <div class="stack">
      <ScreenTitle problem="pairing" />
      {device && (
        <>
          <p>{t('pairWords')}</p>
          <div class="gate-words">
            <Words id={device.deviceId} large />
          </div>
        </>
      )}
      <dl class="facts">
        <dt>{t('pairDevice')}</dt>
        <dd>{displayName(navigator.userAgent)}</dd>
        <dt>{t('pairAccess')}</dt>
        <dd>{scopes.map(scopeText).join('; ')}</dd>
      </dl>
      {requestId !== '' && (
        <>
          <div class="stack tight">
            <span>{t('pairCommandHost')}</span>
            <Command text={`openclaw devices approve ${requestId}`} label={t('labelCommand')} />
            {code && (
              <span class="small muted">
                {t('pairTyped')} <code>{`openclaw pairing approve ${code}`}</code>
              </span>
            )}
          </div>
          <div class="stack tight">
            <span>{t('pairElsewhere')}</span>
            <Command text={link} label={t('pairLink')} />
            <details class="fold" onToggle={(event) => setQr(event.currentTarget.open)}>
              <summary>{t('pairQr')}</summary>
              <div class="gate-qr">{qr && <Qr text={link} label={t('pairQrLabel')} />}</div>
            </details>
          </div>
        </>
      )}
      <p role="status" class="small muted">
        {t('pairState')}
      </p>
      {entry && <Expiry at={entry.expiresAt} />}
      <div class="row">
        <Button kind="primary" icon="refresh" disabled={busy} onClick={retryNow}>
          {busy ? t('checking') : t('checkNow')}
        </Button>
        <Button onClick={disconnect}>{t('cancel')}</Button>
      </div>
      <FailureDetails failure={failure} />
    </div>
  );
}

/** Seconds at which a countdown is spoken. */
const SPOKEN: readonly number[] = [60, 30, 10];

function Expiry({ at }: { at: number }) {
  const left = Math.ceil(Math.max(0, at - now.value) / 1000);
  const text = left > 0 ? t('pairExpires', { time: duration(left * 1000) }) : t('pairOver');
  useEffect(() => {
    if (SPOKEN.includes(left)) announce(text);
  }, [left]);
  return <p class="small muted">{text}</p>;
}
