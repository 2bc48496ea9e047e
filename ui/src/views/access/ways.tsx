import type { JsonObject } from '../../gateway/config-edit';
import type { Standing } from '../../gateway/config-risk';
import { Icon } from '../../parts/icon';
import type { IconName } from '../../parts/icon';
import { Chip } from '../../parts/states';
import type { Tone } from '../../parts/states';
import type { RemoteStatus } from '../config/data';
import { WAYS } from './commands';
import type { Way } from './commands';
import { standings } from './reach';
import { t } from './text';

const ICONS: Readonly<Record<Way, IconName>> = { local: 'home', ssh: 'terminal', serve: 'globe', https: 'lock', network: 'nodes', funnel: 'external' };
const SECURITY: Readonly<Record<Way, Tone>> = { local: 'ok', ssh: 'ok', serve: 'ok', https: 'ok', network: 'warn', funnel: 'bad' };

interface WaysProps {
  readonly status: RemoteStatus;
  readonly here: Standing;
  readonly config: JsonObject;
  readonly chosen: Way;
  readonly onChoose: (way: Way) => void;
}

/** The ways in, side by side: who gets in, what it takes, how safe it is. */
export function Ways({ status, here, config, chosen, onChoose }: WaysProps) {
  const found = standings(status, here, config);
  return (
    <section aria-labelledby="ways">
      <h2 id="ways" class="section-title">
        {t('waysTitle')}
      </h2>
      <div class="ways" role="radiogroup" aria-labelledby="ways">
        {WAYS.map((way) => {
          const { active, part } = found[way];
          return (
            <label key={way} class={way === chosen ? 'way chosen' : 'way'}>
              <input type="radio" name="way" value={way} checked={way === chosen} onChange={() => onChoose(way)} />
              <span class="row way-head">
                <Icon name={ICONS[way]} />
                <strong class="grow">{t(`way-${way}`)}</strong>
                {active && <Chip tone={part?.state === 'degraded' ? 'bad' : 'ok'}>{part?.state === 'degraded' ? t('inTrouble') : t('inUse')}</Chip>}
                {way === 'funnel' && !active && <Chip tone="bad">{t('public')}</Chip>}
              </span>
              <span class="way-facts small">
                <span>
                  <span class="muted">{t('who')}</span> {t(`who-${way}`)}
                </span>
                <span>
                  <span class="muted">{t('needs')}</span> {t(`needs-${way}`)}
                </span>
              </span>
              <span class="row chips">
                <Chip tone={SECURITY[way]}>{t(`security-${way}`)}</Chip>
                <Chip icon="clock">{t(`effort-${way}`)}</Chip>
              </span>
              {part?.state === 'degraded' && (
                <span class="small way-trouble">
                  {part.reason} {part.fix && <code class="break">{part.fix}</code>}
                </span>
              )}
            </label>
          );
        })}
      </div>
    </section>
  );
}
