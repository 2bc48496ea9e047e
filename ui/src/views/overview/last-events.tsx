import { deviceList } from '../../app/waiting';
import { readAudit } from '../../gateway/audit';
import { useResource } from '../../gateway/resource';
import { call } from '../../gateway/session';
import { Icon } from '../../parts/icon';
import { Load } from '../../parts/states';
import { Ago } from '../../parts/time';
import { actorName, auditSentence } from '../../text/audit';
import { t } from './text';

/** The newest lines of the audit log. */
export function LastEvents() {
  const events = useResource({
    key: 'audit.last',
    method: 'audit.list',
    scope: 'operator.read',
    events: ['audit.appended', 'device.pair.resolved', 'device.pair.changed', 'config.changed'],
    load: async () => readAudit(await call('audit.list', { limit: 5 })).toReversed(),
  });
  const paired = deviceList().data?.paired ?? [];
  return (
    <Load of={events} lines={5}>
      {(entries) =>
        entries.length === 0 ? (
          <p class="muted">{t('eventsNone')}</p>
        ) : (
          <ul class="plain events">
            {entries.map((entry) => (
              <li key={entry.id}>
                <Icon name={entry.result === 'ok' ? 'check' : 'warning'} />
                <span class="grow break">
                  {auditSentence(entry, paired)} <span class="muted">{actorName(entry, paired)}</span>
                </span>
                <span class="small muted">
                  <Ago at={entry.ts} />
                </span>
              </li>
            ))}
          </ul>
        )
      }
    </Load>
  );
}
