// What was decided: as the gateway remembers it, else what this page saw.

import { ended } from '../../app/decisions';
import { readHistory } from '../../gateway/approvals';
import type { DecidedApproval } from '../../gateway/approvals';
import { useResource } from '../../gateway/resource';
import { call, has, live } from '../../gateway/session';
import { AsOf, Chip, Empty, Load, Notice } from '../../parts/states';
import { DataTable, currentSort } from '../../parts/table';
import type { Column } from '../../parts/table';
import { Ago } from '../../parts/time';
import { commandPieces } from '../../text/command';
import { visible } from '../../text/visible';
import { outcomeSentence, outcomeTone } from './outcome';
import { t } from './text';

const LIMIT = 200;

export function History() {
  const kept = useResource({
    key: 'approvals.history',
    method: 'approval.history',
    scope: 'operator.approvals',
    events: ['exec.approval.resolved'],
    load: async () => readHistory(await call('approval.history', { limit: LIMIT })),
  });
  if (live.value && !has('approval.history')) {
    return (
      <>
        <Notice tone="info">
          <span>{t('ofThisTab')}</span>
        </Notice>
        <Rows items={ofThisTab()} />
      </>
    );
  }
  return (
    <>
      <AsOf of={kept} />
      <Load of={kept}>{(items) => <Rows items={withNames(items)} />}</Load>
    </>
  );
}

/** What this page saw, in the shape of the gateway's history. */
function ofThisTab(): readonly DecidedApproval[] {
  return ended.value.map(({ approval, outcome, by, own, at }) => ({
    id: approval.id,
    command: approval.command,
    host: approval.host,
    agentId: approval.agentId,
    outcome,
    by: own ? t('you') : by,
    createdAt: approval.createdAt,
    at,
  }));
}

/** Adds who decided where the gateway does not say and this page saw it. */
function withNames(items: readonly DecidedApproval[]): readonly DecidedApproval[] {
  const seen = new Map(ofThisTab().map((one) => [one.id, one.by]));
  return items.map((item) => ({ ...item, by: seen.get(item.id) ?? item.by }));
}

function Rows({ items }: { items: readonly DecidedApproval[] }) {
  if (items.length === 0) {
    return (
      <div class="card">
        <Empty icon="clock" title={t('noHistory')}>
          <span>{t('noHistoryHelp')}</span>
        </Empty>
      </div>
    );
  }
  const columns: readonly Column<DecidedApproval>[] = [
    { key: 'command', title: t('command'), rowHead: true, cell: ({ command }) => <Short command={command} />, compare: (a, b) => a.command.localeCompare(b.command) },
    {
      key: 'outcome',
      title: t('outcome'),
      cell: ({ outcome, by }) => <Chip tone={outcomeTone(outcome)}>{outcomeSentence(outcome, by)}</Chip>,
      compare: (a, b) => a.outcome.localeCompare(b.outcome),
    },
    { key: 'host', title: t('host'), cell: ({ host }) => (host ? visible(host) : t('thisGateway')), compare: (a, b) => (a.host ?? '').localeCompare(b.host ?? '') },
    { key: 'agent', title: t('agent'), cell: ({ agentId }) => (agentId ? visible(agentId) : <span class="muted">{t('none')}</span>) },
    { key: 'at', title: t('when'), cell: ({ at }) => <Ago at={at} />, compare: (a, b) => a.at - b.at },
  ];
  return <DataTable label={t('history')} columns={columns} rows={items} id={({ id }) => id} sort={currentSort({ column: 'at', down: true })} />;
}

/** A command in a row: all of it, at most four lines high. */
function Short({ command }: { command: string }) {
  return (
    <code class="history-command" dir="ltr">
      {commandPieces(command).map(({ kind, text }, index) =>
        kind === 'text' ? (
          text
        ) : kind === 'hidden' ? (
          <mark key={index} class="hidden-character">
            {text}
          </mark>
        ) : (
          <span key={index} class="line-end">
            ↵{' '}
          </span>
        ),
      )}
    </code>
  );
}
