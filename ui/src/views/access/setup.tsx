// "Set it up": the commands of the chosen way with this gateway's port, host and path, and the part that can be done from here.

import { useState } from 'preact/hooks';
import type { Standing } from '../../gateway/config-risk';
import type { Resource } from '../../gateway/resource';
import { applyPatch, changes } from '../../gateway/config-edit';
import { toast } from '../../parts/announce';
import { ActionButton } from '../../parts/button';
import { Command } from '../../parts/copy';
import { Segments, TextField } from '../../parts/field';
import { Card } from '../../parts/page';
import { Chip, Notice } from '../../parts/states';
import type { ConfigSnapshot, RemoteStatus } from '../config/data';
import { Review } from '../config/review';
import { CERTIFICATES, NETWORKS, commands } from './commands';
import type { CertificateVariant, Facts, NetworkVariant, Step, Way } from './commands';
import { PROXIES } from './proxy-files';
import type { ProxyProgram } from './proxy-files';
import { factsOf, isPlain, patchFor } from './reach';
import type { Typed } from './reach';
import { t } from './text';

interface SetupProps {
  readonly way: Way;
  readonly status: RemoteStatus;
  readonly here: Standing;
  readonly config: Resource<ConfigSnapshot>;
}

const NOTHING: Typed = { sshTarget: '', localPort: '', domain: '', address: '' };

export function Setup({ way, status, here, config }: SetupProps) {
  const [typed, setTyped] = useState<Typed>(NOTHING);
  const [network, setNetwork] = useState<NetworkVariant>('lan');
  const [certificate, setCertificate] = useState<CertificateVariant>('proxy');
  const [proxy, setProxy] = useState<ProxyProgram>('nginx');
  const parsed = config.data?.parsed ?? {};
  const facts = factsOf(status, here, parsed, typed, { network, certificate, proxy });
  const steps = commands(way, facts);
  const usual = steps.filter((step) => !EXTRA.has(step.id) && step.id !== 'undo');
  const extra = steps.filter((step) => EXTRA.has(step.id));
  const undo = steps.filter((step) => step.id === 'undo');
  return (
    <Card title={t('setupTitle', { way: t(`way-${way}`) })}>
      <div class="stack">
        <p class="muted">{t(`about-${way}`)}</p>
        {way === 'funnel' && (
          <Notice tone="bad">
            <strong>{t('funnelTitle')}</strong>
            <span>{t('funnelWarning')}</span>
          </Notice>
        )}
        {way === 'network' && !status.tls.on && (
          <Notice tone="warn">
            <strong>{t('plainTitle')}</strong>
            <span>{t('plainWarning')}</span>
          </Notice>
        )}
        <Inputs way={way} facts={facts} typed={typed} onType={(change) => setTyped({ ...typed, ...change })}>
          {way === 'network' && <Segments label={t('network')} value={network} options={NETWORKS.map((name) => [name, t(`network-${name}`)] as const)} onChange={setNetwork} />}
          {way === 'https' && (
            <Segments label={t('certificate')} value={certificate} options={CERTIFICATES.map((name) => [name, t(`certificate-${name}`)] as const)} onChange={setCertificate} />
          )}
          {way === 'https' && certificate === 'proxy' && (
            <Segments label={t('proxy')} value={proxy} options={PROXIES.map((name) => [name, PROXY_NAMES[name]] as const)} onChange={setProxy} />
          )}
        </Inputs>
        <FromHere way={way} facts={facts} config={config} />
        <Steps of={usual} start={1} />
        {extra.length > 0 && (
          <details class="fold">
            <summary>{t(`more-${way === 'ssh' ? 'ssh' : 'other'}`)}</summary>
            <Steps of={extra} start={usual.length + 1} />
          </details>
        )}
        <details class="fold">
          <summary>{t('undoTitle')}</summary>
          <Steps of={undo} start={1} />
        </details>
      </div>
    </Card>
  );
}

