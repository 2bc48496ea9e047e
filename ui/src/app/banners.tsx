// What the person should know about the connection, most urgent first.

import { useEffect } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { partsOf, warningsOf } from '../gateway/gateway-address';
import { currentUrl, isOwn } from '../gateway/gateways';
import { problemOf } from '../gateway/errors';
import { connection, grantedLevel, hello, machine, reconnect, requestAccess, retryNow } from '../gateway/session';
import { announce } from '../parts/announce';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import type { IconName } from '../parts/icon';
import { now } from '../parts/time';
import type { Tone } from '../parts/states';
import { servedBy } from './base';
import { t } from './connection-text';
import { href } from './router';
import { reloadOnce } from './stale-page';

const ICONS: Readonly<Record<Tone, IconName>> = { ok: 'check', warn: 'warning', bad: 'error', info: 'info' };

function Banner({ tone, name, children, action }: { tone: Tone; name: string; children: ComponentChildren; action?: ComponentChildren }) {
  return (
    <div class={`banner tone-${tone}`} data-banner={name}>
      <Icon name={ICONS[tone]} />
      <span class="grow">{children}</span>
      {action}
    </div>
  );
}

export function Banners() {
  return (
    <section class="banners" aria-label={t('banners')}>
      <LinkBanner />
      <UnencryptedBanner />
      <OldPageBanner />
      <AccessBanner />
      <Speaker />
    </section>
  );
}

function seconds(from: number): number {
  return Math.max(0, Math.round((now.value - from) / 1000));
}

function LinkBanner() {
  const state = connection.value;
  if (state.kind === 'online') {
    if (state.health !== 'silent') return null;
    return (
      <Banner tone="bad" name="silent" action={<Retry onClick={reconnect} />}>
        {t('bannerSilent', { seconds: seconds(machine.value.lastFrameAt) })}
      </Banner>
    );
  }
  if (state.kind === 'idle' || state.kind === 'blocked') return null;
  const { failure } = state;
  const problem = failure ? problemOf(failure) : 'lost';
  const at = state.kind === 'retrying' ? state.at : null;
  const left = at === null ? 0 : Math.ceil(Math.max(0, at - now.value) / 1000);
  const next = left > 0 ? t('bannerRetry', { seconds: left }) : t('bannerNow');
  if (problem === 'restarting') {
    return (
      <Banner tone="info" name="restarting" action={<Retry onClick={retryNow} />}>
        {t('bannerRestart', { seconds: seconds(machine.value.restart?.since ?? now.value) })} {next}
      </Banner>
    );
  }
  const what = !navigator.onLine
    ? t('bannerOffline')
    : problem === 'slowConsumer'
      ? t('bannerSlowConsumer')
      : problem === 'busy'
        ? t('bannerBusy')
        : failure?.code === 'AUTH_CHANGED'
          ? t('bannerChanged')
          : t('bannerLost');
  return (
    <Banner tone="bad" name="lost" action={<Retry onClick={retryNow} />}>
      {what} {next}
    </Banner>
  );
}

function Retry({ onClick }: { onClick: () => void }) {
  return (
    <Button size="small" icon="refresh" onClick={onClick}>
      {t('retryNow')}
    </Button>
  );
}

function UnencryptedBanner() {
  const url = currentUrl.value;
  if (!warningsOf(url, false).unencrypted) return null;
  return (
    <Banner
      tone="bad"
      name="unencrypted"
      action={
        <a class="button small" href={href('/access')}>
          {t('bannerUnencryptedHow')}
        </a>
      }
    >
      {t('bannerUnencrypted', { host: partsOf(url).shown })}
    </Banner>
  );
}

function OldPageBanner() {
  const version = hello.value?.server.version;
  const old = version !== undefined && servedBy !== '' && isOwn(currentUrl.value) && version !== servedBy;
  useEffect(() => {
    if (old) reloadOnce(version);
  }, [old, version]);
  if (!old) return null;
  return (
    <Banner
      tone="warn"
      name="old"
      action={
        <Button size="small" icon="refresh" onClick={() => location.reload()}>
          {t('reload')}
        </Button>
      }
    >
      {t('bannerOld', { page: servedBy, gateway: version })}
    </Banner>
  );
}

function AccessBanner() {
  const greeting = hello.value;
  const level = grantedLevel.value;
  const pending = (greeting?.auth as { pendingRequestId?: unknown } | undefined)?.pendingRequestId;
  if (!greeting?.auth) return null;
  if (typeof pending === 'string') {
    return (
      <Banner
        tone="info"
        name="asked"
        action={
          <Button size="small" icon="refresh" onClick={reconnect}>
            {t('checkNow')}
          </Button>
        }
      >
        {level === 'view' ? `${t('bannerView')} ` : level === null ? `${t('bannerNothing')} ` : ''}
        {t('bannerAsked', { command: `openclaw devices approve ${pending}` })}
      </Banner>
    );
  }
  if (level === 'full' || level === 'approve') return null;
  return (
    <Banner
      tone="info"
      name="view"
      action={
        <Button size="small" onClick={() => requestAccess('full')}>
          {t('moreAccess')}
        </Button>
      }
    >
      {level === 'view' ? t('bannerView') : t('bannerNothing')}
    </Banner>
  );
}

let spokenAt = 0;
let spokenLast = '';

/** Says changes of the connection, at most one in 5 s. */
function Speaker() {
  const state = connection.value;
  const word =
    state.kind === 'online'
      ? state.health === 'silent'
        ? t('saidSilent')
        : t('saidLive')
      : 'failure' in state && state.failure && problemOf(state.failure) === 'restarting'
        ? t('saidRestart')
        : t('saidLost');
  useEffect(() => {
    // The first state is not news.
    if (spokenLast === '') spokenLast = word;
    if (word === spokenLast) return undefined;
    const timer = setTimeout(() => {
      spokenAt = Date.now();
      spokenLast = word;
      announce(word);
    }, Math.max(0, spokenAt + 5000 - Date.now()));
    return () => clearTimeout(timer);
  }, [word]);
  return null;
}
