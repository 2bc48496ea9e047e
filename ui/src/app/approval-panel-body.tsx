import { useCallback, useEffect, useId, useRef, useState } from 'preact/hooks';
import { DECISIONS } from './decisions';
import { putOffApprovals, rememberFocus, returnFocus, useAltA } from './approval-panel';
import { href } from './router';
import { pendingApprovals } from './waiting';
import { loadNodes } from '../gateway/node-calls';
import { useResource } from '../gateway/resource';
import { ApprovalCard } from '../parts/approval';
import { t } from '../parts/approval-text';
import { Button } from '../parts/button';
import { now } from '../parts/time';
import { commandLine } from '../text/command';

/** Keys inside the panel and the answer that each one goes to. Enter confirms. */
const KEYS: Readonly<Record<string, (typeof DECISIONS)[number]>> = { d: 'deny', o: 'allow-once', a: 'allow-always' };
/** Seconds at which the rest of the time is spoken. */
const SPOKEN = [60, 30, 10];
/** Where the whole panel leaves enough of the view to work with. */
const WIDE = '(min-width: 720px)';

export function ApprovalPanelBody({ ids }: { ids: string }) {
  const shown = ids.split(' ');
  const waiting = pendingApprovals.value.filter(({ id }) => shown.includes(id));
  const first = waiting[0];
  const panel = useRef<HTMLElement>(null);
  const title = useId();
  const nodes = useResource({ key: 'nodes', method: 'node.list', scope: 'operator.read', load: loadNodes });
  const [spoken, setSpoken] = useState('');
  const inside = useRef(false);
  // On narrow screens a line tells of it until the person wants to see more.
  const [whole, setWhole] = useState(() => matchMedia(WIDE).matches);

  const open = useCallback(() => {
    setWhole(true);
    if (!panel.current?.contains(document.activeElement)) panel.current?.focus();
  }, []);
  useAltA(open);

  // Said once for each command; the rest of the time at three moments only.
  useEffect(() => {
    if (first) setSpoken(t('announce', { command: commandLine(first.command) }));
  }, [first?.id]);
  const left = first ? Math.ceil((first.expiresAt - now.value) / 1000) : 0;
  const announced = useRef<string | undefined>(undefined);
  useEffect(() => {
    // What has just been announced is not talked over.
    const arrives = announced.current !== first?.id;
    announced.current = first?.id;
    if (arrives) return;
    if (first && SPOKEN.includes(left)) setSpoken(t('seconds', { n: left, command: commandLine(first.command, 60) }));
  }, [left]);

  // When what had the focus is decided and gone, the focus goes back to where it came from.
  useEffect(() => {
    if (inside.current && panel.current && !panel.current.contains(document.activeElement)) panel.current.focus();
  }, [first?.id]);
  useEffect(
    () => () => {
      if (inside.current) returnFocus();
    },
    [],
  );

  if (!first) return null;
  const key = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault();
      event.stopPropagation();
      inside.current = false;
      returnFocus();
      return;
    }
    const decision = event.altKey || event.ctrlKey || event.metaKey ? undefined : KEYS[event.key.toLowerCase()];
    if (decision === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    panel.current?.querySelector<HTMLElement>(`[data-decision="${decision}"]`)?.focus();
  };
  return (
    <>
      <div class="visually-hidden" role="alert">
        {spoken}
      </div>
      <section
        class={whole ? 'approval-panel' : 'approval-panel folded'}
        ref={panel}
        tabIndex={-1}
        aria-labelledby={title}
        onKeyDown={key}
        onFocusIn={(event) => {
          const from = event.relatedTarget;
          if (!inside.current && !(from instanceof Node && panel.current?.contains(from))) rememberFocus(from);
          inside.current = true;
        }}
        onFocusOut={(event) => {
          // Without a new place the focus was lost because its button went away: that is for the effect above.
          if (event.relatedTarget instanceof Node) inside.current = panel.current?.contains(event.relatedTarget) ?? false;
        }}
      >
        <header class="row between">
          <h2 id={title}>{t('panelTitle', { n: waiting.length })}</h2>
          <Button kind="quiet" size="small" onClick={() => putOffApprovals(shown)}>
            {t('panelLater')}
          </Button>
        </header>
        {whole ? (
          <>
            <ApprovalCard key={first.id} approval={first} nodes={nodes.data ?? []} />
            <footer class="row between">
              <span class="caption muted panel-keys">{t('panelKeys')}</span>
              <a class="small" href={href(`/approvals?id=${encodeURIComponent(first.id)}`)}>
                {t('panelAll')}
              </a>
            </footer>
          </>
        ) : (
          <div class="row folded-line">
            <code class="grow" dir="ltr">
              {commandLine(first.command, 60)}
            </code>
            <Button kind="primary" size="small" aria-expanded={false} onClick={open}>
              {t('panelLook')}
            </Button>
          </div>
        )}
      </section>
    </>
  );
}
