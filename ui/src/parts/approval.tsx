// One command that waits for a decision: everything that the decision needs, and the three answers.

import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { decide, decisionProblem } from '../app/decisions';
import type { Decision } from '../app/decisions';
import { href } from '../app/router';
import { dropApproval } from '../app/waiting';
import type { PendingApproval } from '../gateway/approvals';
import { nodeOf } from '../gateway/nodes';
import type { GatewayNode } from '../gateway/nodes';
import { commandLine, hidesSomething } from '../text/command';
import { splitLine } from '../text/shell-words';
import { duration } from '../text/time';
import { visible } from '../text/visible';
import { toast } from './announce';
import './approval.css';
import { t } from './approval-text';
import { ActionButton } from './button';
import { CommandText } from './command-text';
import { Icon } from './icon';
import { Notice } from './states';
import { now } from './time';

/** Clicks this soon after a button appeared were meant for what was there before. */
const SETTLE_MS = 400;

/** False for a moment after the approval changed. */
function useSettled(id: string): boolean {
  const [settled, setSettled] = useState<string | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(id), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [id]);
  return settled === id;
}

/** What is left of the time, as ring and text. */
export function Countdown({ approval }: { approval: PendingApproval }) {
  const left = Math.max(0, approval.expiresAt - now.value);
  const part = Math.min(1, left / Math.max(1, approval.expiresAt - approval.createdAt));
  return (
    <span class={left < 30_000 ? 'countdown urgent' : 'countdown'}>
      <svg class="ring" viewBox="0 0 20 20" aria-hidden="true">
        <circle cx="10" cy="10" r="8" />
        <circle class="left" cx="10" cy="10" r="8" pathLength="100" stroke-dasharray={`${Math.round(part * 100)} 100`} />
      </svg>
      {left > 0 ? t('timeLeft', { time: duration(left) }) : t('timeOver')}
    </span>
  );
}

/** Why somebody is asked, as far as the request says. */
function reason(approval: PendingApproval): string {
  if (approval.ask === 'always') return t('askAlways');
  if (approval.security === 'full') return t('askFull');
  return t('askMiss');
}

/** What "always allow" will store. */
export function storedPattern(approval: PendingApproval): string {
  return approval.resolvedPath ?? splitLine(approval.command).words[0] ?? approval.command;
}

function Facts({ approval, nodes }: { approval: PendingApproval; nodes: readonly GatewayNode[] }) {
  const node = nodeOf(approval.host, approval.nodeId, nodes);
  const host = node ? (node.name ?? node.id.slice(0, 12)) : (approval.host ?? approval.nodeId);
  const rows: readonly (readonly [string, ComponentChildren])[] = [
    [t('where'), node ? <a href={href(`/nodes/${encodeURIComponent(node.id)}`)}>{visible(host ?? '')}</a> : visible(host ?? t('thisGateway'))],
    [t('directory'), approval.cwd ? <code class="break">{visible(approval.cwd)}</code> : null],
    [t('program'), approval.resolvedPath ? <code class="break">{visible(approval.resolvedPath)}</code> : null],
    [t('agent'), approval.agentId && visible(approval.agentId)],
    [t('session'), approval.sessionKey && visible(approval.sessionKey)],
    [t('askedBy'), approval.requestedBy && visible(approval.requestedBy)],
    [t('why'), reason(approval)],
  ];
  return (
    <dl class="facts tight">
      {rows.map(([name, value]) =>
        value ? (
          <div key={name} class="facts-row">
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ) : null,
      )}
    </dl>
  );
}

interface ApprovalCardProps {
  approval: PendingApproval;
  nodes: readonly GatewayNode[];
  /** Leaves out who and where: the surroundings say it. */
  brief?: boolean;
}

/** Shows the request with Deny, Allow once and Always allow. */
export function ApprovalCard({ approval, nodes, brief }: ApprovalCardProps) {
  const settled = useSettled(approval.id);
  const [busy, setBusy] = useState(false);
  const over = approval.expiresAt <= now.value;
  const command = commandLine(approval.command);
  const answer = async (decision: Decision) => {
    if (!settled || busy || approval.expiresAt <= Date.now()) return;
    setBusy(true);
    try {
      await decide(approval.id, decision);
      dropApproval(approval.id);
      toast(t(`done.${decision}`, { command: commandLine(approval.command, 60) }));
    } catch (error) {
      toast(t('failed', { reason: decisionProblem(error) }), { bad: true });
      setBusy(false);
    }
  };
  const disabled = !settled || busy || over;
  const button = (decision: Decision, key: string, kind?: 'primary') => (
    <ActionButton
      scope="operator.approvals"
      kind={kind}
      disabled={disabled}
      data-decision={decision}
      aria-keyshortcuts={key}
      aria-label={t('decideOn', { decision: t(decision), command })}
      onClick={() => void answer(decision)}
    >
      {t(decision)}
    </ActionButton>
  );
  return (
    <div class="approval stack" data-approval={approval.id}>
      <CommandText text={approval.command} />
      {hidesSomething(approval.command) && (
        <Notice tone="warn">
          <span>{t('hides')}</span>
        </Notice>
      )}
      {!brief && <Facts approval={approval} nodes={nodes} />}
      <div class="row between approval-decide">
        <Countdown approval={approval} />
        <div class="row approval-actions">
          {button('deny', 'D')}
          {button('allow-once', 'O', hidesSomething(approval.command) ? undefined : 'primary')}
          {button('allow-always', 'A')}
        </div>
      </div>
      <p class="caption muted always-stores">
        <Icon name="info" />
        <span>
          {t('stores')} <code class="break">{visible(storedPattern(approval))}</code>
        </span>
      </p>
    </div>
  );
}
