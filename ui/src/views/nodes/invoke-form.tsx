// Any command of a node, with its params as JSON.

import { useRef, useState } from 'preact/hooks';
import { isRaw } from '../../gateway/devices';
import { invokeNode } from '../../gateway/node-calls';
import type { GatewayNode } from '../../gateway/nodes';
import { CallError } from '../../gateway/session';
import { ActionButton, Button } from '../../parts/button';
import { copyText } from '../../parts/copy';
import { Field, SelectField, TextField } from '../../parts/field';
import { Card } from '../../parts/page';
import { Chip, Empty, Notice } from '../../parts/states';
import { visible } from '../../text/visible';
import { CommandGroups } from './request-card';
import { t } from './text';

type Answer = { readonly ok: true; readonly text: string; readonly ms: number } | { readonly ok: false; readonly text: string; readonly hint: string | null; readonly ms: number };

/** Where most commands begin. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'system.run': '{\n  "command": ["uname", "-a"]\n}',
  'system.run.prepare': '{\n  "command": ["uname", "-a"]\n}',
  'system.which': '{\n  "bins": ["git", "ssh"]\n}',
  'system.notify': '{\n  "title": "Hello",\n  "body": "from the gateway"\n}',
};

/** These have methods of their own. */
const RESERVED = /^system\.execApprovals\./;

export function InvokeForm({ node }: { node: GatewayNode }) {
  const commands = node.commands.filter((command) => !RESERVED.test(command));
  const [command, setCommand] = useState(commands.find((one) => one === 'system.which') ?? commands[0] ?? '');
  const [params, setParams] = useState(EXAMPLES[command] ?? '{}');
  const [limit, setLimit] = useState('30');
  const [problem, setProblem] = useState<string | null>(null);
  const [answer, setAnswer] = useState<Answer | 'running' | null>(null);
  if (commands.length === 0) {
    return (
      <div class="card">
        <Empty icon={node.connected ? 'info' : 'clock'} title={t(node.connected ? 'noCommands' : 'runAway')}>
          <span>{t(node.connected ? 'noCommandsHelp' : 'runAwayHelp')}</span>
        </Empty>
      </div>
    );
  }
  const choose = (next: string) => {
    // What was typed stays; an untouched example follows the command.
    if (params === (EXAMPLES[command] ?? '{}')) setParams(EXAMPLES[next] ?? '{}');
    setCommand(next);
  };
  const send = async () => {
    let given: unknown;
    try {
      given = params.trim() === '' ? {} : JSON.parse(params);
    } catch (error) {
      setProblem(t('notJson', { reason: error instanceof Error ? error.message : '' }));
      return;
    }
    const seconds = Number(limit);
    if (limit.trim() === '' || !Number.isFinite(seconds) || seconds <= 0) {
      setProblem(t('problem.limit'));
      return;
    }
    setAnswer('running');
    const began = performance.now();
    const ms = () => Math.round(performance.now() - began);
    try {
      const payload = await invokeNode({ nodeId: node.id, command, params: given, timeoutMs: Math.round(seconds * 1000) });
      setAnswer({ ok: true, text: JSON.stringify(payload, null, 2) ?? 'null', ms: ms() });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      const details = error.error.details;
      const hint = isRaw(details) && typeof details['hint'] === 'string' ? details['hint'] : null;
      setAnswer({ ok: false, text: error.message, hint, ms: ms() });
    }
  };
  return (
    <>
      <Card title={t('invokeTitle')}>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <div class="grid">
            <SelectField label={t('command')} value={command} options={commands.map((one) => [one, visible(one)] as const)} onChange={choose} />
            <TextField label={t('limit')} inputMode="decimal" value={limit} onInput={(event) => setLimit(event.currentTarget.value)} />
          </div>
          <Field label={t('params')} error={problem}>
            {(ids) => (
              <textarea
                class="textarea mono"
                spellcheck={false}
                autocapitalize="off"
                dir="ltr"
                rows={5}
                value={params}
                onInput={(event) => {
                  setParams(event.currentTarget.value);
                  setProblem(null);
                }}
                {...ids}
              />
            )}
          </Field>
          <div class="row">
            <ActionButton scope="operator.write" kind="primary" type="submit" disabled={answer === 'running' || !node.connected}>
              {t(answer === 'running' ? 'invoking' : 'invoke')}
            </ActionButton>
          </div>
        </form>
      </Card>
      {answer !== null && answer !== 'running' && <Shown answer={answer} />}
      <Card title={t('offered')}>
        <CommandGroups commands={node.commands} />
        {node.pendingCommands.length > 0 && (
          <>
            <h3 class="pending-head">{t('pendingCommands')}</h3>
            <CommandGroups commands={node.pendingCommands} />
          </>
        )}
      </Card>
    </>
  );
}

function Shown({ answer }: { answer: Answer }) {
  const source = useRef<HTMLPreElement>(null);
  return (
    <Card
      title={t('answer')}
      side={
        <>
          <Chip tone={answer.ok ? 'ok' : 'bad'}>{t('answered', { n: answer.ms })}</Chip>
          {answer.ok && (
            <Button size="small" icon="copy" onClick={() => void copyText(answer.text, source.current)}>
              {t('copyAnswer')}
            </Button>
          )}
        </>
      }
    >
      {answer.ok ? (
        <pre class="output" ref={source} tabIndex={0} dir="ltr" aria-label={t('answer')}>
          {visible(answer.text, { lines: true })}
        </pre>
      ) : (
        <Notice tone="bad">
          <span>{visible(answer.text)}</span>
          {answer.hint && <code class="break">{visible(answer.hint)}</code>}
        </Notice>
      )}
    </Card>
  );
}
