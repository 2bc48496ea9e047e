// The last step of pairing: a link or a code to carry over, and a line that says what became of it.

import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { basePath } from '../../app/base';
import { href, navigate } from '../../app/router';
import { deviceList } from '../../app/waiting';
import { LEVEL_SCOPES } from '../../gateway/access';
import type { Level } from '../../gateway/access';
import { isRaw } from '../../gateway/devices';
import { isLoopback } from '../../gateway/remote';
import { useResource } from '../../gateway/resource';
import { CallError, call, can, has, hello, on } from '../../gateway/session';
import { parseSetupCode } from '../../gateway/setup-code';
import { idsIn, progressOf, readPageAddresses, readProgress, readSetupCode } from '../../gateway/setup';
import type { Progress, SetupCode } from '../../gateway/setup';
import { announce } from '../../parts/announce';
import { Button } from '../../parts/button';
import { Command } from '../../parts/copy';
import { Check, SelectField } from '../../parts/field';
import { Icon } from '../../parts/icon';
import { Qr } from '../../parts/qr';
import { Load, Notice, Skeleton } from '../../parts/states';
import { now } from '../../parts/time';
import { deviceName } from '../../text/access';
import { duration } from '../../text/time';
import { PairingDialog } from './pairing-dialog';
import { t } from './text';
import type { Goal } from './wizard';

const ACCESS_QUERY: Readonly<Partial<Record<Level, string>>> = { view: 'view', approver: 'approve', full: 'full' };

/** A code that is made when it is first wanted, and what became of it. */
interface Made {
  readonly code: SetupCode | null;
  readonly failed: string | null;
  readonly progress: Progress;
  readonly make: () => void;
}

/** `wanted`: params of `device.pair.setupCode`; `null` while no code is wanted. */
function useSetupCode(wanted: Readonly<Record<string, unknown>> | null): Made {
  const [code, setCode] = useState<SetupCode | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const [progress, setProgress] = useState<Progress>({ state: 'waiting' });
  const make = async () => {
    if (!wanted) return;
    setCode(null);
    setFailed(null);
    setProgress({ state: 'waiting' });
    try {
      setCode(readSetupCode(await call('device.pair.setupCode', wanted)));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      setFailed(error.message);
    }
  };
  // Made when the step opens: the person pressed Next for it.
  const asked = useRef(false);
  useEffect(() => {
    if (asked.current || !wanted) return;
    asked.current = true;
    void make();
  }, [wanted === null]);
  const setupId = code?.setupId;
  useEffect(() => {
    if (!setupId) return undefined;
    const look = () => {
      call('device.pair.setupStatus', { setupId }).then(
        (answer) => setProgress(readProgress(answer)),
        () => undefined,
      );
    };
    const stops = CODE_EVENTS.map((event) => on(event, look));
    return () => stops.forEach((stop) => stop());
  }, [setupId]);
  return { code, failed, progress, make: () => void make() };
}

/** After these, what became of a code may be another thing. */
const CODE_EVENTS = ['device.pair.setup.completed', 'device.pair.setup.deliveryUncertain', 'device.pair.changed', 'device.pair.resolved', 'presence'] as const;

