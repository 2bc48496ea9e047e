// The states that every view has: loading, empty, filled, offline, forbidden, failed.

import type { ComponentChildren } from 'preact';
import type { Resource } from '../gateway/resource';
import { live } from '../gateway/session';
import { clock } from '../text/time';
import { Button } from './button';
import { Icon } from './icon';
import type { IconName } from './icon';
import { t } from './text';

export type Tone = 'ok' | 'warn' | 'bad' | 'info';

const TONE_ICON: Readonly<Record<Tone, IconName>> = { ok: 'check', warn: 'warning', bad: 'error', info: 'info' };

/** A state as icon and word. */
export function Chip({ tone, icon, children }: { tone?: Tone | undefined; icon?: IconName | undefined; children: ComponentChildren }) {
  const name = icon ?? (tone && TONE_ICON[tone]);
  return (
    <span class={tone ? `chip tone-${tone}` : 'chip'}>
      {name && <Icon name={name} />}
      {children}
    </span>
  );
}

/** A message in the page that asks for attention. */
export function Notice({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <div class={`notice tone-${tone}`}>
      <Icon name={TONE_ICON[tone]} />
      <div class="stack tight grow">{children}</div>
    </div>
  );
}

export function Empty({ icon, title, children }: { icon: IconName; title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Skeleton({ lines = 5 }: { lines?: number }) {
  return (
    <div class="skeleton" role="status" aria-label={t('loading')}>
      {Array.from({ length: lines }, (_, line) => (
        <i key={line} />
      ))}
    </div>
  );
}

/** Shows data in whichever state it is. */
export function Load<T>({ of, children, lines }: { of: Resource<T>; children: (data: T) => ComponentChildren; lines?: number }) {
  if (of.forbidden) {
    return (
      <Empty icon="lock" title={t('forbiddenTitle')}>
        <span>{t('forbidden', { scope: of.forbidden })}</span>
      </Empty>
    );
  }
  if (of.missing) {
    return (
      <Empty icon="info" title={t('missingTitle')}>
        <span>{t('missing')}</span>
      </Empty>
    );
  }
  const failed = of.error && (
    <Notice tone="bad">
      <strong>{t('loadFailed')}</strong>
      <span>{of.error.message}</span>
      <span>
        <Button size="small" icon="refresh" onClick={of.reload}>
          {t('retry')}
        </Button>
      </span>
    </Notice>
  );
  if (of.data === null) return failed ?? <Skeleton lines={lines ?? 5} />;
  return (
    <>
      {failed}
      <div class={live.value ? 'stack' : 'stack stale'}>{children(of.data)}</div>
    </>
  );
}

/** `as of 14:02:11`, next to headings, while the connection is lost. */
export function AsOf({ of }: { of: { readonly asOf: number | null } }) {
  if (live.value || of.asOf === null) return null;
  return <span class="caption muted">{t('asOf', { time: clock(of.asOf) })}</span>;
}
