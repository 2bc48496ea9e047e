import type { ComponentChildren } from 'preact';
import { lastContact } from '../gateway/session';
import { AsOf } from './states';

/** Heading of a view: its name, one sentence, its main action. */
export function Page({ title, sentence, action, children }: { title: string; sentence?: ComponentChildren; action?: ComponentChildren; children: ComponentChildren }) {
  return (
    <>
      <div class="page-head">
        <div class="stack tight grow">
          <div class="row">
            <h1 tabIndex={-1}>{title}</h1>
            <AsOf of={{ asOf: lastContact.value }} />
          </div>
          {sentence && <p>{sentence}</p>}
        </div>
        {action && <div class="row">{action}</div>}
      </div>
      {children}
    </>
  );
}

/** A part of a view with a heading. */
export function Card({ title, side, children }: { title?: string; side?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="card" aria-label={title}>
      {(title ?? side) && (
        <header>
          {title && <h2 class="grow">{title}</h2>}
          {side}
        </header>
      )}
      {children}
    </section>
  );
}
