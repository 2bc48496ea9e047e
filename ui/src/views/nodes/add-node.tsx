// Makes another machine a node: the exact lines to type there, a code that lets it in, and the moment when it appears.

import { useEffect, useRef, useState } from 'preact/hooks';
import { href } from '../../app/router';
import { deviceList } from '../../app/waiting';
import { localTime } from '../../gateway/clock';
import { isRaw } from '../../gateway/devices';
import { isLoopback, partsOf } from '../../gateway/gateway-address';
import { currentUrl } from '../../gateway/gateways';
import { hostOf } from '../../gateway/label';
import type { GatewayNode } from '../../gateway/nodes';
import { useResource } from '../../gateway/resource';
import { CallError, call, has, hello } from '../../gateway/session';
import { ActionButton, Button } from '../../parts/button';
import { Command } from '../../parts/copy';
import { Dialog } from '../../parts/dialog';
import { Segments, TextField } from '../../parts/field';
import { Icon } from '../../parts/icon';
import { Notice } from '../../parts/states';
import { Until, now } from '../../parts/time';
import { UNIT, joinLines } from './join';
import type { Start, Way } from './join';
import { nodeName } from './list';
import { NewNodeCard } from './request-card';
import { t } from './text';

interface Code {
  readonly text: string;
  readonly expiresAt: number;
  readonly way: Way;
  readonly setupId: string;
}

interface Facts {
  readonly port: number;
  readonly tls: boolean;
  readonly fingerprint: string | null;
  readonly onlyHere: boolean;
}

/** Where the gateway listens: as it says, else as this page reaches it. */
function readFacts(answer: unknown, port: number, encrypted: boolean): Facts {
  const raw = isRaw(answer) ? answer : {};
  const tls = isRaw(raw['tls']) ? raw['tls'] : {};
  const listen = Array.isArray(raw['listen']) ? raw['listen'].filter((one) => typeof one === 'string') : [];
  const fingerprint = tls['fingerprintSha256'];
  return {
    port: typeof raw['port'] === 'number' ? raw['port'] : port,
    tls: isRaw(raw['tls']) ? tls['on'] === true : encrypted,
    fingerprint: typeof fingerprint === 'string' ? fingerprint : null,
    onlyHere: listen.length > 0 && listen.every((one) => isLoopback(one.replace(/:\d+$/, ''))),
  };
}

