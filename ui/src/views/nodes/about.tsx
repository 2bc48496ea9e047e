// What is known of a node: identity, address, machine, PATH, permissions, what happened.

import type { ComponentChildren } from 'preact';
import { href } from '../../app/router';
import { deviceList } from '../../app/waiting';
import { placeOf } from '../../gateway/address';
import { isRaw } from '../../gateway/devices';
import type { GatewayNode } from '../../gateway/nodes';
import { useResource } from '../../gateway/resource';
import { call, can } from '../../gateway/session';
import { CopyValue } from '../../parts/copy';
import { Card } from '../../parts/page';
import { Chip, Load } from '../../parts/states';
import { Ago } from '../../parts/time';
import { Words } from '../../parts/words';
import { addressWith } from '../../text/access';
import { bytes, dateTime } from '../../text/time';
import { visible } from '../../text/visible';
import { readEntries } from '../activity/entry';
import type { Entry } from '../activity/entry';
import { kindWords } from '../activity/text';
import { Version } from './list';
import { t } from './text';

/** Lines of the audit log that are shown here; the rest is in Activity. */
const LINES = 15;

/** Family, platform and model; what says the same is said once. */
function platform({ family, platform, model }: GatewayNode): string {
  const parts = [family, platform, model].filter((part) => part !== null);
  const first = (part: string) => parts.findIndex((one) => one.toLowerCase() === part.toLowerCase());
  return parts.filter((part, index) => first(part) === index).map((part) => visible(part)).join(' · ');
}

export function About({ node }: { node: GatewayNode }) {
  const device = /^[0-9a-f]{64}$/.test(node.id);
  const rows: readonly (readonly [string, ComponentChildren])[] = [
    [t('id'), <CopyValue text={node.id} label={t('copyId')} />],
    [t('fingerprint'), device && <Words id={node.id} />],
    [t('device'), device && can('operator.pairing') && <a href={href(`/devices/${node.id}`)}>{t('toDevice')}</a>],
    [t('platform'), platform(node) || null],
    [t('version'), <Version node={node} />],
    [t('address'), node.connected || node.remoteIp ? addressWith(node.remoteIp, placeOf(node.remoteIp)) : null],
    [t('connectedSince'), node.connectedAt !== null && node.connected && dateTime(node.connectedAt)],
    [t('lastSeen'), node.lastSeenAt !== null && !node.connected && <Ago at={node.lastSeenAt} />],
    [t('approvedAt'), node.approvedAt !== null && dateTime(node.approvedAt)],
    [t('capsName'), node.caps.length > 0 && node.caps.map((cap) => visible(cap)).join(', ')],
  ];
  const permissions = Object.entries(node.permissions);
  return (
    <div class="stack">
      <Card title={t('identity')}>
        <dl class="facts">
          {rows.map(([name, value]) =>
            value ? (
              <div key={name} class="facts-row">
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            ) : null,
          )}
        </dl>
      </Card>
      {node.stats && (
        <Card title={t('machine')}>
          <dl class="facts">
            <dt>{t('cpus')}</dt>
            <dd>{t('cpuLoad', { n: node.stats.cpus, load: node.stats.load.toFixed(2) })}</dd>
            <dt>{t('memory')}</dt>
            <dd>{t('freeOf', { free: bytes(node.stats.memoryFree), total: bytes(node.stats.memoryTotal) })}</dd>
            {node.stats.diskTotal !== null && node.stats.diskFree !== null && (
              <>
                <dt>{t('disk')}</dt>
                <dd>{t('freeOf', { free: bytes(node.stats.diskFree), total: bytes(node.stats.diskTotal) })}</dd>
              </>
            )}
          </dl>
        </Card>
      )}
      {node.pathEnv && (
        <Card title={t('path')}>
          <ol class="plain path-list" dir="ltr">
            {node.pathEnv.split(/[:;](?!\\)/).map((folder, index) => (
              <li key={index}>
                <code class="break">{visible(folder)}</code>
              </li>
            ))}
          </ol>
        </Card>
      )}
      {permissions.length > 0 && (
        <Card title={t('permissions')}>
          <div class="row">
            {permissions.map(([name, granted]) => (
              <Chip key={name} tone={granted ? 'ok' : 'warn'}>
                {t(granted ? 'granted' : 'notGranted', { name: visible(name) })}
              </Chip>
            ))}
          </div>
        </Card>
      )}
      <History node={node} />
    </div>
  );
}

/** What a line of the audit log says, with the program of a command. */
function whatHappened({ kind, detail }: Entry): ComponentChildren {
  if (kind !== 'exec') return kindWords(kind) ?? <code>{visible(kind)}</code>;
  const raw = isRaw(detail) ? detail : {};
  const { program, event, exitCode } = raw;
  if (typeof program === 'string') {
    return (
      <>
        {t('execAsked')} <code class="break">{visible(program)}</code>
      </>
    );
  }
  if (event === 'exec.denied') return t('execDenied');
  return typeof exitCode === 'number' ? t('execEnded', { code: String(exitCode) }) : t('execOver');
}

function History({ node }: { node: GatewayNode }) {
  const lines = useResource({
    key: `node.audit.${node.id}`,
    method: 'audit.list',
    scope: 'operator.admin',
    load: async () => readEntries(await call('audit.list', { subject: node.id, limit: LINES })),
  });
  const paired = deviceList().data?.paired ?? [];
  const who = (actor: string, name: string | null) => name ?? paired.find(({ deviceId }) => deviceId === actor)?.displayName ?? (actor.length > 20 ? `${actor.slice(0, 8)}…` : actor);
  return (
    <Card title={t('activity')} side={<a href={href(`/activity?q=${node.id}`)}>{t('allActivity')}</a>}>
      <Load of={lines} lines={3}>
        {(entries) =>
          entries.length === 0 ? (
            <p class="muted">{t('noActivity')}</p>
          ) : (
            <ul class="plain node-activity">
              {entries.map((entry) => (
                <li key={entry.id}>
                  <span>{whatHappened(entry)}</span>
                  <span class="grow small">{entry.actor === node.id ? t('itself') : t('byActor', { actor: visible(who(entry.actor, entry.actorName)) })}</span>
                  <span class="small muted">
                    <Ago at={entry.at} />
                  </span>
                </li>
              ))}
            </ul>
          )
        }
      </Load>
    </Card>
  );
}
