// What waits for the person, in every view: devices that ask to be let in, nodes that ask to offer commands, commands that ask
// to run. One list for all views, kept current by events; badges, title, icon and notifications follow from it.

import { batch, computed, effect, signal, untracked } from '@preact/signals';
import type { ReadonlySignal } from '@preact/signals';
import { readApproval, readApprovals } from '../gateway/approvals';
import type { PendingApproval } from '../gateway/approvals';
import { isRaw, presentIds, readDeviceList, readNodeRequest, readPending, withPending, withPresence, withoutPending } from '../gateway/devices';
import type { DeviceList, NodeRequest } from '../gateway/devices';
import type { Resource } from '../gateway/resource';
import { CallError, call, can, has, hello, live, on } from '../gateway/session';
import { announce } from '../parts/announce';
import { deviceName } from '../text/access';
import { visible } from '../text/visible';
import { badgeTotal, setBadge } from './badges';
import { arrived } from './notify';
import { t } from './waiting-text';

interface Kept<T> {
  readonly data: T | null;
  readonly asOf: number | null;
  readonly error: CallError | null;
}

const devices = signal<Kept<DeviceList>>({ data: null, asOf: null, error: null });
const nodes = signal<readonly NodeRequest[]>([]);
const approvals = signal<Kept<readonly PendingApproval[]>>({ data: null, asOf: null, error: null });

/** Commands that wait for a decision, oldest first. */
export const pendingApprovals: ReadonlySignal<readonly PendingApproval[]> = computed(() => approvals.value.data ?? []);

/** Requests of nodes: of paired ones that offer more, and of those that the device list does not know. */
export const nodeRequests: ReadonlySignal<readonly NodeRequest[]> = computed(() => {
  const list = devices.value.data;
  const ofPaired = list?.paired.map(({ nodeSurface }) => nodeSurface).filter((request) => request !== null) ?? [];
  const asking = new Set(list?.pending.map(({ deviceId }) => deviceId));
  const known = new Set(ofPaired.map(({ requestId }) => requestId));
  // Letting a new node in settles what it offers as well: it is not counted twice.
  const others = nodes.value.filter(({ requestId, nodeId }) => !known.has(requestId) && !asking.has(nodeId));
  return [...ofPaired, ...others];
});

/** The list of devices, as a resource for views. Call it while rendering. */
export function deviceList(): Resource<DeviceList> {
  const { data, asOf, error } = devices.value;
  return {
    data,
    asOf,
    error,
    forbidden: live.value && !can('operator.pairing') ? 'operator.pairing' : null,
    missing: false,
    reload: () => void loadDevices(),
    mutate: (change) => {
      const now = devices.peek();
      if (now.data) devices.value = { ...now, data: change(now.data) };
    },
  };
}

/** The list of commands that wait, as a resource for views. Call it while rendering. */
export function approvalList(): Resource<readonly PendingApproval[]> {
  const { data, asOf, error } = approvals.value;
  const listed = has('exec.approval.list');
  return {
    // Gateways without the list tell of what is asked from now on.
    data: data ?? (live.value && !listed ? [] : null),
    asOf,
    error,
    forbidden: live.value && !can('operator.approvals') ? 'operator.approvals' : null,
    missing: false,
    reload: () => void loadApprovals(),
    mutate: (change) => {
      const now = approvals.peek();
      if (now.data) approvals.value = { ...now, data: change(now.data) };
    },
  };
}

/** Loads the list of devices again. */
export async function loadDevices(): Promise<void> {
  if (!live.peek() || !can('operator.pairing')) return;
  await keep(devices, async () => {
    const list = readDeviceList(await call('device.pair.list', {}));
    // Gateways of 2026.1.30 do not say who is connected; presence does.
    return has('device.pair.remove') ? list : withPresence(list, new Set(), presence, Date.now());
  });
  // There, requests of nodes have a list of their own.
  if (has('device.pair.remove') || !has('node.pair.list')) return;
  const answer = await call('node.pair.list', {}).catch(() => null);
  const pending = isRaw(answer) && Array.isArray(answer['pending']) ? answer['pending'] : [];
  nodes.value = pending.filter(isRaw).map(readNodeRequest);
}

async function loadApprovals(): Promise<void> {
  if (!live.peek() || !can('operator.approvals') || !has('exec.approval.list')) return;
  await keep(approvals, async () => readApprovals(await call('exec.approval.list', {})));
}

async function keep<T>(into: { value: Kept<T>; peek: () => Kept<T> }, load: () => Promise<T>): Promise<void> {
  try {
    into.value = { data: await load(), asOf: Date.now(), error: null };
  } catch (thrown) {
    const error = CallError.from(thrown, 'list');
    if (error.code !== 'DISCONNECTED') into.value = { ...into.peek(), error };
  }
}

/** Takes an approval out at once, before the gateway says so. */
export function dropApproval(id: string): void {
  const now = approvals.peek();
  if (now.data?.some((one) => one.id === id)) approvals.value = { ...now, data: now.data.filter((one) => one.id !== id) };
}

/** Forgets everything: another gateway, or nobody signed in. */
export function forgetWaiting(): void {
  batch(() => {
    devices.value = { data: null, asOf: null, error: null };
    approvals.value = { data: null, asOf: null, error: null };
    nodes.value = [];
  });
}

