import { useEffect, useRef } from 'preact/hooks';
import { Button } from '../parts/button';
import { Icon } from '../parts/icon';
import { badge } from './badges';
import { closeOverlay, openOverlay } from './overlay';
import { t } from './overlays-text';
import { href, route } from './router';
import { t as app } from './text';
import { change, isDark } from './theme';
import { ON_THE_BAR, VIEW_LIST } from './views';

/** The views that have no place on the bar of a small screen. */
export function More() {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    const at = location.pathname;
    box.current?.showModal();
    return () => {
      // Where a link leads away, the heading of the view has the focus.
      if (location.pathname === at && before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={box}
      class="dialog sheet"
      aria-label={t('more')}
      onCancel={(event) => {
        event.preventDefault();
        closeOverlay();
      }}
      onClick={(event) => {
        // The backdrop is the dialog itself.
        if (event.target === box.current || (event.target instanceof Element && event.target.closest('a'))) closeOverlay();
      }}
    >
      <nav aria-label={t('more')}>
        <ul class="plain sheet-list">
          {VIEW_LIST.filter(({ name }) => !ON_THE_BAR.includes(name)).map(({ name, icon }) => (
            <li key={name}>
              <a href={href(`/${name}`)} aria-current={route.value.view === name ? 'page' : undefined}>
                <Icon name={icon} />
                <span class="grow">{app(name)}</span>
                {badge(name) > 0 && <span class="badge">{badge(name)}</span>}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <div class="sheet-actions">
        <Button
          icon="search"
          onClick={() => {
            closeOverlay();
            requestAnimationFrame(() => openOverlay('palette'));
          }}
        >
          {t('find')}
        </Button>
        <Button icon={isDark() ? 'sun' : 'moon'} onClick={() => change({ theme: isDark() ? 'light' : 'dark' })}>
          {isDark() ? t('themeLight') : t('themeDark')}
        </Button>
        <Button icon="close" onClick={closeOverlay}>
          {t('close')}
        </Button>
      </div>
    </dialog>
  );
}
