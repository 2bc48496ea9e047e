// "Keep these settings?": over every view, the sign-in included, until the change is confirmed or taken back.

import './keep.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { decide, dismissEnding, ending, followPending, pending } from '../../gateway/pending-change';
import type { Ending, Pending } from '../../gateway/pending-change';
import { probe } from '../../gateway/probe';
import { CallError, can, live } from '../../gateway/session';
import { announce, toast } from '../../parts/announce';
import { Button } from '../../parts/button';
import { Icon } from '../../parts/icon';
import { now } from '../../parts/time';
import { t } from './keep-text';

export { notePending } from '../../gateway/pending-change';

export function Keep() {
  useEffect(followPending, []);
  if (pending.value) return <Countdown key={pending.value.id} change={pending.value} />;
  if (ending.value) return <Ended of={ending.value} />;
  return null;
}

/** Times at which the rest is spoken, in seconds. */
const SPOKEN = [60, 30, 10];

type Check = 'running' | 'ok' | 'failed';

/** Between two looks, in milliseconds: a listener that goes is open for some seconds more. */
const LOOK_EVERY_MS = 2000;

function Countdown({ change }: { change: Pending }) {
  const left = Math.max(0, Math.ceil((change.deadline - now.value) / 1000));
  const whole = useRef(Math.max(1, left));
  const online = live.value;
  const [check, setCheck] = useState<Check>('running');
  const [busy, setBusy] = useState(false);
  const spoken = useRef<number | null>(null);
  useEffect(() => {
    if (!online) return undefined;
    let open = true;
    // The socket that is open already says nothing about the next one: a new one is tried.
    const address = new URL(document.baseURI);
    address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:';
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () =>
      probe(address)
        .then(({ gateway }) => gateway, () => false)
        .then((gateway) => {
          if (!open) return;
          setCheck(gateway ? 'ok' : 'failed');
          timer = setTimeout(() => void look(), LOOK_EVERY_MS);
        });
    void look();
    return () => {
      open = false;
      clearTimeout(timer);
    };
  }, [online, change.id]);
  useEffect(() => {
    const due = SPOKEN.find((seconds) => left <= seconds && left > seconds - 5);
    if (due === undefined || spoken.current === due) return;
    spoken.current = due;
    announce(t('spoken', { n: left }));
  }, [left]);

  const answer = async (keep: boolean) => {
    setBusy(true);
    try {
      await decide(change.id, keep);
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      toast(t('failed', { message: error.message }), { bad: true });
    }
    setBusy(false);
  };
  const usable = online && can('operator.admin') && !busy;
  return (
    <section class="keep" aria-label={t('title')}>
      <div class="keep-bar" aria-hidden="true">
        <i style={{ inlineSize: `${Math.min(100, (left / whole.current) * 100)}%` }} />
      </div>
      <div class="row">
        <Icon name="clock" />
        <div class="stack tight grow">
          <strong>
            {t('title')} <span class="keep-left">{left > 0 ? t('left', { n: left }) : t('due')}</span>
          </strong>
          <span class="small">
            {change.mine ? t('changed') : t('changedBy', { by: change.by === '' ? t('somebody') : change.by })} <code class="break">{change.keys.join(', ')}</code>
          </span>
          <span class="small" role="status">
            {!online ? t('away') : check === 'running' ? t('checking') : check === 'ok' ? t('checkOk') : t('checkFailed')}
          </span>
        </div>
        <div class="row">
          <Button disabled={!usable} onClick={() => void answer(false)}>
            {t('takeBack')}
          </Button>
          <Button kind={check === 'failed' ? 'danger' : 'primary'} disabled={!usable || check === 'running'} onClick={() => void answer(true)}>
            {check === 'failed' ? t('keepAnyway') : t('keep')}
          </Button>
        </div>
      </div>
    </section>
  );
}

function Ended({ of }: { of: Ending }) {
  const tookBack = of.own && of.outcome === 'reverted';
  const good = of.outcome === 'confirmed' || tookBack;
  useEffect(() => {
    if (!good) return undefined;
    const timer = setTimeout(dismissEnding, 8000);
    return () => clearTimeout(timer);
  }, [of]);
  return (
    <section class={good ? 'keep tone-ok' : 'keep tone-warn'} role="status" aria-label={t('title')}>
      <div class="row">
        <Icon name={good ? 'check' : 'info'} />
        <div class="stack tight grow">
          <strong>{tookBack ? t('tookBack') : t(of.outcome)}</strong>
          <span class="small">
            <code class="break">{of.keys.join(', ')}</code>
          </span>
        </div>
        <Button onClick={dismissEnding}>{t('understood')}</Button>
      </div>
    </section>
  );
}
