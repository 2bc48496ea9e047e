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
    items()[0]?.focus();
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
    element?.addEventListener('keydown', key);
    element?.addEventListener('focusout', (event) => {
      if (event.relatedTarget instanceof Node && !element.contains(event.relatedTarget)) setOpen(false);
    });
    return () => {
      document.removeEventListener('pointerdown', outside);
      element?.removeEventListener('keydown', key);
    };
  }, [open]);
  return (
    <div class="menu" ref={box}>
      <Button kind="quiet" icon="more" iconOnly aria-haspopup="true" aria-expanded={open} onClick={() => setOpen(!open)}>
        {t('actionsFor', { name })}
      </Button>
      {open && (
        <div class="menu-list" onClick={() => setOpen(false)}>
          {children}
        </div>
      )}
    </div>
  );
}
