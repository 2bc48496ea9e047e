// How much a person asks for when signing in.

import type { Scope } from '../wire/generated';

export type AccessLevel = 'view' | 'approve' | 'full';

export const ACCESS_LEVELS: readonly AccessLevel[] = ['full', 'approve', 'view'];

const SCOPES: Readonly<Record<AccessLevel, readonly Scope[]>> = {
  view: ['operator.read'],
  approve: ['operator.read', 'operator.approvals', 'operator.pairing'],
  full: ['operator.admin', 'operator.approvals', 'operator.pairing'],
};

export function scopesOf(level: AccessLevel): readonly Scope[] {
  return SCOPES[level];
}

export function isAccessLevel(text: string | null | undefined): text is AccessLevel {
  return text === 'view' || text === 'approve' || text === 'full';
}

/** The widest level that scopes amount to; `null` when they allow nothing. */
export function levelOf(scopes: readonly string[]): AccessLevel | null {
  if (scopes.includes('operator.admin')) return 'full';
  if (scopes.includes('operator.approvals') || scopes.includes('operator.pairing')) return 'approve';
  return scopes.includes('operator.read') || scopes.includes('operator.write') ? 'view' : null;
}
