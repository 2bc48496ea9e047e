import { levelOf } from '../../gateway/access';
import { hello, lastContact, live } from '../../gateway/session';
import { startedAt } from '../../gateway/uptime';
import { CopyValue } from '../../parts/copy';
import { Card } from '../../parts/page';
import { AsOf } from '../../parts/states';
import { now } from '../../parts/time';
import { levelName } from '../../text/access';
import { duration } from '../../text/time';
import { t } from './text';

/** What the gateway said of itself when it admitted this page. */
export function GatewayCard() {
  const known = hello.value;
  if (!known) return null;
  const presence = known.snapshot['presence'];
  const own = (Array.isArray(presence) ? presence : []).find((entry: { mode?: unknown }) => entry.mode === 'gateway') as
    | { host?: string; platform?: string }
    | undefined;
  const path = known.snapshot['configPath'];
  const method = (known.auth as { method?: string } | undefined)?.method;
  return (
    <Card title={t('gateway')} side={<AsOf of={{ asOf: lastContact.value }} />}>
      <dl class="facts">
        <dt>{t('version')}</dt>
        <dd>{known.server.version}</dd>
        <dt>{t('up')}</dt>
        <dd>
          <Uptime />
        </dd>
        {own?.host && (
          <>
            <dt>{t('machine')}</dt>
            <dd>{own.platform ? `${own.host} · ${own.platform}` : own.host}</dd>
          </>
        )}
        {typeof path === 'string' && (
          <>
            <dt>{t('config')}</dt>
            <dd>
              <CopyValue text={path} label={t('copyConfig')} />
            </dd>
          </>
        )}
        {known.auth && (
          <>
            <dt>{t('signedIn')}</dt>
            <dd>{method ? t('signedInAs', { access: levelName(levelOf(known.auth.scopes)), method: methodName(method) }) : levelName(levelOf(known.auth.scopes))}</dd>
          </>
        )}
      </dl>
    </Card>
  );
}

/** Counts while the gateway is there, and stands still when it is not. */
function Uptime() {
  const since = startedAt.value;
  if (since === null) return null;
  return <span data-uptime>{duration((live.value ? now.value : (lastContact.value ?? now.value)) - since)}</span>;
}

function methodName(method: string): string {
  switch (method) {
    case 'token':
    case 'password':
    case 'device-token':
    case 'bootstrap':
    case 'tailscale':
    case 'none':
      return t(`method.${method}`);
    default:
      return t('method.other', { method });
  }
}
