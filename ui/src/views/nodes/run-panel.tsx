// Running a command on a node, and the commands that this page ran there.

import { useSignal } from '@preact/signals';
import { useState } from 'preact/hooks';
import type { GatewayNode } from '../../gateway/nodes';
import { Button } from '../../parts/button';
import { Card } from '../../parts/page';
import { Empty, Notice } from '../../parts/states';
import { clock } from '../../text/time';
import { commandLine } from '../../text/command';
import { RunForm } from './run-form';
import { RunChip, RunOutput } from './run-output';
import { EMPTY_FORM } from './run-request';
import { forgetRuns, isOver, runs } from './runs';
import type { Run } from './runs';
import { t } from './text';

export function RunPanel({ node }: { node: GatewayNode }) {
  const form = useSignal(runs.peek().find(({ nodeId }) => nodeId === node.id)?.form ?? EMPTY_FORM);
  const [chosen, setChosen] = useState<string | null>(null);
  const ofNode = runs.value.filter(({ nodeId }) => nodeId === node.id);
  const shown = ofNode.find(({ id }) => id === chosen) ?? ofNode[0];
  if (!node.commands.includes('system.run')) {
    const waits = node.pendingCommands.includes('system.run');
    return (
      <>
        <div class="card">
          <Empty icon={node.connected ? 'info' : 'clock'} title={t(!node.connected ? 'runAway' : waits ? 'runWaits' : 'runNone')}>
            <span>{t(!node.connected ? 'runAwayHelp' : waits ? 'runWaitsHelp' : 'runNoneHelp')}</span>
          </Empty>
        </div>
        {shown && <RunOutput run={shown} node={node} />}
      </>
    );
  }
  const again = (run: Run) => {
    form.value = run.form;
    document.querySelector<HTMLElement>('.run-form input, .run-form textarea')?.focus();
  };
  return (
    <>
      <Card>
        <RunForm node={node} form={form} onRun={setChosen} />
      </Card>
      {shown && <RunOutput key={shown.id} run={shown} node={node} onAgain={() => again(shown)} />}
      {ofNode.length > 1 && (
        <Card
          title={t('historyOfTab')}
          side={
            <Button kind="quiet" size="small" disabled={!ofNode.some(isOver)} onClick={() => forgetRuns(node.id)}>
              {t('forget')}
            </Button>
          }
        >
          <ul class="plain run-history">
            {ofNode.map((run) => (
              <li key={run.id}>
                <button type="button" class="run-row" aria-current={run === shown ? 'true' : undefined} onClick={() => setChosen(run.id)}>
                  <code class="grow">{commandLine(run.request.shown)}</code>
                  <RunChip run={run} />
                  <time class="small muted" dateTime={new Date(run.startedAt).toISOString()}>
                    {clock(run.startedAt)}
                  </time>
                </button>
              </li>
            ))}
          </ul>
        </Card>
      )}
      {ofNode.length === 0 && (
        <Notice tone="info">
          <span>{t('runHint')}</span>
        </Notice>
      )}
    </>
  );
}
