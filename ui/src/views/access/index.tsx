import './access.css';
import { route, setQuery } from '../../app/router';
import { can, live } from '../../gateway/session';
import { Page } from '../../parts/page';
import { Load, Notice } from '../../parts/states';
import { standing, useConfig, useStatus } from '../config/data';
import type { ConfigSnapshot, RemoteStatus } from '../config/data';
import type { Resource } from '../../gateway/resource';
import { WAYS } from './commands';
import type { Way } from './commands';
import { CheckAddress } from './check';
import { guessedStatus } from './reach';
import { Reached } from './reached';
import { Setup } from './setup';
import { Share } from './share';
import { SharedSecret } from './token';
import { t } from './text';
import { Ways } from './ways';

export function Access() {
  const status = useStatus();
  const config = useConfig();
  return (
    <Page title={t('title')} sentence={t('sentence')}>
      {status.missing ? (
        <Load of={config} lines={8}>
          {(snapshot) => (
            <>
              <Notice tone="info">
                <strong>{t('oldTitle')}</strong>
                <span>{t('old')}</span>
              </Notice>
              <Content status={guessedStatus(snapshot.config, { ...standing(null) }, snapshot.path)} config={config} />
            </>
          )}
        </Load>
      ) : (
        <Load of={status} lines={8}>
          {(found) => <Content status={found} config={config} />}
        </Load>
      )}
    </Page>
  );
}

function Content({ status, config }: { status: RemoteStatus; config: Resource<ConfigSnapshot> }) {
  const here = standing(status);
  const parsed = config.data?.parsed ?? {};
  const asked = route.value.query.get('way');
  const way: Way = WAYS.find((name) => name === asked) ?? suggested(status);
  const choose = (chosen: Way) => setQuery({ way: chosen });
  return (
    <>
      {live.value && !can('operator.admin') && (
        <Notice tone="info">
          <strong>{t('readOnlyTitle')}</strong>
          <span>{t('readOnly')}</span>
        </Notice>
      )}
      <Reached status={status} here={here} />
      <Ways status={status} here={here} config={parsed} chosen={way} onChoose={choose} />
      <Setup key={way} way={way} status={status} here={here} config={config} />
      <div class="grid">
        <CheckAddress status={status} />
        <Share status={status} here={here} />
      </div>
      <SharedSecret status={status} config={config} />
    </>
  );
}

/** The way to begin with: the one in use, else the tunnel, which opens nothing. */
function suggested(status: RemoteStatus): Way {
  if (status.tailscale.mode === 'serve' || status.tailscale.mode === 'funnel') return status.tailscale.mode;
  if (status.listen.some((address) => !/^(127\.|\[::1\])/.test(address))) return status.tls.on ? 'https' : 'network';
  return 'ssh';
}

