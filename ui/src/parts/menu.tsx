import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from './button';
import { t } from './text';

/** Actions of a row behind one button that names the row. Children: buttons or links. */
export function Menu({ name, children }: { name: string; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const items = () => [...(box.current?.querySelectorAll<HTMLElement>('.menu-list > *') ?? [])];
    const list = box.current?.querySelector<HTMLElement>('.menu-list');
    if (list && box.current) place(list, box.current);
    items()[0]?.focus();
    const leave = () => setOpen(false);
    const outside = (event: Event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    const key = (event: KeyboardEvent) => {
      const list = items();
      const at = list.findIndex((item) => item === document.activeElement);
      if (event.key === 'Escape') {
        setOpen(false);
        box.current?.querySelector('button')?.focus();
        event.stopPropagation();
      } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault();
        list[(at + (event.key === 'ArrowDown' ? 1 : list.length - 1)) % list.length]?.focus();
      }
    };
    const element = box.current;
    document.addEventListener('pointerdown', outside);
    // It stands where its button was: when the page moves, it goes.
    addEventListener('scroll', leave, { capture: true, passive: true });
    addEventListener('resize', leave);
    element?.addEventListener('keydown', key);
    element?.addEventListener('focusout', (event) => {
      if (event.relatedTarget instanceof Node && !element.contains(event.relatedTarget)) setOpen(false);
    });
    return () => {
      document.removeEventListener('pointerdown', outside);
      removeEventListener('scroll', leave, { capture: true });
      removeEventListener('resize', leave);
      element?.removeEventListener('keydown', key);
    };
  }, [open]);
  return (
    <div class="menu" ref={box}>
      <Button kind="quiet" icon="more" iconOnly aria-haspopup="true" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t('actionsFor', { name })}
      </Button>
      {open && (
        <div class="menu-list" popover="manual" onClick={() => setOpen(false)}>
          {children}
        </div>
      )}
    </div>
  );
}

const GAP = 4;

/** Puts the list into the top layer next to its button, where nothing cuts it off, and inside the window. */
function place(list: HTMLElement, button: HTMLElement): void {
  list.showPopover?.();
  const at = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = list;
  const below = at.bottom + GAP;
  const top = below + height > innerHeight ? Math.max(GAP, at.top - GAP - height) : below;
  const ends = document.documentElement.dir === 'rtl' ? at.left : at.right - width;
  list.style.top = `${top}px`;
  list.style.left = `${Math.min(Math.max(GAP, ends), innerWidth - width - GAP)}px`;
}
