// What the palette finds.

import { useMemo } from 'preact/hooks';
import { isRaw } from '../gateway/devices';
import { useResource } from '../gateway/resource';
import { call, can, connection, has, hello, live, retryNow } from '../gateway/session';
import { copyText } from '../parts/copy';
import type { IconName } from '../parts/icon';
import { deviceName } from '../text/access';
import { visible } from '../text/visible';
import { openOverlay } from './overlay';
import { t } from './overlays-text';
import { navigate } from './router';
import { settings } from './settings';
import { t as app } from './text';
import { change, isDark } from './theme';
import { VIEW_LIST } from './views';
import { deviceList } from './waiting';

export interface Item {
  readonly id: string;
  readonly kind: 'view' | 'device' | 'node' | 'action';
  readonly name: string;
  readonly icon: IconName;
  readonly run: () => void;
}

interface NamedNode {
  readonly id: string;
  readonly name: string;
}

function readNodes(answer: unknown): readonly NamedNode[] {
  const list = isRaw(answer) && Array.isArray(answer['nodes']) ? answer['nodes'] : [];
  return list.filter(isRaw).flatMap((node) => {
    const id = node['nodeId'];
    if (typeof id !== 'string') return [];
    const name = node['displayName'];
    return [{ id, name: typeof name === 'string' && name !== '' ? name : id.slice(0, 12) }];
  });
}

/** Everything that can be found now. */
export function useItems(): readonly Item[] {
  const nodes = useResource<readonly NamedNode[]>({
    key: 'palette-nodes',
    method: 'node.list',
    scope: 'operator.read',
    load: async () => readNodes(await call('node.list', {})),
  });
  const devices = deviceList().data?.paired;
  const actions = actionItems();
  return useMemo(
    () => [
      ...VIEW_LIST.map(({ name, icon }): Item => ({ id: `view-${name}`, kind: 'view', name: app(name), icon, run: () => navigate(`/${name}`) })),
      ...(devices ?? []).map(
        (device): Item => ({
          id: `device-${device.deviceId}`,
          kind: 'device',
          name: deviceName(device),
          icon: 'devices',
          run: () => navigate(`/devices/${device.deviceId}`),
        }),
      ),
      ...(nodes.data ?? []).map(
        ({ id, name }): Item => ({ id: `node-${id}`, kind: 'node', name: visible(name), icon: 'nodes', run: () => navigate(`/nodes/${encodeURIComponent(id)}`) }),
      ),
      ...actions,
    ],
    [devices, nodes.data, actions.map(({ name }) => name).join('\n')],
  );
}

function actionItems(): readonly Item[] {
  const { host, hostname, port, protocol } = location;
  const gatewayPort = port || (protocol === 'https:' ? '443' : '80');
  const action = (id: string, name: string, icon: IconName, run: () => void): Item => ({ id: `action-${id}`, kind: 'action', name, icon, run });
  const dark = isDark();
  const compact = settings.value.density === 'compact';
  const items: Item[] = [];
  if (!live.value && connection.value.kind === 'retrying') items.push(action('retry', t('retry'), 'refresh', retryNow));
  if (can('operator.pairing')) items.push(action('pair', t('pairNew'), 'plus', () => navigate('/devices?pair=new')));
  if (has('node.list')) items.push(action('node', t('addNode'), 'plus', () => navigate('/nodes?add=1')));
  items.push(
    action('theme', dark ? t('themeLight') : t('themeDark'), dark ? 'sun' : 'moon', () => change({ theme: dark ? 'light' : 'dark' })),
    action('density', compact ? t('normal') : t('compact'), 'overview', () => change({ density: compact ? 'normal' : 'compact' })),
    action('ssh', t('copySsh'), 'terminal', () => void copyText(`ssh -N -L ${gatewayPort}:127.0.0.1:${gatewayPort} USER@${hostname}`, null)),
    action('address', t('copyAddress'), 'copy', () => void copyText(`${protocol}//${host}`, null)),
    action('help', t('help'), 'info', () => openOverlay('help')),
    action('bundle', t('supportBundle'), 'debug', () => navigate('/debug?tab=support')),
  );
  const connId = hello.value?.server.connId;
  if (connId) items.push(action('conn', t('copyConnId'), 'copy', () => void copyText(connId, null)));
  return items;
}