/** A browser: a link, with a code that lets it in, or without any secret. */
export function BrowserWay({ level }: { level: Level }) {
  const pages = useResource({
    key: 'wizard.pages',
    load: async () => {
      // Older gateways cannot say where they are reached; where this page came from is known to work.
      const proven = has('remote.status') ? readPageAddresses(await call('remote.status', { addresses: true }), basePath) : [];
      const own = isLoopback(location.host) ? [] : [`${location.origin}${basePath}/`];
      return [...new Set([...own, ...proven])];
    },
  });
  const codes = has('device.pair.setupCode') && can('operator.admin');
  const [withCode, setWithCode] = useState(codes);
  const [picked, setPicked] = useState<string | null>(null);
  const made = useSetupCode(withCode ? { kind: 'browser', scopes: LEVEL_SCOPES[level] } : null);
  const query = ACCESS_QUERY[level];
  if (withCode && made.failed !== null) return <Again words={made.failed} tone="bad" make={made.make} />;
  if (withCode && made.code && isOver(made.code, made.progress)) return <Again words={t('expiredCode')} tone="warn" make={made.make} />;
  if (pages.data === null || (withCode && !made.code)) return <Load of={pages}>{() => <Skeleton lines={4} />}</Load>;
  const secret = withCode && made.code ? `#bootstrapToken=${encodeURIComponent(bootstrapOf(made.code))}` : '';
  const link = (page: string) => `${page}overview${query ? `?access=${query}` : ''}${secret}`;
  const page = picked ?? pages.data[0];
  return (
    <>
      {page === undefined ? (
        <Nowhere link={link(`http://127.0.0.1:${location.port || '80'}${basePath}/`)} />
      ) : (
        <>
          {pages.data.length > 1 && <SelectField label={t('where')} value={page} options={pages.data.map((one) => [one, one] as const)} onChange={setPicked} />}
          <div class="scan">
            <Qr text={link(page)} label={t('qrOf', { what: t('theLink') })} />
            <div class="stack">
              <p>{t('openLink')}</p>
              <Command text={link(page)} label={t('copyLink')} />
            </div>
          </div>
        </>
      )}
      {codes && <Check label={t('withCode')} checked={withCode} onChange={setWithCode} />}
      <p class="muted small">{withCode && made.code ? t('expiresIn', { time: duration(Math.max(0, made.code.expiresAt - now.value)) }) : t('browserHow')}</p>
      {withCode ? <LiveLine progress={made.progress} /> : <BrowserLine />}
    </>
  );
}

/** The secret in a code, without the addresses that may stand around it. */
function bootstrapOf({ code }: SetupCode): string {
  return parseSetupCode(code)?.bootstrapToken ?? code;
}

function isOver(code: SetupCode, progress: Progress): boolean {
  return progress.state === 'gone' || (progress.state === 'waiting' && code.expiresAt <= now.value);
}

function Again({ words, tone, make }: { words: string; tone: 'bad' | 'warn'; make: () => void }) {
  return (
    <Notice tone={tone}>
      <span>{words}</span>
      <span>
        <Button size="small" onClick={make}>
          {t('again')}
        </Button>
      </span>
    </Notice>
  );
}

/** Only the gateway's machine reaches it: the ways that there are for a browser. */
function Nowhere({ link }: { link: string }) {
  const port = location.port || '80';
  return (
    <Notice tone="info">
      <strong>{t('nowhereTitle')}</strong>
      <span>{t('wayTunnel')}</span>
      <Command text={tunnel(port)} />
      <span>{t('wayTunnelThen')}</span>
      <Command text={link} label={t('copyLink')} />
      <Another />
    </Notice>
  );
}

function Another() {
  return (
    <>
      <span>{t('wayAccess')}</span>
      <span>
        <a class="button small" href={href('/access')}>
          {t('toAccess')}
        </a>
      </span>
    </>
  );
}

/** The command that makes the gateway's port one of the other device. */
function tunnel(port: string): string {
  const presence = hello.value?.snapshot['presence'];
  const own = Array.isArray(presence) ? presence.filter(isRaw).find(({ mode }) => mode === 'gateway') : undefined;
  const host = isLoopback(location.host) ? (typeof own?.['host'] === 'string' ? own['host'] : 'gateway-host') : location.hostname;
  return `ssh -N -L ${port}:127.0.0.1:${port} user@${host}`;
}

function BrowserLine() {
  const list = deviceList();
  const before = useRef(idsIn(list.data)).current;
  const [seen, setSeen] = useState<string | null>(null);
  const progress = progressOf(list.data, before, seen);
  const deviceId = progress.state === 'seen' ? progress.deviceId : null;
  useEffect(() => {
    if (deviceId) setSeen(deviceId);
  }, [deviceId]);
  return <LiveLine progress={progress} />;
}

