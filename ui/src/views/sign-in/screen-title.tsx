import { useEffect, useRef } from 'preact/hooks';
import type { Problem } from '../../gateway/errors';
import { screenContext } from './context';
import { screenOf } from './text';

/** Title of a screen; it gets the focus when it appears, unless a field wants it. */
export function ScreenTitle({ problem, focus = true }: { problem: Problem; focus?: boolean }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const { shown } = screenContext();
  useEffect(() => {
    if (focus) heading.current?.focus();
  }, [problem]);
  const { title, what } = screenOf(problem, shown);
  return (
    <>
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      <p class="muted">{what}</p>
    </>
  );
}
