// Editor of the rules of one machine. Nothing is written before Save, and never over somebody else's change.

import { useSignal } from '@preact/signals';
import { isRaw } from '../../gateway/devices';
import { agentsOf, ANY_AGENT, ASKS, DEFAULT_AGENT, DEFAULTS, effective, isWideOpen, ownField, readPolicy, rebase, SECURITIES, withField } from '../../gateway/policy';
import type { FieldName, PolicyFile } from '../../gateway/policy';
import { invokeNode } from '../../gateway/node-calls';
import { useResource } from '../../gateway/resource';
import { CallError, call, can, live } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { SelectField, TextField } from '../../parts/field';
import { Card } from '../../parts/page';
import { AsOf, Load, Notice } from '../../parts/states';
import { visible } from '../../text/visible';
import { Allowlist } from './allowlist';
import './approvals.css';
import { t } from './text';

interface PolicyEditorProps {
  /** `null`: the gateway's own machine. */
  nodeId: string | null;
  name: string;
}

export function PolicyEditor({ nodeId, name }: PolicyEditorProps) {
  const policy = useResource({
    key: `policy.${nodeId ?? 'gateway'}`,
    method: nodeId ? 'exec.approvals.node.get' : 'exec.approvals.get',
    scope: 'operator.admin',
    load: async () => readPolicy(nodeId ? await call('exec.approvals.node.get', { nodeId }) : await call('exec.approvals.get', {})),
  });
  return (
    <>
      <AsOf of={policy} />
      <Load of={policy}>{(file) => <Editor file={file} nodeId={nodeId} name={name} onSaved={(saved) => policy.mutate(() => saved)} />}</Load>
    </>
  );
}

/** What the node itself says that holds for an agent. */
interface InForce {
  readonly security: string | null;
  readonly ask: string | null;
}

/** Asks the node by preparing a command that is never run. */
async function inForce(nodeId: string, agentId: string): Promise<InForce> {
  const answer = await invokeNode({ nodeId, command: 'system.run.prepare', params: { command: ['true'], agentId }, timeoutMs: 10_000 });
  const raw = isRaw(answer) ? answer : {};
  const policy = isRaw(raw['execPolicy']) ? raw['execPolicy'] : isRaw(raw['exec_policy']) ? raw['exec_policy'] : {};
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return { security: text(policy['security']), ask: text(policy['ask']) };
}

function InForceLine({ nodeId, agent, hash, name }: { nodeId: string; agent: string; hash: string; name: string }) {
  const agentId = agent === DEFAULTS || agent === ANY_AGENT ? DEFAULT_AGENT : agent;
  const policy = useResource({ key: `policy.force.${nodeId}.${agentId}.${hash}`, scope: 'operator.write', load: () => inForce(nodeId, agentId) });
  const { security, ask } = policy.data ?? { security: null, ask: null };
  if (security === null || ask === null) return null;
  return <p class="small">{t('inForce', { name, agent: visible(agentId), security: valueName(security), ask: valueName(ask) })}</p>;
}

interface EditorProps extends PolicyEditorProps {
  file: PolicyFile;
  onSaved: (file: PolicyFile) => void;
}

/** The rules changed on the machine since they were loaded. */
function isConflict(error: CallError): boolean {
  return /changed since last load|base ?hash/i.test(error.message);
}

