// Commands that wait, and those that ended a moment ago: who decided is told before the row goes.

import { useEffect, useRef } from 'preact/hooks';
import { ended } from '../../app/decisions';
import type { Ended } from '../../app/decisions';
import { href, route } from '../../app/router';
import { approvalList } from '../../app/waiting';
import { loadNodes } from '../../gateway/node-calls';
import { useResource } from '../../gateway/resource';
import { has, live } from '../../gateway/session';
import { ApprovalCard } from '../../parts/approval';
import { CommandText } from '../../parts/command-text';
import { AsOf, Chip, Empty, Load, Notice } from '../../parts/states';
import { Ago, now } from '../../parts/time';
import { outcomeSentence, outcomeTone } from './outcome';
import { t } from './text';

/** How long a decided command stays to be seen. */
const STAYS_MS = 20_000;

export function Waiting() {
  const list = approvalList();
  const nodes = useResource({ key: 'nodes', method: 'node.list', scope: 'operator.read', load: loadNodes });
  const named = route.value.query.get('id');
  const place = useRef<HTMLLIElement>(null);
  const found = list.data?.some(({ id }) => id === named) ?? false;
  useEffect(() => {
    if (found) place.current?.scrollIntoView({ block: 'nearest' });
  }, [named, found]);
  const recent = ended.value.filter(({ at, approval }) => now.value - at < STAYS_MS || approval.id === named);
  return (
    <>
      <AsOf of={list} />
      {live.value && !list.forbidden && !has('exec.approval.list') && (
        <Notice tone="info">
          <span>{t('onlyFromNow')}</span>
        </Notice>
      )}
      <Load of={list}>
        {(waiting) => (
          <>
            {named && !found && !recent.some(({ approval }) => approval.id === named) && (
              <Notice tone="info">
                <span>{t('gone')}</span>
                <a href={href('/approvals?tab=history')}>{t('toHistory')}</a>
              </Notice>
            )}
            <ul class="plain stack approvals">
              {waiting.map((approval) => (
                <li key={approval.id} ref={approval.id === named ? place : undefined} class={approval.id === named ? 'card named' : 'card'}>
                  <ApprovalCard approval={approval} nodes={nodes.data ?? []} />
                </li>
              ))}
              {recent.map((one) => (
                <li key={one.approval.id} class="card over">
                  <Over one={one} />
                </li>
              ))}
            </ul>
            {waiting.length === 0 && recent.length === 0 && (
              <div class="card">
                <Empty icon="approvals" title={t('nothing')}>
                  <span>{t('nothingHelp')}</span>
                  <a href={href('/approvals?tab=policy')}>{t('toPolicy')}</a>
                </Empty>
              </div>
            )}
          </>
        )}
      </Load>
    </>
  );
}

function Over({ one }: { one: Ended }) {
  return (
    <div class="stack tight">
      <CommandText text={one.approval.command} />
      <div class="row">
        <Chip tone={outcomeTone(one.outcome)}>{outcomeSentence(one.outcome, one.own ? t('you') : one.by)}</Chip>
        <span class="small muted">
          <Ago at={one.at} />
        </span>
      </div>
    </div>
  );
}
