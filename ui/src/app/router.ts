// Addresses of the views. The address bar is the only state that views share: it never changes anything on the gateway.

import { computed, signal } from '@preact/signals';
import { basePath } from './base';

export const VIEWS = [
  'overview',
  'access',
  'devices',
  'nodes',
  'approvals',
  'clients',
  'activity',
  'logs',
  'config',
  'debug',
  'settings',
] as const;

export type ViewName = (typeof VIEWS)[number];

/** Where the page is. */
export interface Route {
  /** `null`: an address that this gateway does not have. */
  readonly view: ViewName | null;
  /** Rest of the path, decoded: the id in `/devices/<id>`. */
  readonly id: string | null;
  readonly query: URLSearchParams;
  /** Path without the prefix. */
  readonly path: string;
}

const ALIASES: Readonly<Record<string, string>> = {
  '/': '/overview',
  '/instances': '/clients',
  '/settings/connection': '/access',
  '/settings/devices': '/devices',
};

/** Reads a path (without prefix) and a query. */
export function parse(path: string, search: string): Route {
  const query = new URLSearchParams(search);
  const trimmed = path.length > 1 ? path.replace(/\/+$/, '') : path;
  const approve = /^\/approve\/([^/]+)$/.exec(trimmed);
  if (approve?.[1]) query.set('id', decode(approve[1]));
  const named = approve ? '/approvals' : (ALIASES[trimmed] ?? trimmed);
  const [, name = '', id, ...rest] = named.split('/');
  const view = VIEWS.find((view) => view === name) ?? null;
  const fits = view !== null && rest.length === 0 && (id === undefined || view === 'devices' || view === 'nodes');
  return { view: fits ? view : null, id: fits && id ? decode(id) : null, query, path: trimmed };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function current(): Route {
  const path = location.pathname.startsWith(basePath) ? location.pathname.slice(basePath.length) : location.pathname;
  return parse(path || '/', location.search);
}

const location_ = signal<Route>(typeof location === 'undefined' ? parse('/', '') : current());

/** Where the page is now. */
export const route = computed(() => location_.value);

/** The address of a path for `href`. */
export function href(path: string): string {
  return basePath + path;
}

/** Goes to a path, such as `/devices?request=…`. `replace` leaves no entry to go back to. */
export function navigate(path: string, how: { replace?: boolean } = {}): void {
  const before = location.pathname;
  if (how.replace) history.replaceState(history.state, '', href(path));
  else {
    history.replaceState({ scroll: scrollY }, '');
    history.pushState(null, '', href(path));
  }
  location_.value = current();
  if (location.pathname !== before) arrive(0);
}

/** Changes members of the query; `null` takes one out. Filters live there, secrets never. */
export function setQuery(change: Readonly<Record<string, string | null>>): void {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(change)) {
    if (value === null || value === '') query.delete(key);
    else query.set(key, value);
  }
  const text = query.toString();
  history.replaceState(history.state, '', location.pathname + (text ? `?${text}` : ''));
  location_.value = current();
}

/** After a change of view: the heading gets the focus, so that screen readers say where they are. */
function arrive(scroll: number): void {
  requestAnimationFrame(() => {
    scrollTo(0, scroll);
    const heading = document.querySelector<HTMLElement>('main h1');
    heading?.focus({ preventScroll: true });
  });
}

/** Follows the back button and links inside the page. */
export function startRouter(): void {
  if (location_.value.path === '/') navigate('/overview' + location.search, { replace: true });
  addEventListener('popstate', (event) => {
    const before = location_.value.path;
    location_.value = current();
    const state: unknown = event.state;
    const scroll = typeof state === 'object' && state !== null && 'scroll' in state ? Number(state.scroll) : 0;
    if (location_.value.path !== before) arrive(scroll);
  });
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(`${basePath}/`) || link.hash) return;
    event.preventDefault();
    navigate(link.pathname.slice(basePath.length) + link.search);
  });
}