let presence: ReadonlySet<string> = new Set();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Loads again in a moment: many events make one call, and a long list is asked for less often. */
function soon(least = 250): void {
  const entries = devices.peek().data?.paired.length ?? 0;
  timer ??= setTimeout(
    () => {
      timer = undefined;
      void loadDevices();
    },
    Math.max(least, entries * 20),
  );
}

/** The page's own arrival is news to the gateway's clients, and none to this page: there is no hurry then. */
const ARRIVAL_MS = 2000;
let arrivedAt = 0;

function changeDevices(change: (list: DeviceList) => DeviceList): void {
  const now = devices.peek();
  if (now.data) devices.value = { ...now, data: change(now.data), asOf: Date.now() };
}

/** Starts to watch, once. */
export function startWaiting(): void {
  effect(() => {
    if (!live.value) return;
    presence = presentIds(hello.value?.snapshot['presence']);
    arrivedAt = Date.now();
    untracked(() => {
      void loadDevices();
      void loadApprovals();
    });
  });
  on('device.pair.requested', (payload) => {
    if (!isRaw(payload)) return;
    const request = readPending(payload);
    const known = devices.peek().data?.pending.some(({ deviceId }) => deviceId === request.deviceId);
    if (devices.peek().data) changeDevices((list) => withPending(list, request));
    else soon();
    // A device that asks again, because its request expired, is no news.
    if (known) return;
    const text = t('deviceArrived', { name: deviceName(request) });
    announce(text);
    arrived(request.requestId, text, `/devices?request=${encodeURIComponent(request.requestId)}`);
  });
  on('device.pair.resolved', (payload) => {
    const id = isRaw(payload) ? payload['requestId'] : null;
    changeDevices((list) => withoutPending(list, ({ requestId }) => requestId === id));
    soon();
  });
  on('device.pair.changed', () => soon());
  // A device that was let in gets its token when it connects.
  on('clients.changed', () => soon(Date.now() - arrivedAt < ARRIVAL_MS ? 2 * ARRIVAL_MS : 250));
  on('resync', () => {
    soon();
    void loadApprovals();
  });
  on('presence', (payload) => {
    const after = presentIds(isRaw(payload) ? payload['presence'] : payload);
    const before = presence;
    presence = after;
    changeDevices((list) => withPresence(list, before, after, Date.now()));
  });
  on('node.pair.requested', (payload) => {
    if (!isRaw(payload)) return;
    const request = readNodeRequest(payload);
    nodes.value = [...nodes.peek().filter(({ nodeId }) => nodeId !== request.nodeId), request];
    soon();
    if (devices.peek().data?.pending.some(({ deviceId }) => deviceId === request.nodeId)) return;
    const text = t('nodeArrived', { name: visible(request.name ?? request.nodeId.slice(0, 8)) });
    announce(text);
    arrived(request.requestId, text, '/nodes');
  });
  on('node.pair.resolved', (payload) => {
    const id = isRaw(payload) ? payload['requestId'] : null;
    nodes.value = nodes.peek().filter(({ requestId }) => requestId !== id);
    soon();
  });
  on('exec.approval.requested', (payload) => {
    const request = readApproval(payload);
    if (!request) return;
    const others = pendingApprovals.peek().filter(({ id }) => id !== request.id);
    approvals.value = { data: [...others, request], asOf: Date.now(), error: null };
    arrived(request.id, t('approvalArrived', { command: visible(request.command) }), `/approvals?id=${encodeURIComponent(request.id)}`);
  });
  on('exec.approval.resolved', (payload) => {
    if (isRaw(payload) && typeof payload['id'] === 'string') dropApproval(payload['id']);
  });
  expire();
  effect(() => {
    const list = devices.value.data;
    setBadge('devices', list?.pending.length ?? 0);
    setBadge('nodes', nodeRequests.value.length);
    setBadge('approvals', pendingApprovals.value.length);
  });
  effect(() => drawIcon(badgeTotal.value > 0));
}

/** Takes requests out when their time is over, whether or not the gateway says so. */
function expire(): void {
  let next: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    clearTimeout(next);
    const ends = [
      ...(devices.value.data?.pending.map(({ expiresAt }) => expiresAt) ?? []),
      ...pendingApprovals.value.map(({ expiresAt }) => expiresAt),
    ];
    if (ends.length === 0) return;
    next = setTimeout(
      () => {
        const now = Date.now();
        batch(() => {
          changeDevices((list) => withoutPending(list, ({ expiresAt }) => expiresAt <= now));
          for (const { id, expiresAt } of pendingApprovals.peek()) if (expiresAt <= now) dropApproval(id);
        });
      },
      Math.min(Math.max(Math.min(...ends) - Date.now(), 0) + 50, 2 ** 31 - 1),
    );
  });
}

/** A dot on the icon of the tab while something waits. */
function drawIcon(dot: boolean): void {
  const link = document.getElementById('icon');
  if (!(link instanceof HTMLLinkElement)) return;
  link.dataset['plain'] ??= link.href;
  const plain = link.dataset['plain'];
  const mark = encodeURIComponent("<circle cx='25' cy='7' r='7' fill='#ef7a72' stroke='white' stroke-width='2'/></svg>");
  const wanted = dot ? plain.replace(/(%3C|<)\/svg(%3E|>)$/i, mark) : plain;
  if (link.href !== wanted) link.href = wanted;
}