export function AddNode({ nodes, onClose }: { nodes: readonly GatewayNode[] | null; onClose: () => void }) {
  const address = partsOf(currentUrl.value);
  const facts = useResource({
    key: 'nodes.reach',
    method: 'remote.status',
    scope: 'operator.read',
    load: async () => readFacts(await call('remote.status', {}), Number(address.port), address.encrypted),
  });
  const known = facts.data ?? readFacts(null, Number(address.port), address.encrypted);
  // Whoever sees the page at a loopback address of a gateway that listens nowhere else has to bring a tunnel.
  const reachable = !isLoopback(address.hostname);
  const [chosenWay, setWay] = useState<Way | null>(null);
  const way = chosenWay ?? (reachable ? 'direct' : 'tunnel');
  const [start, setStart] = useState<Start>('now');
  const [name, setName] = useState('');
  const [login, setLogin] = useState('');
  const [code, setCode] = useState<Code | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const gatewayHost = hostOf(hello.value) ?? address.hostname;
  const usable = code !== null && code.way === way && code.expiresAt > now.value ? code : null;
  const lines = joinLines({
    way,
    start,
    name,
    host: reachable ? address.hostname : gatewayHost,
    port: reachable ? address.port : String(known.port),
    tls: reachable ? address.encrypted : known.tls,
    gatewayPort: known.port,
    gatewayTls: known.tls,
    fingerprint: reachable && way === 'direct' && !known.tls ? null : known.fingerprint,
    login: login.trim() || `user@${gatewayHost}`,
    code: usable?.text ?? null,
  });
  const make = async () => {
    setBusy(true);
    setProblem(null);
    const scheme = known.tls ? 'wss' : 'ws';
    const through = { publicUrl: `${scheme}://127.0.0.1:${known.port}`, force: true };
    try {
      const answer: unknown = await call('device.pair.setupCode', { kind: 'node', ...(way === 'tunnel' ? through : {}) });
      const raw = isRaw(answer) ? answer : {};
      const { setupCode, expiresAtMs, setupId, unreachable } = raw;
      if (typeof setupCode === 'string') {
        setCode({ text: setupCode, expiresAt: localTime(Number(expiresAtMs)), way, setupId: String(setupId) });
      } else {
        // A code without an address helps nobody: it is taken back.
        if (typeof setupId === 'string') await call('device.pair.setupRevoke', { setupId }).catch(() => undefined);
        setProblem(t('codeNowhere', { reasons: reasons(unreachable) }));
      }
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      setProblem(error.message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog title={t('addTitle')} onClose={onClose} wide>
      <div class="stack wide add-node">
        <div class="grid">
          <TextField label={t('addName')} help={t('addNameHelp')} placeholder="attic" autocapitalize="off" spellcheck={false} value={name} onInput={(event) => setName(event.currentTarget.value)} />
          <div class="stack">
            <Choice
              label={t('addWay')}
              value={way}
              options={[
                ['direct', t('wayDirect')],
                ['tunnel', t('wayTunnel')],
              ]}
              onChange={setWay}
            />
            <Choice
              label={t('addStart')}
              value={start}
              options={[
                ['now', t('startNow')],
                ['service', t('startService')],
              ]}
              onChange={setStart}
            />
          </div>
        </div>
        {way === 'direct' && known.onlyHere && !reachable && (
          <Notice tone="warn">
            <span>{t('onlyHere')}</span>
            <span class="row">
              <Button size="small" onClick={() => setWay('tunnel')}>
                {t('wayTunnel')}
              </Button>
              <a href={href('/access')}>{t('toAccess')}</a>
            </span>
          </Notice>
        )}
        <ol class="plain steps">
          <li class="stack tight">
            <h3>{t('stepCode')}</h3>
            <p class="small muted">{t('stepCodeHelp')}</p>
            <div class="row">
              {has('device.pair.setupCode') && (
                <ActionButton scope="operator.admin" kind={usable ? undefined : 'primary'} icon="key" disabled={busy} onClick={() => void make()}>
                  {t(code === null ? 'makeCode' : 'makeAnother')}
                </ActionButton>
              )}
              <span class="small" role="status">
                {usable ? <Expiry at={usable.expiresAt} /> : code !== null && code.expiresAt <= now.value ? t('codeOver') : ''}
              </span>
            </div>
            {problem && (
              <Notice tone="bad">
                <span>{problem}</span>
              </Notice>
            )}
          </li>
          {lines.tunnel && (
            <li class="stack tight">
              <h3>{t('stepTunnel')}</h3>
              <TextField label={t('login')} class="input mono" autocapitalize="off" spellcheck={false} placeholder={`user@${gatewayHost}`} value={login} onInput={(event) => setLogin(event.currentTarget.value)} />
              <Command text={lines.tunnel} />
              <p class="small muted">{t('tunnelHelp')}</p>
            </li>
          )}
          {lines.unit && (
            <li class="stack tight">
              <h3>{t('stepUnit')}</h3>
              <p class="small muted">
                <code>{`~/.config/systemd/user/${UNIT}`}</code>
              </p>
              <Command text={lines.unit} label={t('copyUnit')} />
            </li>
          )}
          <li class="stack tight">
            <h3>{t('stepNode')}</h3>
            <Command text={lines.node} />
            {!usable && <p class="small muted">{t('withoutCode')}</p>}
          </li>
        </ol>
        {nodes && <Arrival nodes={nodes} />}
        <div class="row end">
          <Button onClick={onClose}>{t('close')}</Button>
        </div>
      </div>
    </Dialog>
  );
}

function reasons(unreachable: unknown): string {
  const list = Array.isArray(unreachable) ? unreachable.filter(isRaw) : [];
  return list.map((one) => `${String(one['url'])}: ${String(one['reason'])}`).join('; ') || '–';
}

function Expiry({ at }: { at: number }) {
  const [before = '', after = ''] = t('codeUntil').split('{time}');
  return (
    <>
      {before}
      <Until at={at} />
      {after}
    </>
  );
}

/** Says who came while the dialog was open. */
function Arrival({ nodes }: { nodes: readonly GatewayNode[] }) {
  const before = useRef<ReadonlySet<string> | null>(null);
  const [come, setCome] = useState<string | null>(null);
  const connected = nodes.filter((node) => node.connected);
  useEffect(() => {
    before.current ??= new Set(connected.map(({ id }) => id));
    const arrived = connected.find(({ id }) => !before.current?.has(id));
    if (arrived) setCome(arrived.id);
  }, [connected.map(({ id }) => id).join(' ')]);
  const node = nodes.find(({ id }) => id === come);
  const asking = (deviceList().data?.pending ?? []).filter(({ role }) => role === 'node');
  if (node) {
    return (
      <div class="arrival come" role="status">
        <Icon name="check" />
        <span class="grow">{t(node.waits && node.commands.length === 0 ? 'cameWaits' : 'came', { name: nodeName(node) })}</span>
        <a class="button primary" href={href(`/nodes/${encodeURIComponent(node.id)}`)}>
          {t('open')}
        </a>
      </div>
    );
  }
  return (
    <>
      <div class="arrival" role="status">
        <Icon name="clock" />
        <span>{t(asking.length > 0 ? 'asks' : 'waitingForIt')}</span>
      </div>
      {asking.map((request) => (
        <NewNodeCard key={request.requestId} request={request} />
      ))}
    </>
  );
}

interface ChoiceProps<V extends string> {
  label: string;
  value: V;
  options: readonly (readonly [V, string])[];
  onChange: (value: V) => void;
}

/** Segments under a label that is seen. */
function Choice<V extends string>({ label, value, options, onChange }: ChoiceProps<V>) {
  return (
    <div class="field">
      <span class="label" aria-hidden="true">
        {label}
      </span>
      <Segments label={label} value={value} options={options} onChange={onChange} />
    </div>
  );
}
