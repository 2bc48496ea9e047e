import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import { CallError, call, hello, live } from '../../gateway/session';
import { announce } from '../../parts/announce';
import { Button } from '../../parts/button';
import { Command } from '../../parts/copy';
import { Field } from '../../parts/field';
import { Card } from '../../parts/page';
import { Chip, Notice } from '../../parts/states';
import { bytes, clock } from '../../text/time';
import { visible } from '../../text/visible';
import { Json } from './json';
import { asCommand, parseParams } from './params';
import { calls, noteCall } from './record';
import { t } from './text';

type Outcome =
  | { readonly kind: 'answer'; readonly method: string; readonly ms: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly method: string; readonly ms: number; readonly error: CallError };

const method = { value: '' };
const typed = { value: '{}' };

export function Console() {
  const list = useId();
  const name = useSignal(method.value);
  const params = useSignal(typed.value);
  const busy = useSignal(false);
  const outcome = useSignal<Outcome | null>(null);
  const offered = hello.value?.features.methods ?? [];
  const parsed = parseParams(params.value);
  const known = offered.includes(name.value);
  // What is typed outlives a look at another tab of the view.
  method.value = name.value;
  typed.value = params.value;

  const send = async () => {
    if (!parsed.ok || name.value === '' || busy.value || !live.value) return;
    busy.value = true;
    const at = Date.now();
    const start = performance.now();
    const elapsed = () => Math.round(performance.now() - start);
    try {
      const value: unknown = await call(name.value as Parameters<typeof call>[0], parsed.value as never);
      outcome.value = { kind: 'answer', method: name.value, ms: elapsed(), value };
      announce(t('answered', { method: name.value, ms: elapsed(), size: '' }));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      outcome.value = { kind: 'refused', method: name.value, ms: elapsed(), error };
      announce(t('refused', { method: name.value, ms: elapsed(), code: error.code }));
    } finally {
      busy.value = false;
    }
    const made = outcome.value;
    noteCall({ at, method: name.value, params: params.value, ms: made.ms, refused: made.kind === 'refused' ? made.error.code : null });
  };

  return (
    <div class="debug-columns">
      <Card>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            void send();
          }}
        >
          <p class="small muted">{t('callWarning')}</p>
          <Field
            label={t('method')}
            help={name.value === '' || known ? t('methodHelp', { n: offered.length }) : t('unknownMethod', { method: visible(name.value) })}
          >
            {(ids) => (
              <>
                <input
                  {...ids}
                  class="input mono"
                  type="text"
                  list={list}
                  autocomplete="off"
                  autocapitalize="off"
                  spellcheck={false}
                  value={name.value}
                  onInput={(event) => (name.value = event.currentTarget.value.trim())}
                />
                <datalist id={list}>
                  {offered.toSorted().map((one) => (
                    <option key={one} value={one} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
          <Field
            label={t('params')}
            error={parsed.ok ? null : parsed.why === 'object' ? t('notAnObject', { example: '{"limit": 10}' }) : t('badJson', { reason: parsed.reason })}
          >
            {(ids) => (
              <textarea
                {...ids}
                class="textarea mono"
                rows={6}
                autocapitalize="off"
                spellcheck={false}
                value={params.value}
                onInput={(event) => (params.value = event.currentTarget.value)}
                onKeyDown={(event) => {
                  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void send();
                }}
              />
            )}
          </Field>
          <div class="row">
            <Button kind="primary" type="submit" icon="play" disabled={!parsed.ok || name.value === '' || busy.value || !live.value}>
              {busy.value ? t('sending') : t('send')}
            </Button>
            {!live.value && <span class="small muted">{t('offline')}</span>}
          </div>
          {name.value !== '' && parsed.ok && (
            <div class="stack tight">
              <span class="small muted">{t('asCommand')}</span>
              <Command text={asCommand(name.value, parsed.value)} />
            </div>
          )}
        </form>
      </Card>
      <div class="stack">
        {outcome.value && <Answer outcome={outcome.value} />}
        <History
          onAgain={(made) => {
            name.value = made.method;
            params.value = made.params;
          }}
        />
      </div>
    </div>
  );
}

function Answer({ outcome }: { outcome: Outcome }) {
  const { method, ms } = outcome;
  if (outcome.kind === 'refused') {
    return (
      <Card title={t('answer')}>
        <div class="stack">
          <Notice tone="bad">
            <strong>{t('refused', { method: visible(method), ms, code: outcome.error.code })}</strong>
            <span class="break">{visible(outcome.error.message)}</span>
          </Notice>
          <Json value={outcome.error.error} label={t('answer')} />
        </div>
      </Card>
    );
  }
  const size = bytes(new TextEncoder().encode(JSON.stringify(outcome.value) ?? '').length);
  return (
    <Card title={t('answer')}>
      <div class="stack">
        <span class="small muted">
          {t('answered', { method: visible(method), ms, size })}. {t('masked')}
        </span>
        <Json value={outcome.value} label={t('answer')} copy={t('copyAnswer')} />
      </div>
    </Card>
  );
}

function History({ onAgain }: { onAgain: (made: { method: string; params: string }) => void }) {
  return (
    <Card title={t('history')}>
      {calls.value.length === 0 ? (
        <p class="muted">{t('historyEmpty')}</p>
      ) : (
        <ul class="plain debug-history">
          {calls.value.map((made) => (
            <li key={made.id} class="row">
              <button type="button" class="link mono" title={t('again', { method: made.method })} onClick={() => onAgain(made)}>
                {made.method}
              </button>
              <span class="grow" />
              {made.refused !== null && <Chip tone="bad">{made.refused}</Chip>}
              <span class="small muted nowrap">{t('ms', { ms: made.ms })}</span>
              <span class="small muted nowrap">{clock(made.at)}</span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}
