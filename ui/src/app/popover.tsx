// A panel that opens below a button of the bar. It is no dialog: the page stays usable, Esc and a click elsewhere close it.

import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';

interface PopoverProps {
  /** Classes of the button. */
  class?: string;
  /** Name of the panel for screen readers. */
  label: string;
  button: ComponentChildren;
  children: (close: () => void) => ComponentChildren;
}

export function Popover({ class: extra, label, button, children }: PopoverProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const panel = useId();
  const close = () => setOpen(false);
  useEffect(() => {
    if (!open) return undefined;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) close();
    };
    const key = (event: KeyboardEvent) => {
      if (event.key !== 'Escape') return;
      close();
      box.current?.querySelector('button')?.focus();
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    document.addEventListener('keydown', key);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
      document.removeEventListener('keydown', key);
    };
  }, [open]);
  return (
    <div class="popover" ref={box}>
      <button type="button" class={extra} aria-expanded={open} aria-controls={open ? panel : undefined} onClick={() => setOpen(!open)}>
        {button}
      </button>
      {open && (
        <section class="popover-panel" id={panel} aria-label={label}>
          {children(close)}
        </section>
      )}
    </div>
  );
}
