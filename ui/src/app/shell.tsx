// What stands around every view: bar, navigation, banners, foot.

import type { ComponentChildren, ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { currentUrl, gateways } from '../gateway/gateways';
import { hello, ownDeviceId } from '../gateway/session';
import { Announcements } from '../parts/announce';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { Words } from '../parts/words';
import { ApprovalPanel } from './approval-panel';
import { badge } from './badges';
import { Banners } from './banners';
import { GatewayMenu } from './gateway-menu';
import { Health } from './health';
import { closeOverlay, openOverlay, overlay } from './overlay';
import { isApple } from './platform';
import { href, route } from './router';
import { t } from './text';
import { change, isDark } from './theme';
import { ON_THE_BAR, VIEW_LIST } from './views';
import type { ViewEntry } from './views';

export function Shell({ children }: { children: ComponentChildren }) {
  return (
    <>
      <a class="skip button" href="#content" onClick={toContent}>
        {t('skip')}
      </a>
      <Topbar />
      <Banners />
      <div class="frame">
        <Navigation />
        <main id="content" class="content" tabIndex={-1}>
          {children}
          <Foot />
        </main>
      </div>
      <ApprovalPanel />
      <Bottombar />
      <Announcements />
      <LazyOverlays />
    </>
  );
}

function toContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

/** What lies over the page is loaded when it is first asked for. */
function LazyOverlays() {
  const [loaded, setLoaded] = useState<{ component: ComponentType } | null>(null);
  const wanted = overlay.value !== null;
  useEffect(() => {
    if (!wanted || loaded) return;
    import('./overlays').then(
      ({ Overlays }) => setLoaded({ component: Overlays }),
      () => closeOverlay(),
    );
  }, [wanted]);
  return loaded ? <loaded.component /> : null;
}

function Topbar() {
  return (
    <header class="topbar" data-colour={knownColour()}>
      <GatewayMenu />
      <Health />
      <span class="grow" />
      <button type="button" class="button find" aria-haspopup="dialog" aria-keyshortcuts="Control+K Meta+K" onClick={() => openOverlay('palette')}>
        <Icon name="search" />
        <span>{t('find')}</span>
        <kbd aria-hidden="true">{t('findKey', { key: isApple() ? '⌘' : 'Ctrl' })}</kbd>
      </button>
      <Button
        kind="quiet"
        class="theme-switch"
        icon={isDark() ? 'sun' : 'moon'}
        iconOnly
        onClick={() => change({ theme: isDark() ? 'light' : 'dark' })}
      >
        {isDark() ? t('themeLight') : t('themeDark')}
      </Button>
    </header>
  );
}

/** Colour by which a person tells this gateway from others. */
function knownColour(): string {
  return gateways.value.find(({ url }) => url === currentUrl.value)?.colour ?? 'none';
}

function Navigation() {
  const secondary = VIEW_LIST.filter((view) => view.secondary);
  return (
    <nav class="side" aria-label={t('navigation')}>
      <ul class="plain">
        {VIEW_LIST.filter((view) => !view.secondary).map((view) => (
          <NavigationItem key={view.name} view={view} />
        ))}
      </ul>
      <hr class="divider" />
      <ul class="plain">
        {secondary.map((view) => (
          <NavigationItem key={view.name} view={view} />
        ))}
      </ul>
    </nav>
  );
}

function NavigationItem({ view }: { view: ViewEntry }) {
  return (
    <li>
      <ViewLink view={view} />
    </li>
  );
}

function ViewLink({ view }: { view: ViewEntry }) {
  const waiting = badge(view.name);
  return (
    <a href={href(`/${view.name}`)} aria-current={route.value.view === view.name ? 'page' : undefined}>
      <Icon name={view.icon} />
      <span>{t(view.name)}</span>
      {waiting > 0 && <span class="badge">{waiting}</span>}
    </a>
  );
}

function Bottombar() {
  const { view } = route.value;
  const elsewhere = view !== null && !ON_THE_BAR.includes(view);
  return (
    <nav class="bottombar" aria-label={t('navigation')}>
      {ON_THE_BAR.flatMap((name) => VIEW_LIST.filter((view) => view.name === name)).map((view) => (
        <ViewLink key={view.name} view={view} />
      ))}
      <button
        type="button"
        aria-haspopup="dialog"
        aria-expanded={overlay.value === 'more'}
        class={elsewhere ? 'current' : undefined}
        onClick={() => openOverlay('more')}
      >
        <Icon name="more" />
        <span>{t('more')}</span>
      </button>
    </nav>
  );
}

function Foot() {
  const known = hello.value;
  const own = ownDeviceId.value;
  // Not before the page has work behind it: the list of words is larger than a view.
  const [calm, setCalm] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setCalm(true), CALM_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!known) return null;
  return (
    <footer class="foot">
      <span>{t('footVersion', { version: known.server.version, protocol: String(known.protocol) })}</span>
      {calm && own && (
        <span>
          {t('footWords')} <Words id={own} />
        </span>
      )}
    </footer>
  );
}

/** When nothing of the first load is under way any more, in milliseconds. */
const CALM_MS = 3000;
