// One node: what it is, running something on it, its rules.

import { useState } from 'preact/hooks';
import { href, navigate } from '../../app/router';
import { nodeRequests } from '../../app/waiting';
import { readNode } from '../../gateway/nodes';
import type { GatewayNode } from '../../gateway/nodes';
import { useResource } from '../../gateway/resource';
import { CallError, call, can, has, hello } from '../../gateway/session';
import { toast } from '../../parts/announce';
import { ActionButton, Button } from '../../parts/button';
import { Dialog } from '../../parts/dialog';
import { TextField } from '../../parts/field';
import { Page } from '../../parts/page';
import { AsOf, Chip, Empty, Load } from '../../parts/states';
import { Tabs } from '../../parts/tabs';
import { Ago } from '../../parts/time';
import { visible } from '../../text/visible';
import { PolicyEditor } from '../approvals/policy-editor';
import { About } from './about';
import { InvokeForm } from './invoke-form';
import { NodeState, Since, nodeName } from './list';
import { NodeRequestCard } from './request-card';
import { RunPanel } from './run-panel';
import { isOver, runs } from './runs';
import { t } from './text';

export function NodeDetail({ id }: { id: string }) {
  const node = useResource<GatewayNode | 'unknown'>({
    key: `node.${id}`,
    method: 'node.describe',
    scope: 'operator.read',
    events: ['presence', 'node.pair.resolved', 'device.pair.resolved'],
    everyMs: 30_000,
    load: async () => {
      try {
        const answer: unknown = await call('node.describe', { nodeId: id });
        return readNode(answer as Readonly<Record<string, unknown>>);
      } catch (error) {
        if (error instanceof CallError && /unknown nodeId/.test(error.message)) return 'unknown';
        throw error;
      }
    },
  });
  const known = node.data !== null && node.data !== 'unknown' ? node.data : null;
  return (
    <Page
      title={known ? nodeName(known) : t('node')}
      sentence={
        <span class="row">
          <a href={href('/nodes')}>{t('allNodes')}</a>
          {known && <NodeState node={known} />}
          {known && <Since node={known} />}
          <AsOf of={node} />
        </span>
      }
      action={known && <Actions node={known} onRenamed={(name) => node.mutate((now) => (now === 'unknown' ? now : { ...now, name }))} />}
    >
      <Load of={node}>
        {(data) =>
          data === 'unknown' ? (
            <div class="card">
              <Empty icon="nodes" title={t('unknownNode')}>
                <span>{t('unknownNodeHelp')}</span>
                <a class="button" href={href('/nodes')}>
                  {t('allNodes')}
                </a>
              </Empty>
            </div>
          ) : (
            <Parts node={data} />
          )
        }
      </Load>
    </Page>
  );
}

function Parts({ node }: { node: GatewayNode }) {
  const requests = nodeRequests.value.filter(({ nodeId }) => nodeId === node.id);
  const running = runs.value.filter((run) => run.nodeId === node.id && !isOver(run)).length;
  return (
    <>
      {requests.map((request) => (
        <NodeRequestCard key={request.requestId} request={request} />
      ))}
      <Tabs
        label={t('node')}
        tabs={[
          { key: 'run', title: t('tabRun'), count: running },
          { key: 'commands', title: t('tabCommands') },
          { key: 'rules', title: t('tabRules') },
          { key: 'about', title: t('tabAbout') },
        ]}
      >
        {(tab) =>
          tab === 'commands' ? (
            <InvokeForm node={node} />
          ) : tab === 'rules' ? (
            <Rules node={node} />
          ) : tab === 'about' ? (
            <About node={node} />
          ) : (
            <RunPanel node={node} />
          )
        }
      </Tabs>
    </>
  );
}

function Rules({ node }: { node: GatewayNode }) {
  if (!node.connected) {
    return (
      <div class="card">
        <Empty icon="clock" title={t('rulesAway')}>
          <span>{t('rulesAwayHelp')}</span>
        </Empty>
      </div>
    );
  }
  if (can('operator.admin') && !node.commands.includes('system.execApprovals.get')) {
    return (
      <div class="card">
        <Empty icon="info" title={t('rulesNone')}>
          <span>{t('rulesNoneHelp')}</span>
        </Empty>
      </div>
    );
  }
  return <PolicyEditor nodeId={node.id} name={nodeName(node)} />;
}

function Actions({ node, onRenamed }: { node: GatewayNode; onRenamed: (name: string) => void }) {
  const [open, setOpen] = useState<'rename' | 'remove' | null>(null);
  return (
    <>
      <ActionButton scope="operator.pairing" icon="edit" onClick={() => setOpen('rename')}>
        {t('rename')}
      </ActionButton>
      <ActionButton scope="operator.pairing" icon="trash" onClick={() => setOpen('remove')}>
        {t('remove')}
      </ActionButton>
      {open === 'rename' && <Rename node={node} onClose={() => setOpen(null)} onRenamed={onRenamed} />}
      {open === 'remove' && <Remove node={node} onClose={() => setOpen(null)} />}
    </>
  );
}

/** Longest name that gateways keep. */
const NAME_CHARACTERS = 64;

function Rename({ node, onClose, onRenamed }: { node: GatewayNode; onClose: () => void; onRenamed: (name: string) => void }) {
  const [name, setName] = useState(node.name ?? '');
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const save = async () => {
    const displayName = name.trim();
    if (displayName === '') {
      setProblem(t('nameEmpty'));
      return;
    }
    setBusy(true);
    try {
      await call('node.rename', { nodeId: node.id, displayName });
      onRenamed(displayName);
      toast(t('renamed', { name: visible(displayName) }));
      onClose();
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      setProblem(error.message);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('renameTitle', { name: nodeName(node) })} onClose={onClose}>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <TextField
          label={t('name')}
          maxLength={NAME_CHARACTERS}
          data-autofocus
          error={problem}
          value={name}
          onInput={(event) => {
            setName(event.currentTarget.value);
            setProblem(null);
          }}
        />
        <div class="row end">
          <Button onClick={onClose}>{t('cancel')}</Button>
          <Button kind="primary" type="submit" disabled={busy}>
            {t('rename')}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function Remove({ node, onClose }: { node: GatewayNode; onClose: () => void }) {
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const name = nodeName(node);
  const remove = async () => {
    setBusy(true);
    try {
      if (has('node.pair.remove')) await call('node.pair.remove', { nodeId: node.id });
      else await call('device.token.revoke', { deviceId: node.id, role: 'node' });
      toast(t('removed', { name }));
      navigate('/nodes', { replace: true });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      setProblem(error.message);
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('removeTitle', { name })} onClose={onClose}>
      <p>{t(has('node.pair.remove') ? 'removeMeans' : 'revokeMeans', { name, gateway: hello.value?.server.host ?? location.host })}</p>
      {node.connectedAt !== null && node.connected && (
        <p class="small muted">
          <Chip tone="ok">{t('connected')}</Chip> <Ago at={node.connectedAt} />
        </p>
      )}
      {problem && <p class="error">{problem}</p>}
      <div class="row end">
        <Button data-autofocus onClick={onClose}>
          {t('cancel')}
        </Button>
        <ActionButton scope="operator.pairing" kind="danger" disabled={busy} onClick={() => void remove()}>
          {t('remove')}
        </ActionButton>
      </div>
    </Dialog>
  );
}
