// Screens of failures that ask for no secret: what happened, what to do, what happens by itself.

import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { servedBy } from '../../app/base';
import type { Problem } from '../../gateway/errors';
import { ownFacts } from '../../gateway/facts';
import type { Failure } from '../../gateway/failure';
import { connection, continueUnencrypted, lastContact, renewKey, retryNow } from '../../gateway/session';
import { currentUrl, knownGateway } from '../../gateway/gateways';
import { announce } from '../../parts/announce';
import { Button } from '../../parts/button';
import { Command, CopyValue } from '../../parts/copy';
import { Notice } from '../../parts/states';
import { now } from '../../parts/time';
import { dateTime, duration } from '../../text/time';
import { originCommand, screenContext, sshCommand } from './context';
import { FailureDetails } from './failure-details';
import { ScreenTitle } from './screen-title';
import { t } from './text';

export function FailureScreen({ failure, problem, busy }: { failure: Failure; problem: Problem; busy: boolean }) {
  return (
    <div class="stack">
      <ScreenTitle problem={problem} />
      <Body failure={failure} problem={problem} />
      <ByItself failure={failure} problem={problem} busy={busy} />
      {problem !== 'unencrypted' && problem !== 'mixedContent' && <FailureDetails failure={failure} />}
    </div>
  );
}

/** What happens by itself, and the button that does it now. */
function ByItself({ failure, problem, busy }: { failure: Failure; problem: Problem; busy: boolean }) {
  const state = connection.value;
  const at = state.kind === 'retrying' ? state.at : null;
  const left = at === null ? 0 : Math.ceil(Math.max(0, at - now.value) / 1000);
  useEffect(() => {
    if (left === 60 || left === 30 || left === 10) announce(t('retryIn', { seconds: left }));
  }, [left]);
  if (problem === 'unencrypted' || problem === 'mixedContent') return null;
  if (state.kind === 'blocked') {
    return (
      <div class="row">
        <Action problem={problem} />
        <span class="small muted">{t('noRetry')}</span>
      </div>
    );
  }
  // A gateway that named the time is not asked earlier.
  const firm = problem === 'rateLimited' && failure.retryAfterMs !== undefined;
  return (
    <div class="row">
      {!firm && (
        <Button kind="primary" icon="refresh" disabled={busy} onClick={retryNow}>
          {busy ? t('checking') : t('retryNow')}
        </Button>
      )}
      <span class="small muted">{busy || left === 0 ? t('retrying') : t('retryIn', { seconds: left })}</span>
    </div>
  );
}

function Action({ problem }: { problem: Problem }) {
  if (problem === 'key') {
    return (
      <Button kind="primary" icon="key" onClick={() => void renewKey()}>
        {t('newKey')}
      </Button>
    );
  }
  if (problem === 'versions') {
    return (
      <Button kind="primary" icon="refresh" onClick={() => location.reload()}>
        {t('reload')}
      </Button>
    );
  }
  return (
    <Button kind="primary" icon="refresh" onClick={retryNow}>
      {problem === 'rejected' || problem === 'revoked' ? t('askAgain') : t('connectAgain')}
    </Button>
  );
}

function Body({ failure, problem }: { failure: Failure; problem: Problem }) {
  switch (problem) {
    case 'unencrypted':
      return <Unencrypted />;
    case 'noIdentity':
      return (
        <>
          <Ways />
          <details class="fold">
            <summary>{t('insecureAuth')}</summary>
            <div class="stack">
              <p>{t('insecureAuthWhat')}</p>
              <Command text="openclaw config set gateway.controlUi.allowInsecureAuth true" />
            </div>
          </details>
        </>
      );
    case 'origin':
      return <Origin sure details={failure.details} />;
    case 'blockedSocket':
      return <BlockedSocket />;
    case 'unreachable':
      return <Unreachable />;
    case 'versions':
      return <Versions failure={failure} />;
    case 'clock':
      return <Clock failure={failure} />;
    case 'mixedContent':
      return <MixedContent />;
    default:
      return failure.message === '' || problem !== 'unknown' ? null : (
        <p>
          <code>{failure.message}</code>
        </p>
      );
  }
}

function Step({ text, command, then }: { text: string; command: string; then?: ComponentChildren }) {
  return (
    <li>
      <div class="stack tight">
        <span>{text}</span>
        <Command text={command} label={t('labelCommand')} />
        {then && <span class="small muted">{then}</span>}
      </div>
    </li>
  );
}

