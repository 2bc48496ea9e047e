// What a command does and did: waiting for a decision, output, how it ended.

import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { ended, showInPlace } from '../../app/decisions';
import { setQuery } from '../../app/router';
import { pendingApprovals } from '../../app/waiting';
import type { GatewayNode } from '../../gateway/nodes';
import { CallError } from '../../gateway/session';
import { announce, toast } from '../../parts/announce';
import { ApprovalCard } from '../../parts/approval';
import { ActionButton, Button } from '../../parts/button';
import { CommandText } from '../../parts/command-text';
import { copyText } from '../../parts/copy';
import { Card } from '../../parts/page';
import { Chip, Notice, Skeleton } from '../../parts/states';
import type { Tone } from '../../parts/states';
import { now } from '../../parts/time';
import { duration } from '../../text/time';
import { visible } from '../../text/visible';
import { nodeName } from './list';
import { isOver, stopRun } from './runs';
import type { Run } from './runs';
import { t } from './text';

/** State of a command as a chip. */
export function RunChip({ run }: { run: Run }) {
  const { state } = run;
  if (state.kind === 'exited') {
    const { exit } = state;
    if (exit.timedOut) return <Chip tone="warn">{t('timedOut')}</Chip>;
    if (exit.code === null) return <Chip tone={exit.success ? 'ok' : 'bad'}>{t(exit.success ? 'done' : exit.error ? 'notStarted' : 'killed')}</Chip>;
    return <Chip tone={exit.code === 0 ? 'ok' : 'bad'}>{t('exitCode', { code: String(exit.code) })}</Chip>;
  }
  const tone: Tone | undefined =
    state.kind === 'running' || state.kind === 'checking' ? 'info' : state.kind === 'waiting' || state.kind === 'stopped' || state.kind === 'expired' ? 'warn' : 'bad';
  return (
    <Chip tone={tone} icon={state.kind === 'running' ? 'play' : state.kind === 'waiting' ? 'clock' : undefined}>
      {t(`state.${state.kind}`)}
    </Chip>
  );
}

function spent(run: Run): string | null {
  if (run.runningSince === null) return null;
  const ms = (run.endedAt ?? now.value) - run.runningSince;
  return run.endedAt !== null && ms < 1000 ? t('milliseconds', { n: Math.max(0, ms) }) : duration(ms);
}

interface RunOutputProps {
  run: Run;
  node: GatewayNode;
  onAgain?: () => void;
}

export function RunOutput({ run, node, onAgain }: RunOutputProps) {
  const { state } = run;
  const text = run.output.map((chunk) => chunk.text).join('');
  const source = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // The end is told; the output itself is there to be read.
    if (isOver(run)) announce(t(state.kind === 'exited' && state.exit.code !== null ? 'toldExit' : 'toldOver', { code: state.kind === 'exited' ? String(state.exit.code) : '' }));
  }, [state.kind]);
  const stop = () => {
    stopRun(run.id).catch((error: unknown) => {
      if (!(error instanceof CallError)) throw error;
      toast(t('notDone', { reason: error.message }), { bad: true });
    });
  };
  const took = spent(run);
  return (
    <Card>
      <div class="stack run-output" data-run={state.kind}>
        {state.kind !== 'waiting' && <CommandText text={run.request.shown} />}
        <div class="row between">
          <div class="row">
            <RunChip run={run} />
            {took && <span class="small muted run-time">{took}</span>}
          </div>
          <div class="row">
            {state.kind === 'running' && run.stoppable && (
              <ActionButton scope="operator.write" size="small" icon="stop" onClick={stop}>
                {t('stop')}
              </ActionButton>
            )}
            {text !== '' && (
              <Button size="small" icon="copy" onClick={() => void copyText(text, source.current)}>
                {t('copyOutput')}
              </Button>
            )}
            {isOver(run) && onAgain && (
              <Button size="small" icon="refresh" onClick={onAgain}>
                {t('again')}
              </Button>
            )}
          </div>
        </div>
        {state.kind === 'waiting' && <Decision approvalId={state.approvalId} command={run.request.shown} node={node} />}
        <Advice run={run} node={node} />
        {(run.output.length > 0 || state.kind === 'running' || state.kind === 'exited') && <Output run={run} source={source} />}
      </div>
    </Card>
  );
}

/** The decision that the command waits for, here where it came up. */
function Decision({ approvalId, command, node }: { approvalId: string; command: string; node: GatewayNode }) {
  useLayoutEffect(() => showInPlace(approvalId), [approvalId]);
  const approval = pendingApprovals.value.find(({ id }) => id === approvalId);
  if (!approval) return ended.value.some((one) => one.approval.id === approvalId) ? null : <Skeleton lines={2} />;
  return (
    <section class="stack decision" aria-label={t('waitsFor')}>
      <p role="alert">
        <strong>{t('waitsFor')}</strong> <span class="visually-hidden">{command}</span>
      </p>
      <ApprovalCard approval={approval} nodes={[node]} />
    </section>
  );
}

/** What to do about an end that was not one of the program's own. */
function Advice({ run, node }: { run: Run; node: GatewayNode }) {
  const { state } = run;
  const name = nodeName(node);
  if (state.kind === 'failed') {
    return (
      <Notice tone="bad">
        <span>{visible(state.message)}</span>
      </Notice>
    );
  }
  if (state.kind === 'exited' && state.exit.error) {
    return (
      <Notice tone="bad">
        <span>{visible(state.exit.error)}</span>
      </Notice>
    );
  }
  if (state.kind === 'refused') {
    return (
      <Notice tone="warn">
        <span>{t(`refused.${state.why}`, { name })}</span>
        <span>
          <Button size="small" onClick={() => setQuery({ tab: 'rules' })}>
            {t('toRules')}
          </Button>
        </span>
      </Notice>
    );
  }
  if (state.kind === 'denied' || state.kind === 'expired' || state.kind === 'lost' || state.kind === 'stopped') {
    return <p class="small muted">{t(`means.${state.kind}`, { name })}</p>;
  }
  return null;
}

function Output({ run, source }: { run: Run; source: { current: HTMLDivElement | null } }) {
  const following = useRef(true);
  useLayoutEffect(() => {
    const box = source.current;
    if (box && following.current) box.scrollTop = box.scrollHeight;
  }, [run.output]);
  const running = !isOver(run);
  return (
    <div
      class="output"
      ref={source}
      role="log"
      aria-live="off"
      aria-label={t('output')}
      tabIndex={0}
      dir="ltr"
      onScroll={({ currentTarget: box }) => (following.current = box.scrollTop + box.clientHeight >= box.scrollHeight - 24)}
    >
      {run.cut && <span class="faint">{t('outputCut')}</span>}
      {run.output.map(({ stream, text }, index) => (
        <span key={index} class={stream === 'err' ? 'stderr' : undefined}>
          {shownOutput(text)}
        </span>
      ))}
      {run.dropped > 0 && <span class="faint">{t('dropped', { n: run.dropped })}</span>}
      {run.output.length === 0 && <span class="faint">{running ? t('noOutputYet') : t('noOutput')}</span>}
    </div>
  );
}

/** Output with what cannot be seen made visible; tabs are for looks. */
function shownOutput(text: string): string {
  return text
    .split('\t')
    .map((part) => visible(part, { lines: true }))
    .join('\t');
}
