// Parts of a view, one at a time. Which one is in the query of the address, so that a link shows the same.

import type { ComponentChildren } from 'preact';
import { useId, useRef } from 'preact/hooks';
import { route, setQuery } from '../app/router';

export interface Tab<K extends string> {
  readonly key: K;
  readonly title: string;
  /** A number next to the title: how much waits there. */
  readonly count?: number | undefined;
}

/** The tab that the address names, else the first. */
export function currentTab<K extends string>(tabs: readonly Tab<K>[]): K {
  const named = route.value.query.get('tab');
  return (tabs.find(({ key }) => key === named) ?? (tabs[0] as Tab<K>)).key;
}

/** Shows the row of tabs, and below it what the chosen one holds. Arrow keys move between tabs. */
export function Tabs<K extends string>({ label, tabs, children }: { label: string; tabs: readonly Tab<K>[]; children: (key: K) => ComponentChildren }) {
  const id = useId();
  const row = useRef<HTMLDivElement>(null);
  const current = currentTab(tabs);
  const choose = (key: K) => setQuery({ tab: key === tabs[0]?.key ? null : key });
  const move = (event: KeyboardEvent) => {
    const at = tabs.findIndex(({ key }) => key === current);
    const rtl = getComputedStyle(row.current ?? document.body).direction === 'rtl' ? -1 : 1;
    const steps: Readonly<Record<string, number>> = { ArrowRight: at + rtl, ArrowLeft: at - rtl, Home: 0, End: tabs.length - 1 };
    const to = steps[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + tabs.length) % tabs.length;
    choose((tabs[next] as Tab<K>).key);
    row.current?.querySelectorAll<HTMLElement>('[role=tab]')[next]?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} ref={row} onKeyDown={move}>
        {tabs.map(({ key, title, count }) => (
          <button
            key={key}
            type="button"
            role="tab"
            id={`${id}-${key}`}
            aria-selected={key === current}
            aria-controls={key === current ? `${id}-panel` : undefined}
            tabIndex={key === current ? 0 : -1}
            onClick={() => choose(key)}
          >
            {title}
            {count ? <span class="tab-count">{count}</span> : null}
          </button>
        ))}
      </div>
      <div class="stack" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${current}`}>
        {children(current)}
      </div>
    </>
  );
}