function Ways() {
  const context = screenContext();
  const tunnel = `http://127.0.0.1:${context.port}/`;
  const https = `https://${context.hostname}:${context.port}/`;
  return (
    <>
      <h2>{t('waysTitle')}</h2>
      <ol class="ways">
        <Step text={t('wayTailscale')} command="openclaw config set gateway.tailscale.mode serve" then={t('wayTailscaleThen')} />
        <Step
          text={t('waySsh')}
          command={sshCommand(context)}
          then={
            <>
              {t('waySshThen')} <a href={tunnel}>{tunnel}</a>
            </>
          }
        />
        <Step
          text={t('wayTls')}
          command="openclaw config set gateway.tls.enabled true"
          then={
            <>
              {t('wayTlsThen')} <a href={https}>{https}</a>
            </>
          }
        />
      </ol>
    </>
  );
}

function Unencrypted() {
  const { shown, own, hostname } = screenContext();
  const port = own ? ownFacts.value?.httpsPort : null;
  return (
    <>
      <Notice tone="warn">
        <strong>{t('riskTitle')}</strong>
        <span>{t('risk', { host: shown })}</span>
      </Notice>
      {port && (
        <div class="row">
          <a class="button primary" href={`https://${hostname}:${port}${location.pathname}${location.search}`}>
            {t('tlsSwitch')}
          </a>
          <span class="small muted">{t('tlsHere')}</span>
        </div>
      )}
      <Ways />
      <div class="row">
        <Button onClick={continueUnencrypted}>{t('goOn')}</Button>
      </div>
    </>
  );
}

function Origin({ sure, details }: { sure: boolean; details?: Failure['details'] }) {
  return (
    <div class="stack">
      <dl class="facts">
        <dt>{t('originMine')}</dt>
        <dd>
          <CopyValue text={location.origin} />
        </dd>
      </dl>
      <div class="stack tight">
        <span>{sure ? t('originAllowSure') : t('originAllow')}</span>
        <Command text={originCommand(location.origin, details)} label={t('labelCommand')} />
        <span class="small muted">{t('originThen')}</span>
      </div>
    </div>
  );
}

function Unreachable() {
  const context = screenContext();
  const lastOk = lastContact.value ?? knownGateway(currentUrl.value).lastOk;
  return (
    <>
      {!navigator.onLine && (
        <Notice tone="warn">
          <span>{t('offlineSelf')}</span>
        </Notice>
      )}
      {lastOk !== null && <p class="small muted">{t('lastContact', { time: dateTime(lastOk) })}</p>}
      <h2>{t('checksTitle')}</h2>
      <ol class="ways">
        <Step text={t('checkRunning')} command="openclaw gateway status" />
        <Step text={t('checkTunnel')} command={sshCommand(context)} />
        <li>{t('checkFirewall', { port: context.port })}</li>
        {!context.own && (
          <li>
            <Origin sure={false} />
          </li>
        )}
      </ol>
    </>
  );
}

const NGINX = `proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";
proxy_set_header Host $http_host;
proxy_read_timeout 1h;`;

function BlockedSocket() {
  const { port } = screenContext();
  return (
    <ol class="ways">
      <Step text={t('proxyNginx')} command={NGINX} />
      <Step text={t('proxyCaddy')} command={`reverse_proxy 127.0.0.1:${port}`} />
      <li>
        <Origin sure={false} />
      </li>
    </ol>
  );
}

function Versions({ failure }: { failure: Failure }) {
  const expected = failure.details?.['expectedProtocol'];
  return (
    <div class="stack">
      <p>
        {t('versionPage', { version: servedBy || '–' })} {typeof expected === 'number' && t('versionGateway', { protocol: expected })}
      </p>
      <p>{t('updateGateway')}</p>
      <Command text="openclaw gateway restart" />
    </div>
  );
}

function Clock({ failure }: { failure: Failure }) {
  const skew = failure.details?.['clockSkewMs'];
  const known = typeof skew === 'number' ? skew : null;
  return (
    <dl class="facts">
      <dt>{t('clockHere')}</dt>
      <dd>{dateTime(now.value)}</dd>
      {known !== null && (
        <>
          <dt>{t('clockGateway')}</dt>
          <dd>{dateTime(now.value - known)}</dd>
          <dt>{t('clockDifference')}</dt>
          <dd>{duration(Math.abs(known))}</dd>
        </>
      )}
    </dl>
  );
}

function MixedContent() {
  const { page } = screenContext();
  return (
    <div class="row">
      <a class="button primary" href={page}>
        {t('openGateway')}
      </a>
    </div>
  );
}