/** A phone app or a node: a code that works once. */
export function CodeWay({ goal, level }: { goal: Exclude<Goal, 'browser'>; level: Level }) {
  // Forced: on a gateway that only its machine reaches, the code leads through a tunnel.
  const kind = goal === 'node' ? 'node' : level === 'full' ? 'full' : 'limited';
  const { code, failed, progress, make } = useSetupCode({ kind, force: true, ...(level === 'view' && goal !== 'node' ? { scopes: LEVEL_SCOPES.view } : {}) });
  if (failed !== null) return <Again words={failed} tone="bad" make={make} />;
  if (!code) return <Skeleton lines={4} />;
  if (isOver(code, progress)) return <Again words={t('expiredCode')} tone="warn" make={make} />;
  return (
    <>
      {code.downgraded && (
        <Notice tone="warn">
          <span>{t('downgraded')}</span>
        </Notice>
      )}
      <Carry goal={goal} made={code} />
      {progress.state === 'waiting' && <p class="muted small">{t('expiresIn', { time: duration(Math.max(0, code.expiresAt - now.value)) })}</p>}
      <LiveLine progress={progress} />
    </>
  );
}

/** The code, and where only the gateway's machine reaches it, the way for it first. */
function Carry({ goal, made }: { goal: Exclude<Goal, 'browser'>; made: SetupCode }) {
  const port = /:(\d+)/.exec(made.url?.replace(/^wss?:/, '') ?? '')?.[1] ?? (location.port || '80');
  if (goal === 'node') {
    return (
      <div class="stack">
        {made.localOnly && (
          <>
            <Notice tone="info">
              <strong>{t('nowhereTitle')}</strong>
              <Another />
            </Notice>
            <p>{t('tunnelFirst')}</p>
            <Command text={tunnel(port)} />
          </>
        )}
        <p>{t(made.localOnly ? 'runThisAfter' : 'runThis')}</p>
        <Command text={`openclaw connect --node ${made.code}`} />
        <p class="muted small">{t('orPackage')}</p>
      </div>
    );
  }
  const scan = (
    <div class="scan">
      <Qr text={made.code} label={t('qrOf', { what: t('theCode') })} />
      <div class="stack">
        <p>{t('scan')}</p>
        <Command text={made.code} label={t('copyCode')} />
      </div>
    </div>
  );
  if (!made.localOnly) return scan;
  return (
    <>
      <Notice tone="info">
        <strong>{t('nowhereTitle')}</strong>
        <span>{t('phoneNowhere')}</span>
        <Another />
      </Notice>
      <details class="fold">
        <summary>{t('localCode')}</summary>
        {scan}
      </details>
    </>
  );
}

/** `waiting… seen … approved`, by events. */
function LiveLine({ progress }: { progress: Progress }) {
  const list = deviceList().data;
  const [open, setOpen] = useState(false);
  const { state } = progress;
  const deviceId = state === 'seen' || state === 'approved' ? progress.deviceId : null;
  const asking = state === 'seen' ? list?.pending.find(({ requestId }) => requestId === progress.requestId) : undefined;
  const known = asking ?? list?.paired.find((device) => device.deviceId === deviceId);
  const text = t(`live.${state}`, { name: known ? deviceName(known) : (deviceId?.slice(0, 8) ?? '') });
  const said = useRef(text);
  useEffect(() => {
    if (said.current !== text) announce(text);
    said.current = text;
  }, [text]);
  let action: ComponentChildren = null;
  if (asking) {
    action = (
      <Button kind="primary" onClick={() => setOpen(true)}>
        {t('compareNow')}
      </Button>
    );
  } else if (state === 'approved' && deviceId) {
    action = <Button onClick={() => navigate(`/devices/${deviceId}`)}>{t('showDevice')}</Button>;
  }
  return (
    <div class={state === 'approved' ? 'live-line tone-ok' : 'live-line'} data-state={state}>
      {state === 'approved' ? <Icon name="check" /> : <span class="pulse" aria-hidden="true" />}
      <span class="grow">{text}</span>
      {action}
      {open && asking && <PairingDialog request={asking} onClose={() => setOpen(false)} />}
    </div>
  );
}
