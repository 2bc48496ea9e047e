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
    history.replaceState(leaving(), '');
    history.pushState(null, '', href(path));
  }
  location_.value = current();
  if (location.pathname !== before) arrive(null);
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

/** Where the person was when an entry of the history was left. */
interface Place {
  readonly scroll: number;
  /** The element that had the focus: which one of those that can have it in the content. */
  readonly focus: number;
}

const FOCUSABLE = 'a[href], button, input, select, textarea, summary, [tabindex="0"]';

function leaving(): Place {
  const stops = [...document.querySelectorAll('main :is(' + FOCUSABLE + ')')];
  return { scroll: scrollY, focus: document.activeElement ? stops.indexOf(document.activeElement) : -1 };
}

function readPlace(state: unknown): Place | null {
  if (typeof state !== 'object' || state === null) return null;
  const { scroll, focus } = state as Readonly<Record<string, unknown>>;
  return typeof scroll === 'number' && typeof focus === 'number' ? { scroll, focus } : null;
}

/** How long a view may take to show what was in sight before, in milliseconds. */
const RETURN = 3000;
let stopArriving: () => void = () => undefined;

/**
 * After a change of view the heading gets the focus, so that screen readers say where they are; coming back, what had the focus
 * gets it, and the page scrolls to where it was. Views load late and fill later, so this goes on until it fits, the person does
 * something, or time is up.
 */
function arrive(place: Place | null): void {
  stopArriving();
  const until = performance.now() + RETURN;
  const observer = new MutationObserver(() => attempt());
  const ends = ['pointerdown', 'keydown', 'wheel', 'touchstart'] as const;
  const stop = () => {
    observer.disconnect();
    for (const name of ends) removeEventListener(name, stop);
  };
  const attempt = () => {
    const focused = document.activeElement;
    const heading = document.querySelector<HTMLElement>('main h1');
    const target = place && place.focus >= 0 ? document.querySelectorAll<HTMLElement>('main :is(' + FOCUSABLE + ')')[place.focus] : undefined;
    const mayMove = focused === null || focused === document.body || focused === heading || !focused.closest('main, dialog');
    const wanted = target ?? heading;
    if (mayMove && wanted && wanted !== focused) wanted.focus({ preventScroll: true });
    scrollTo(0, place?.scroll ?? 0);
    const there = place === null ? false : (place.focus < 0 || target !== undefined) && Math.abs(scrollY - place.scroll) < 2;
    if (there || performance.now() > until) stop();
  };
  stopArriving = stop;
  for (const name of ends) addEventListener(name, stop, { passive: true });
  observer.observe(document.getElementById('app') ?? document.body, { childList: true, subtree: true });
  requestAnimationFrame(attempt);
}

/** Follows the back button and links inside the page. */
export function startRouter(): void {
  if (location_.value.path === '/') navigate('/overview' + location.search, { replace: true });
  history.scrollRestoration = 'manual';
  addEventListener('popstate', (event) => {
    const before = location_.value.path;
    location_.value = current();
    if (location_.value.path !== before) arrive(readPlace(event.state));
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