function Editor({ file, nodeId, name, onSaved }: EditorProps) {
  const edited = useSignal(file.file);
  const base = useSignal(file);
  const conflict = useSignal<PolicyFile | null>(null);
  const problem = useSignal<string | null>(null);
  const agent = useSignal(DEFAULTS);
  const newAgent = useSignal<string | null>(null);
  const busy = useSignal(false);
  const dirty = edited.value !== base.value.file;
  // What arrives while nothing is edited is shown; edits stay until they are saved or thrown away.
  if (!dirty && base.peek().hash !== file.hash) {
    base.value = file;
    edited.value = file.file;
  }
  const writable = live.value && can('operator.admin');
  const load = async () => readPolicy(nodeId ? await call('exec.approvals.node.get', { nodeId }) : await call('exec.approvals.get', {}));
  const adopt = (next: PolicyFile) => {
    base.value = next;
    edited.value = next.file;
    conflict.value = null;
    problem.value = null;
    onSaved(next);
  };
  const save = async () => {
    busy.value = true;
    problem.value = null;
    const baseHash = base.value.hash;
    const params = { file: edited.value, ...(baseHash ? { baseHash } : {}) };
    try {
      adopt(readPolicy(nodeId ? await call('exec.approvals.node.set', { nodeId, ...params }) : await call('exec.approvals.set', params)));
      toast(t('saved', { name }));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (isConflict(error)) conflict.value = await load().catch(() => null);
      if (conflict.value === null) problem.value = error.message;
    } finally {
      busy.value = false;
    }
  };
  const set = (field: FieldName, value: string | boolean | null) => (edited.value = withField(edited.value, agent.value, field, value));
  const agents = [...new Set([DEFAULTS, ANY_AGENT, DEFAULT_AGENT, ...agentsOf(edited.value), agent.value])];
  const agentName = (key: string) => (key === DEFAULTS ? t('agentDefaults') : key === ANY_AGENT ? t('agentAny') : visible(key));
  const choices = (field: FieldName, values: readonly string[]): (readonly [string, string])[] => {
    const inherited = effective(withField(edited.value, agent.value, field, null), agent.value, field);
    const what = inherited.value === null ? t('decidedThere') : t('inherited', { value: valueName(String(inherited.value)), from: t(`from.${inherited.from}`) });
    return [['', what], ...values.map((value) => [value, valueName(value)] as const)];
  };
  const select = (field: 'security' | 'ask' | 'askFallback', values: readonly string[]) => (
    <SelectField
      label={t(field)}
      help={t(`help.${field}`)}
      value={String(ownField(edited.value, agent.value, field) ?? '')}
      options={choices(field, values)}
      disabled={!writable}
      onChange={(value) => set(field, value || null)}
    />
  );
  return (
    <>
      {conflict.value && (
        <Notice tone="warn">
          <strong>{t('conflictTitle')}</strong>
          <span>{t('conflict', { name })}</span>
          <div class="row">
            <Button
              kind="primary"
              onClick={() => {
                const theirs = conflict.value;
                if (!theirs) return;
                edited.value = rebase(base.value.file, edited.value, theirs.file);
                base.value = theirs;
                conflict.value = null;
              }}
            >
              {t('conflictMerge')}
            </Button>
            <Button onClick={() => conflict.value && adopt(conflict.value)}>{t('conflictTheirs')}</Button>
          </div>
        </Notice>
      )}
      {problem.value && (
        <Notice tone="bad">
          <strong>{t('notSaved')}</strong>
          <span>{problem.value}</span>
        </Notice>
      )}
      <Card title={t('rules')} side={<code class="caption muted break">{base.value.path}</code>}>
        <div class="stack">
          <div class="row policy-agent">
            <SelectField
              label={t('rulesFor')}
              value={newAgent.value === null ? agent.value : '+'}
              options={[...agents.map((key) => [key, agentName(key)] as const), ['+', t('agentOther')]]}
              onChange={(key) => {
                newAgent.value = key === '+' ? '' : null;
                if (key !== '+') agent.value = key;
              }}
            />
            {newAgent.value !== null && (
              <form
                class="row end"
                onSubmit={(event) => {
                  event.preventDefault();
                  const named = newAgent.value?.trim();
                  if (named) agent.value = named;
                  newAgent.value = null;
                }}
              >
                <TextField label={t('agentName')} value={newAgent.value} onInput={(event) => (newAgent.value = event.currentTarget.value)} />
                <Button type="submit">{t('agentShow')}</Button>
              </form>
            )}
          </div>
          <div class="grid policy-fields">
            {select('security', SECURITIES)}
            {select('ask', ASKS)}
            {select('askFallback', SECURITIES)}
          </div>
          {nodeId && <InForceLine nodeId={nodeId} agent={agent.value} hash={base.value.hash} name={name} />}
          <Consequence file={edited.value} agent={agent.value} name={name} />
          {agent.value === DEFAULTS ? (
            <p class="small muted">{t('listPerAgent')}</p>
          ) : (
            <Allowlist key={agent.value} file={edited.value} agent={agent.value} name={agentName(agent.value)} disabled={!writable} onChange={(next) => (edited.value = next)} />
          )}
        </div>
      </Card>
      <div class={dirty ? 'row policy-save dirty' : 'row policy-save'}>
        <ActionButton scope="operator.admin" kind="primary" disabled={!dirty || busy.value || conflict.value !== null} onClick={() => void save()}>
          {t('save')}
        </ActionButton>
        <Button disabled={!dirty || busy.value} onClick={() => adopt(base.value)}>
          {t('discard')}
        </Button>
        <span class="small muted" role="status">
          {dirty ? t('unsaved') : ''}
        </span>
      </div>
    </>
  );
}

function valueName(value: string): string {
  switch (value) {
    case 'deny':
    case 'allowlist':
    case 'full':
    case 'off':
    case 'on-miss':
    case 'always':
      return t(`value.${value}`);
    default:
      return visible(value);
  }
}

/** What the rules come to, in a sentence. */
function Consequence({ file, agent, name }: { file: PolicyFile['file']; agent: string; name: string }) {
  if (isWideOpen(file, agent)) {
    return (
      <Notice tone="bad">
        <strong>{t('wideOpenTitle')}</strong>
        <span>{t('wideOpen', { name })}</span>
      </Notice>
    );
  }
  const security = effective(file, agent, 'security').value;
  const ask = effective(file, agent, 'ask').value;
  const sentence =
    security === null || ask === null
      ? t('meansOpen')
      : security === 'deny'
        ? t('meansDeny', { name })
        : security === 'full'
          ? t(ask === 'always' ? 'meansAlways' : 'meansFull', { name })
          : t(ask === 'always' ? 'meansAlways' : ask === 'off' ? 'meansList' : 'meansMiss', { name });
  return <p class="small">{sentence}</p>;
}
