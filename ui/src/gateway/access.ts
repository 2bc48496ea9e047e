// What a set of scopes comes to, and which smaller sets can be given instead.

import type { Scope } from '../wire/generated';

/** From most to least. */
export const LEVELS = ['full', 'limited', 'approver', 'view', 'none'] as const;
export type Level = (typeof LEVELS)[number];

/** Scopes that stand for a level when it is given. */
export const LEVEL_SCOPES: Readonly<Record<Level, readonly Scope[]>> = {
  full: ['operator.admin', 'operator.approvals', 'operator.pairing'],
  limited: ['operator.approvals', 'operator.read', 'operator.write'],
  approver: ['operator.approvals', 'operator.pairing', 'operator.read'],
  view: ['operator.read'],
  none: [],
};

/** Whether a set includes a scope: admin includes all, write includes read. */
export function includes(held: readonly string[], scope: string): boolean {
  return held.includes(scope) || held.includes('operator.admin') || (scope === 'operator.read' && held.includes('operator.write'));
}

/** The level that describes a set best. */
export function levelOf(scopes: readonly string[]): Level {
  if (scopes.includes('operator.admin')) return 'full';
  if (scopes.includes('operator.write')) return 'limited';
  if (scopes.includes('operator.pairing') || scopes.includes('operator.approvals')) return 'approver';
  return scopes.includes('operator.read') ? 'view' : 'none';
}

/** Levels below what was asked for whose every scope was asked for: what an approver can give instead. */
export function narrower(asked: readonly string[]): readonly Level[] {
  const level = levelOf(asked);
  return LEVELS.slice(LEVELS.indexOf(level) + 1).filter(
    (lower) => lower !== 'none' && LEVEL_SCOPES[lower].every((scope) => includes(asked, scope)),
  );
}
