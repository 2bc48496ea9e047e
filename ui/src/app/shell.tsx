// What stands around every view: bar, navigation, banners, foot.

import type { ComponentChildren } from 'preact';
import { currentUrl, gateways } from '../gateway/gateways';
import { hello } from '../gateway/session';
import { Announcements } from '../parts/announce';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { ApprovalPanel } from './approval-panel';
import { badge } from './badges';
import { Banners } from './banners';
import { GatewayMenu } from './gateway-menu';
import { Health } from './health';
import { href, route } from './router';
import { t } from './text';
import { change, isDark } from './theme';
import { VIEW_LIST } from './views';
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
    </>
  );
}

function toContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function Topbar() {
  return (
    <header class="topbar" data-colour={knownColour()}>
      <GatewayMenu />
      <Health />
      <span class="grow" />
      <Button
        kind="quiet"
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
        <li class="divider" role="presentation">
          <hr />
        </li>
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

const ON_THE_BAR: readonly string[] = ['overview', 'devices', 'approvals', 'nodes'];

function Bottombar() {
  return (
    <nav class="bottombar" aria-label={t('navigation')}>
      {VIEW_LIST.filter((view) => ON_THE_BAR.includes(view.name)).map((view) => (
        <ViewLink key={view.name} view={view} />
      ))}
      <ViewLink view={VIEW_LIST[VIEW_LIST.length - 1] as ViewEntry} />
    </nav>
  );
}

function Foot() {
  const known = hello.value;
  if (!known) return null;
  return (
    <footer class="foot">
      <span>{t('footVersion', { version: known.server.version, protocol: String(known.protocol) })}</span>
    </footer>
  );
}
