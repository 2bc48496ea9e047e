// "Share": a link and a QR code for a phone or a second browser. Without a secret unless the person asks for one.

import { useEffect, useState } from 'preact/hooks';
import { localTime } from '../../gateway/clock';
import type { Standing } from '../../gateway/config-risk';
import { CallError, call, can, has, live } from '../../gateway/session';
import { parseSetupCode } from '../../gateway/setup-code';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { Command } from '../../parts/copy';
import { SelectField } from '../../parts/field';
import { Card } from '../../parts/page';
import { Qr } from '../../parts/qr';
import { Notice, Skeleton } from '../../parts/states';
import { Until } from '../../parts/time';
import type { RemoteStatus } from '../config/data';
import { shareable } from './reach';
import { t } from './text';

interface Code {
  readonly address: string;
  readonly text: string;
  readonly expiresAt: number;
  readonly setupId: string;
}

export function Share({ status, here }: { status: RemoteStatus; here: Standing }) {
  const [surveyed, setSurveyed] = useState<RemoteStatus | null>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const [code, setCode] = useState<Code | null>(null);
  const [busy, setBusy] = useState(false);
  const online = live.value;
  useEffect(() => {
    if (!online) return;
    // The gateway tries its own addresses, which takes a moment.
    call('remote.status', { addresses: true }).then(
      (answer) => setSurveyed(answer),
      () => setSurveyed(status),
    );
  }, [online, status.listen.join(' '), status.tailscale.url]);
  const addresses = shareable(surveyed ?? status, here);
  const address = addresses.find((one) => one === chosen) ?? addresses[0] ?? null;
  const link = address === null ? null : code?.address === address ? `${address}#bootstrapToken=${code.text}` : address;

  const withCode = async () => {
    if (address === null) return;
    setBusy(true);
    try {
      const answer = (await call('device.pair.setupCode', { kind: 'operator', publicUrl: address.replace(/^http/, 'ws'), force: true })) as {
        code: string;
        expiresAtMs: number;
        setupId: string;
      };
      setCode({ address, text: parseSetupCode(answer.code)?.bootstrapToken ?? answer.code, expiresAt: localTime(answer.expiresAtMs), setupId: answer.setupId });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      toast(t('codeFailed', { message: error.message }), { bad: true });
    }
    setBusy(false);
  };
  const withdraw = () => {
    if (code) call('device.pair.setupRevoke', { setupId: code.setupId }).catch(() => undefined);
    setCode(null);
  };

  return (
    <Card title={t('shareTitle')}>
      {surveyed === null && addresses.length === 0 && online ? (
        <Skeleton lines={4} />
      ) : link === null ? (
        <div class="stack">
          <p>{t('shareNone')}</p>
          <p class="muted small">{t('shareNoneHint')}</p>
        </div>
      ) : (
        <div class="stack">
          {addresses.length > 1 && <SelectField label={t('shareAddress')} value={address ?? ''} options={addresses.map((one) => [one, one] as const)} onChange={setChosen} />}
          <Qr text={link} label={t('qr', { address: address ?? '' })} />
          <Command text={link} label={t('copyLink')} />
          {code?.address === address ? (
            <Notice tone="warn">
              <strong>
                {t('codeIn')} <Until at={code.expiresAt} />
              </strong>
              <span>{t('codeHelp')}</span>
              <span>
                <Button size="small" onClick={withdraw}>
                  {t('codeWithdraw')}
                </Button>
              </span>
            </Notice>
          ) : (
            <>
              <p class="muted small">{t('shareHelp')}</p>
              {has('device.pair.setupCode') && (can('operator.pairing') || !online) && (
                <div class="row">
                  <ActionButton scope="operator.pairing" icon="key" disabled={busy} onClick={() => void withCode()}>
                    {t('codeAdd')}
                  </ActionButton>
                </div>
              )}
            </>
          )}
        </div>
      )}
    </Card>
  );
}
