// Every node, those that wait first.

import { useState } from 'preact/hooks';
import { href, route, setQuery } from '../../app/router';
import { deviceList, nodeRequests } from '../../app/waiting';
import { loadNodes } from '../../gateway/node-calls';
import { families, isOlder } from '../../gateway/nodes';
import type { GatewayNode } from '../../gateway/nodes';
import { useResource } from '../../gateway/resource';
import { hello } from '../../gateway/session';
import { ActionButton } from '../../parts/button';
import { Page } from '../../parts/page';
import { AsOf, Chip, Empty, Load } from '../../parts/states';
import { DataTable, currentSort } from '../../parts/table';
import type { Column } from '../../parts/table';
import { Ago } from '../../parts/time';
import { visible } from '../../text/visible';
import { AddNode } from './add-node';
import { NewNodeCard, NodeRequestCard } from './request-card';
import { t } from './text';

/** How often the list is loaded while the page is visible; changes are told by events. */
const EVERY_MS = 30_000;

export function useNodes() {
  return useResource({
    key: 'nodes',
    method: 'node.list',
    scope: 'operator.read',
    events: ['presence', 'node.pair.resolved', 'device.pair.resolved'],
    everyMs: EVERY_MS,
    load: loadNodes,
  });
}

export function NodeList() {
  const nodes = useNodes();
  const adding = route.value.query.get('add') !== null;
  const asking = (deviceList().data?.pending ?? []).filter(({ role }) => role === 'node');
  const requests = nodeRequests.value;
  return (
    <Page
      title={t('title')}
      sentence={t('sentence')}
      action={
        <>
          <AsOf of={nodes} />
          <ActionButton scope="operator.pairing" kind="primary" icon="plus" onClick={() => setQuery({ add: '1' })}>
            {t('add')}
          </ActionButton>
        </>
      }
    >
      {(asking.length > 0 || requests.length > 0) && (
        <section class="stack" aria-label={t('waiting')}>
          <h2>{t('waiting')}</h2>
          {asking.map((request) => (
            <NewNodeCard key={request.requestId} request={request} />
          ))}
          {requests.map((request) => (
            <NodeRequestCard key={request.requestId} request={request} />
          ))}
        </section>
      )}
      <Load of={nodes}>{(list) => (list.length === 0 ? <None /> : <NodeTable nodes={list} />)}</Load>
      {adding && <AddNode nodes={nodes.data} onClose={() => setQuery({ add: null })} />}
    </Page>
  );
}

function None() {
  return (
    <div class="card">
      <Empty icon="nodes" title={t('none')}>
        <span>{t('noneHelp')}</span>
        <ActionButton scope="operator.pairing" kind="primary" icon="plus" onClick={() => setQuery({ add: '1' })}>
          {t('add')}
        </ActionButton>
      </Empty>
    </div>
  );
}

export function nodeName(node: Pick<GatewayNode, 'id' | 'name'>): string {
  return visible(node.name ?? node.id.slice(0, 12));
}

/** Whether it can be used now. */
export function NodeState({ node }: { node: GatewayNode }) {
  if (!node.connected) return <Chip icon="clock">{t('away')}</Chip>;
  if (node.waits && node.commands.length === 0) return <Chip tone="warn">{t('awaits')}</Chip>;
  return <Chip tone="ok">{t('connected')}</Chip>;
}

/** Families of commands as chips. */
export function Families({ node, most = 4 }: { node: GatewayNode; most?: number }) {
  const groups = families(node.commands);
  if (groups.length === 0) return <span class="muted">{node.connected ? t('noCommands') : '–'}</span>;
  return (
    <span class="row families">
      {groups.slice(0, most).map(({ name, commands }) => (
        <span key={name} class="chip" title={commands.map((command) => visible(command)).join('\n')}>
          {visible(name)} <span class="faint">{commands.length}</span>
        </span>
      ))}
      {groups.length > most && <span class="caption muted">{t('moreFamilies', { n: groups.length - most })}</span>}
    </span>
  );
}

export function Version({ node }: { node: GatewayNode }) {
  if (!node.version) return <span class="muted">–</span>;
  return (
    <span class="row version">
      {visible(node.version)}
      {isOlder(node.version, hello.value?.server.version ?? null) && <Chip tone="warn">{t('older')}</Chip>}
    </span>
  );
}

function NodeTable({ nodes }: { nodes: readonly GatewayNode[] }) {
  const [search, setSearch] = useState('');
  const wanted = search.trim().toLowerCase();
  const found = wanted ? nodes.filter((node) => `${node.name ?? ''} ${node.id} ${node.platform ?? ''} ${node.commands.join(' ')}`.toLowerCase().includes(wanted)) : nodes;
  const name = (node: GatewayNode) => node.name ?? node.id;
  const columns: readonly Column<GatewayNode>[] = [
    {
      key: 'name',
      title: t('name'),
      rowHead: true,
      compare: (a, b) => name(a).localeCompare(name(b)),
      cell: (node) => (
        <a class="node-name" href={href(`/nodes/${encodeURIComponent(node.id)}`)}>
          {nodeName(node)}
        </a>
      ),
    },
    { key: 'state', title: t('state'), cell: (node) => <NodeState node={node} />, compare: (a, b) => Number(b.connected) - Number(a.connected) || name(a).localeCompare(name(b)) },
    {
      key: 'since',
      title: t('since'),
      cell: (node) => <Since node={node} />,
      compare: (a, b) => (a.connectedAt ?? a.lastSeenAt ?? 0) - (b.connectedAt ?? b.lastSeenAt ?? 0),
    },
    { key: 'platform', title: t('platform'), cell: (node) => <span class="nowrap">{visible(node.family ?? node.platform ?? '–')}</span>, compare: (a, b) => (a.platform ?? '').localeCompare(b.platform ?? '') },
    { key: 'version', title: t('version'), cell: (node) => <Version node={node} />, compare: (a, b) => (isOlder(a.version, b.version) ? -1 : isOlder(b.version, a.version) ? 1 : 0) },
    { key: 'commands', title: t('commands'), cell: (node) => <Families node={node} /> },
  ];
  return (
    <>
      {nodes.length > 8 && (
        <input class="input node-search" type="search" aria-label={t('search')} placeholder={t('search')} value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
      )}
      {found.length === 0 ? <p class="muted">{t('notFound', { search: wanted })}</p> : <DataTable label={t('title')} columns={columns} rows={found} id={({ id }) => id} sort={currentSort({ column: 'state', down: false })} />}
    </>
  );
}

/** Since when it is connected, or when it was last seen. */
export function Since({ node }: { node: GatewayNode }) {
  if (node.connected && node.connectedAt !== null) return <Ago at={node.connectedAt} />;
  if (node.lastSeenAt === null) return <span class="muted">{t('neverSeen')}</span>;
  const [before = '', after = ''] = t('seen').split('{time}');
  return (
    <span class="muted">
      {before}
      <Ago at={node.lastSeenAt} />
      {after}
    </span>
  );
}
