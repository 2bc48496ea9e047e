// Parts that load when they are needed.

import type { ComponentChildren, ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { live } from '../gateway/session';
import { Button } from './button';
import { Notice } from './states';
import { t } from './text';

/** Styles that did not arrive are asked for again; whatever needs them waits for its code alone. */
function fetchStylesAgain(): void {
  for (const link of document.querySelectorAll<HTMLLinkElement>('link[rel="stylesheet"]')) if (link.sheet === null) link.replaceWith(link.cloneNode());
}

/** Code that is fetched when it is first shown, and once more each time the gateway is back. */
export function useCode<T extends object>(load: () => Promise<T>, known: T | null = null): T | 'failed' | null {
  const [code, setCode] = useState<T | 'failed' | null>(known);
  const asked = useRef(false);
  const online = live.value;
  useEffect(() => {
    if ((code !== null && code !== 'failed') || (asked.current && !online)) return;
    if (code === 'failed') {
      setCode(null);
      fetchStylesAgain();
    }
    asked.current = true;
    load().then(
      (loaded) => setCode(loaded),
      () => setCode('failed'),
    );
  }, [online]);
  return code;
}

/** Says that code is missing: it comes with the gateway, or is gone with an older build. */
export function CodeFailed() {
  if (!live.value) {
    return (
      <Notice tone="info">
        <span>{t('partLater')}</span>
      </Notice>
    );
  }
  return (
    <Notice tone="warn">
      <span>{t('partFailed')}</span>
      <span>
        <Button size="small" onClick={() => location.reload()}>
          {t('reload')}
        </Button>
      </span>
    </Notice>
  );
}

/** A component whose code is fetched when it is first shown. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>, waiting?: ComponentChildren): ComponentType<P> {
  let loaded: { component: ComponentType<P> } | null = null;
  const fetch = () => load().then((component) => (loaded = { component }));
  return function Lazy(props: P) {
    const part = useCode(fetch, loaded);
    if (part === null) return <>{waiting}</>;
    if (part === 'failed') return <CodeFailed />;
    return <part.component {...props} />;
  };
}

/** Shows its content once it comes into view. */
export function WhenSeen({ waiting, children }: { waiting: ComponentChildren; children: () => ComponentChildren }) {
  const [seen, setSeen] = useState(false);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (seen || !place.current) return undefined;
    const watch = new IntersectionObserver((entries) => entries.some(({ isIntersecting }) => isIntersecting) && setSeen(true));
    watch.observe(place.current);
    return () => watch.disconnect();
  }, [seen]);
  return seen ? <>{children()}</> : <div ref={place}>{waiting}</div>;
}
