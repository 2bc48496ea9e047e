// Finds views, devices, nodes and actions by name.

import { useSignal } from '@preact/signals';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import { Icon } from '../parts/icon';
import { rank } from './match';
import { closeOverlay } from './overlay';
import { t } from './overlays-text';
import { useItems } from './palette-items';
import type { Item } from './palette-items';

/** Most results that are shown. */
const MOST = 12;

export function Palette() {
  const box = useRef<HTMLDialogElement>(null);
  const list = useRef<HTMLUListElement>(null);
  const id = useId();
  const query = useSignal('');
  const chosen = useSignal(0);
  const items = useItems();
  const found = useMemo(() => rank(query.value, items, ({ name }) => name, MOST), [query.value, items]);
  const at = Math.min(chosen.value, Math.max(0, found.length - 1));

  useEffect(() => {
    const before = document.activeElement;
    const path = location.pathname;
    box.current?.showModal();
    return () => {
      if (location.pathname === path && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  useEffect(() => {
    list.current?.children[at]?.scrollIntoView({ block: 'nearest' });
  }, [at, found]);

  const run = (item: Item | undefined) => {
    if (!item) return;
    closeOverlay();
    // After the dialog has given the focus back: what runs may take it.
    requestAnimationFrame(() => item.run());
  };
  const key = (event: KeyboardEvent) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      chosen.value = (at + step + found.length) % found.length;
    } else if (event.key === 'Enter') {
      event.preventDefault();
      run(found[at]);
    }
  };
  return (
    <dialog
      ref={box}
      class="dialog palette"
      aria-label={t('palette')}
      onCancel={(event) => {
        event.preventDefault();
        closeOverlay();
      }}
      onClick={(event) => event.target === box.current && closeOverlay()}
    >
      <div class="palette-field">
        <Icon name="search" />
        <input
          type="text"
          role="combobox"
          class="palette-input"
          aria-label={t('palette')}
          aria-expanded="true"
          aria-controls={`${id}-list`}
          aria-autocomplete="list"
          aria-activedescendant={found.length > 0 ? `${id}-${at}` : undefined}
          placeholder={t('placeholder')}
          autocomplete="off"
          spellcheck={false}
          value={query.value}
          onKeyDown={key}
          onInput={(event) => {
            query.value = event.currentTarget.value;
            chosen.value = 0;
          }}
        />
      </div>
      <div class="visually-hidden" role="status">
        {t('results', { n: found.length })}
      </div>
      <ul ref={list} class="plain palette-list" role="listbox" id={`${id}-list`} aria-label={t('palette')}>
        {found.map((item, index) => (
          <li
            key={item.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === at}
            onPointerMove={() => (chosen.value = index)}
            onClick={() => run(item)}
          >
            <Icon name={item.icon} />
            <span class="grow">{item.name}</span>
            <span class="caption muted">{t(item.kind)}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p class="palette-none muted">{t('nothing', { query: query.value })}</p>}
    </dialog>
  );
}
