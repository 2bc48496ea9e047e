// The nodes at a glance.

import { href } from '../../app/router';
import { deviceList } from '../../app/waiting';
import { isRaw } from '../../gateway/devices';
import { useResource } from '../../gateway/resource';
import { call } from '../../gateway/session';
import { Card } from '../../parts/page';
import { AsOf, Load } from '../../parts/states';
import { deviceName } from '../../text/access';
import { visible } from '../../text/visible';
import { t } from './text';

interface NodeTile {
  readonly id: string;
  readonly name: string;
  readonly connected: boolean;
}

const TILES = 12;

export function NodesStrip() {
  const list = deviceList();
  return (
    <Card title={t('nodes')} side={<AsOf of={list} />}>
      {/* Who may see devices needs no second list; who may not has one of nodes alone. */}
      {list.forbidden ? (
        <Listed />
      ) : (
        <Load of={list} lines={1}>
          {({ paired }) => (
            <Tiles
              nodes={paired
                .filter(({ roles, tokens }) => roles.includes('node') && tokens.some(({ role, revokedAt }) => role === 'node' && revokedAt === null))
                .map((device) => ({ id: device.deviceId, name: deviceName(device), connected: device.connected }))}
            />
          )}
        </Load>
      )}
    </Card>
  );
}

function Listed() {
  const nodes = useResource({
    key: 'overview.nodes',
    method: 'node.list',
    scope: 'operator.read',
    events: ['presence'],
    load: async () => {
      const answer = await call('node.list', {});
      const listed = isRaw(answer) && Array.isArray(answer['nodes']) ? answer['nodes'].filter(isRaw) : [];
      return listed.map((node) => {
        const id = String(node['nodeId'] ?? '');
        return { id, name: visible(String(node['displayName'] ?? id.slice(0, 12))), connected: node['connected'] === true };
      });
    },
  });
  return <Load of={nodes}>{(listed) => <Tiles nodes={listed} />}</Load>;
}

function Tiles({ nodes }: { nodes: readonly NodeTile[] }) {
  if (nodes.length === 0) {
    return (
      <p class="row">
        <span class="muted">{t('nodesNone')}</span>
        <a href={href('/devices?pair=node')}>{t('addNode')}</a>
      </p>
    );
  }
  const sorted = nodes.toSorted((a, b) => Number(b.connected) - Number(a.connected) || a.name.localeCompare(b.name));
  return (
    <ul class="plain tiles">
      {sorted.slice(0, TILES).map(({ id, name, connected }) => (
        <li key={id}>
          <a href={href(`/nodes/${encodeURIComponent(id)}`)} class={connected ? 'tile on' : 'tile'}>
            <span class="tile-name">{name}</span>
            <span class="caption">{t(connected ? 'connected' : 'away')}</span>
          </a>
        </li>
      ))}
      <li>
        <a href={href('/nodes')} class="tile all">
          {nodes.length > TILES ? t('more', { n: nodes.length - TILES }) : t('allNodes')}
        </a>
      </li>
    </ul>
  );
}
