// The views: each in a chunk of its own but the overview, which the first load shows.

import type { ComponentType } from 'preact';
import type { IconName } from '../parts/icon';
import { Overview } from '../views/overview/overview';
import type { ViewName } from './router';

export interface ViewEntry {
  readonly name: ViewName;
  readonly icon: IconName;
  /** Loads the component that shows it. */
  readonly load: () => Promise<ComponentType>;
  /** Below the line in the navigation. */
  readonly secondary?: boolean;
}

/** Views that have a place on the bar of a small screen; the rest is in the sheet behind it. */
export const ON_THE_BAR: readonly ViewName[] = ['overview', 'devices', 'approvals', 'nodes'];

export const VIEW_LIST: readonly ViewEntry[] = [
  { name: 'overview', icon: 'overview', load: () => Promise.resolve(Overview) },
  { name: 'access', icon: 'access', load: () => import('../views/access').then((module) => module.Access) },
  { name: 'devices', icon: 'devices', load: () => import('../views/devices').then((module) => module.Devices) },
  { name: 'nodes', icon: 'nodes', load: () => import('../views/nodes').then((module) => module.Nodes) },
  { name: 'approvals', icon: 'approvals', load: () => import('../views/approvals').then((module) => module.Approvals) },
  { name: 'clients', icon: 'clients', load: () => import('../views/clients').then((module) => module.Clients) },
  { name: 'activity', icon: 'activity', load: () => import('../views/activity').then((module) => module.Activity) },
  { name: 'logs', icon: 'logs', load: () => import('../views/logs').then((module) => module.Logs) },
  { name: 'config', icon: 'config', load: () => import('../views/config').then((module) => module.Config) },
  { name: 'debug', icon: 'debug', load: () => import('../views/debug').then((module) => module.Debug), secondary: true },
  { name: 'settings', icon: 'settings', load: () => import('../views/settings').then((module) => module.SettingsView), secondary: true },
];

/** Loads the component that shows a view. */
export async function loadView(name: ViewName): Promise<ComponentType> {
  const view = VIEW_LIST.find((one) => one.name === name);
  if (!view) throw new Error(`no view ${name}`);
  return view.load();
}
