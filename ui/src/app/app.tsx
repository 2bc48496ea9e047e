import { useEffect } from 'preact/hooks';
import { gatewayLabel } from '../gateway/label';
import { connection, hello, proposed, waiting } from '../gateway/session';
import { CodeFailed, useCode } from '../parts/lazy';
import { Page } from '../parts/page';
import { Empty, Skeleton } from '../parts/states';
import { Proposal } from '../views/sign-in/proposal';
import { loadAheadSoon } from '../views/sign-in/ahead';
import { SignIn } from '../views/sign-in/sign-in';
import { badgeTotal } from './badges';
import { PendingSettings } from './pending-settings';
import { href, route } from './router';
import type { ViewName } from './router';
import { Shell } from './shell';
import { t } from './text';
import { startTheme } from './theme';
import { loadView } from './views';

startTheme();

export function App() {
  useTitle();
  useEffect(loadAheadSoon, []);
  // Until the first hello there is nothing to show but the way in. Later losses keep the views.
  // A browser that waits for approval, or that was told no, has nothing to look at meanwhile.
  const out = hello.value === null || connection.value.kind === 'blocked' || connection.value.kind === 'idle' || waiting.value !== null;
  return (
    <>
      {out ? (
        <SignIn />
      ) : (
        <Shell>
          <CurrentView />
        </Shell>
      )}
      {proposed.value && <Proposal of={proposed.value} />}
      <PendingSettings />
    </>
  );
}

function CurrentView() {
  const { view, path } = route.value;
  if (view === null) {
    return (
      <Page title={t('unknownTitle')}>
        <Empty icon="info" title={path}>
          <span>{t('unknown', { path })}</span>
          <a class="button" href={href('/overview')}>
            {t('toOverview')}
          </a>
        </Empty>
      </Page>
    );
  }
  return <Loaded key={view} name={view} />;
}

function Loaded({ name }: { name: ViewName }) {
  const view = useCode(async () => ({ component: await loadView(name) }));
  if (view === null || view === 'failed') return <Page title={t(name)}>{view === null ? <Skeleton /> : <CodeFailed />}</Page>;
  return <view.component />;
}

function useTitle(): void {
  const { view } = route.value;
  const gateway = gatewayLabel.value;
  const waiting = badgeTotal.value;
  const values = { view: view ? t(view) : t('unknownTitle'), gateway, n: waiting };
  useEffect(() => {
    document.title = waiting > 0 ? t('titleBadge', values) : t('title', values);
  });
}
