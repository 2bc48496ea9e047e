// How the connection is doing: a word, a figure, a line; more on request.

import { partsOf } from '../gateway/gateway-address';
import { currentUrl } from '../gateway/gateways';
import { percentile } from '../gateway/machine';
import { connection, grantedLevel, hello, identity, lastContact, machine, reconnect, requestAccess } from '../gateway/session';
import { Button } from '../parts/button';
import { Chip } from '../parts/states';
import type { Tone } from '../parts/states';
import { Ago } from '../parts/time';
import { t } from './connection-text';
import { Popover } from './popover';

/** Tone and word of the state. */
function summary(): readonly [Tone, string] {
  const state = connection.value;
  switch (state.kind) {
    case 'online':
      return state.health === 'live' ? ['ok', t('live')] : state.health === 'slow' ? ['warn', t('slow')] : ['bad', t('silent')];
    case 'retrying':
      return state.failure.code === 'RESTARTING' ? ['info', t('restarting')] : ['bad', t('lost')];
    case 'blocked':
    case 'idle':
      return ['bad', t('offline')];
    case 'opening':
    case 'handshaking':
      return ['info', state.failure?.code === 'RESTARTING' ? t('restarting') : t('connecting')];
  }
}

export function Health() {
  const [tone, word] = summary();
  const { rtts } = machine.value;
  const latest = rtts.at(-1);
  const online = connection.value.kind === 'online';
  return (
    <Popover
      class="health"
      label={t('panel')}
      button={
        <>
          <Chip tone={tone}>{word}</Chip>
          {online && latest !== undefined && (
            <>
              <span class="health-figure">{t('ms', { ms: Math.round(latest) })}</span>
              <Sparkline samples={rtts} />
            </>
          )}
        </>
      }
    >
      {(close) => <HealthPanel onDone={close} />}
    </Popover>
  );
}

const WIDTH = 60;
const HEIGHT = 16;

/** The samples as a line; for screen readers the panel has them in words. */
function Sparkline({ samples }: { samples: readonly number[] }) {
  if (samples.length < 2) return null;
  const most = Math.max(50, ...samples);
  const step = WIDTH / Math.max(1, samples.length - 1);
  const path = samples.map((sample, index) => `${index === 0 ? 'M' : 'L'}${(index * step).toFixed(1)} ${(HEIGHT - 1 - (sample / most) * (HEIGHT - 2)).toFixed(1)}`).join('');
  return (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

/** The address under which the gateway knows this page, when it says so. */
function seenAs(): string | null {
  const presence = hello.value?.snapshot['presence'];
  const device = identity.value?.deviceId;
  if (!Array.isArray(presence) || !device) return null;
  const own = (presence as readonly unknown[]).find((entry) => typeof entry === 'object' && entry !== null && (entry as { deviceId?: unknown }).deviceId === device);
  const ip = (own as { ip?: unknown } | undefined)?.ip;
  return typeof ip === 'string' && ip !== '' ? ip : null;
}

function HealthPanel({ onDone }: { onDone: () => void }) {
  const { rtts, reconnects } = machine.value;
  const parts = partsOf(currentUrl.value);
  const level = grantedLevel.value;
  const address = seenAs();
  return (
    <div class="stack">
      <dl class="facts">
        <dt>{t('median')}</dt>
        <dd>
          {rtts.length === 0
            ? t('noChart')
            : t('medianValue', { median: Math.round(percentile(rtts, 50)), worst: Math.round(percentile(rtts, 95)) })}
        </dd>
        <dt>{t('samples')}</dt>
        <dd>{rtts.length}</dd>
        <dt>{t('lastFrame')}</dt>
        <dd>{lastContact.value === null ? '–' : <Ago at={lastContact.value} />}</dd>
        <dt>{t('reconnects')}</dt>
        <dd>{reconnects}</dd>
        <dt>{t('address')}</dt>
        <dd>
          <code>{currentUrl.value}</code>
        </dd>
        <dt>{t('path')}</dt>
        <dd>{t(`path${parts.place}`)}</dd>
        <dt>{t('encryption')}</dt>
        <dd>{parts.encrypted ? t('encrypted') : parts.place === 'here' ? t('unencryptedHere') : t('unencrypted')}</dd>
        {address && (
          <>
            <dt>{t('seenAs')}</dt>
            <dd>
              <code>{address}</code>
            </dd>
          </>
        )}
        <dt>{t('access')}</dt>
        <dd>{t(`access${level ?? 'none'}`)}</dd>
        <dt>{t('protocol')}</dt>
        <dd>{hello.value?.protocol ?? '–'}</dd>
      </dl>
      <div class="row">
        <Button
          icon="refresh"
          onClick={() => {
            onDone();
            reconnect();
          }}
        >
          {t('reconnect')}
        </Button>
        {level !== 'full' && (
          <Button
            onClick={() => {
              onDone();
              requestAccess('full');
            }}
          >
            {t('moreAccess')}
          </Button>
        )}
      </div>
    </div>
  );
}