const PROXY_NAMES: Readonly<Record<ProxyProgram, string>> = { nginx: 'nginx', caddy: 'Caddy', haproxy: 'HAProxy', traefik: 'Traefik' };
/** Other ways to the same end, and what is needed once in a while. */
const EXTRA: ReadonlySet<string> = new Set(['tunnelManaged', 'tunnelService', 'tunnelUnit', 'tunnelUnitStart', 'bindFlag', 'firewallIptables', 'serveConfig', 'funnelConfig']);

function Steps({ of, start }: { of: readonly Step[]; start: number }) {
  return (
    <ol class="steps" start={start}>
      {of.map((step) => (
        <li key={step.id} data-step={step.id}>
          <span class="row">
            <span>{t(`step-${step.id}`)}</span>
            <Chip icon={step.where === 'other' ? 'browser' : step.where === 'proxy' ? 'nodes' : 'access'}>{t(`where-${step.where}`)}</Chip>
          </span>
          {step.file && <code class="small muted break">{step.file}</code>}
          <Command text={step.text.replace(/\n$/, '')} file={step.file !== undefined} label={step.file ? t('copyFile') : step.id === 'openHere' ? t('copyAddress') : undefined} />
        </li>
      ))}
    </ol>
  );
}

interface InputsProps {
  readonly way: Way;
  readonly facts: Facts;
  readonly typed: Typed;
  readonly onType: (change: Partial<Typed>) => void;
  readonly children: preact.ComponentChildren;
}

function Inputs({ way, facts, typed, onType, children }: InputsProps) {
  const field = (name: keyof Typed, label: string, standard: string) => (
    <TextField
      label={label}
      name={name}
      placeholder={standard}
      spellcheck={false}
      autocapitalize="off"
      autocomplete="off"
      error={isPlain(typed[name].trim()) ? null : t('notPlain')}
      value={typed[name]}
      onInput={(event) => onType({ [name]: event.currentTarget.value })}
    />
  );
  const needsAddress = way === 'network' || (way === 'https' && facts.certificate === 'self');
  const needsDomain = way === 'https' && facts.certificate !== 'self';
  return (
    <div class="inputs">
      {children}
      {way === 'ssh' && field('sshTarget', t('sshTarget'), facts.sshTarget)}
      {way === 'ssh' && field('localPort', t('localPort'), String(facts.port))}
      {needsDomain && field('domain', t('domain'), facts.domain)}
      {needsAddress && field('address', t('address'), facts.address)}
    </div>
  );
}

/** What can be set from this page, with a way back. */
function FromHere({ way, facts, config }: { way: Way; facts: Facts; config: Resource<ConfigSnapshot> }) {
  const [open, setOpen] = useState(false);
  const snapshot = config.data;
  if (!snapshot) return null;
  const patch = patchFor(way, facts, snapshot.parsed);
  if (patch === null) return null;
  const after = applyPatch(snapshot.parsed, patch);
  const settled = changes(snapshot.parsed, after).length === 0;
  const blank = way === 'network' && facts.network === 'custom' && !/^[\w.:%/-]+$/.test(facts.address);
  return (
    <div class="row from-here">
      <span class="grow">{settled ? t('setAlready') : t('fromHere')}</span>
      {!settled && (
        <ActionButton scope="operator.admin" kind="primary" disabled={blank} onClick={() => setOpen(true)}>
          {t('setHere')}
        </ActionButton>
      )}
      {open && (
        <Review
          title={t('setupTitle', { way: t(`way-${way}`) })}
          before={snapshot.parsed}
          after={after}
          baseHash={snapshot.exists ? snapshot.hash : ''}
          edit={{ kind: 'patch', patch }}
          onWritten={() => {
            setOpen(false);
            config.reload();
          }}
          onConflict={() => {
            setOpen(false);
            config.reload();
            toast(t('changedMeanwhile'), { bad: true });
          }}
          onClose={() => setOpen(false)}
        />
      )}
    </div>
  );
}
