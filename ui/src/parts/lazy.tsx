// Parts that load when they are needed.

import type { ComponentChildren, ComponentType } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from './button';
import { Notice } from './states';
import { t } from './text';

/** A component whose code is fetched when it is first shown. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>, waiting?: ComponentChildren): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [Part, setPart] = useState<{ component: ComponentType<P> } | 'failed' | null>(loaded && { component: loaded });
    useEffect(() => {
      if (Part !== null) return;
      load().then(
        (component) => {
          loaded = component;
          setPart({ component });
        },
        () => setPart('failed'),
      );
    }, []);
    if (Part === null) return <>{waiting}</>;
    if (Part === 'failed') {
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
    return <Part.component {...props} />;
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
