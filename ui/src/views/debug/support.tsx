import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { servedBy } from '../../app/base';
import { settings } from '../../app/settings';
import { call, can, connection, has, hello, lastContact, live } from '../../gateway/session';
import { Button } from '../../parts/button';
import { copyText } from '../../parts/copy';
import { download } from '../../parts/download';
import { Card } from '../../parts/page';
import { bytes } from '../../text/time';
import { visible } from '../../text/visible';
import { writeBundle } from './bundle';
import { calls, events } from './record';
import { t } from './text';

/** The answer of a call, or why there is none. */
async function ask(method: string, params: object, scope: Parameters<typeof can>[0]): Promise<unknown> {
  if (!live.peek() || !has(method as Parameters<typeof has>[0]) || !can(scope)) return null;
  try {
    return await call(method as Parameters<typeof call>[0], params as never);
  } catch (error) {
    return { failed: error instanceof Error ? error.message : String(error) };
  }
}

async function collect(): Promise<string> {
  const [logs, reach, presence] = await Promise.all([
    ask('logs.tail', { limit: 300, maxBytes: 120_000 }, 'operator.read'),
    ask('remote.status', {}, 'operator.read'),
    ask('system-presence', {}, 'operator.read'),
  ]);
  const lines = (logs as { lines?: unknown } | null)?.lines;
  const { snapshot: _, ...greeting } = hello.peek() ?? { snapshot: {} };
  return writeBundle({
    facts: {
      made: new Date().toISOString(),
      page: {
        version: servedBy,
        path: location.pathname,
        origin: location.origin,
        secure: isSecureContext,
        browser: navigator.userAgent,
        languages: navigator.languages,
        screen: `${innerWidth} x ${innerHeight} @ ${devicePixelRatio}`,
        settings: settings.peek(),
      },
      connection: { ...connection.peek(), lastContact: lastContact.peek() },
      hello: greeting,
      reach,
      presence,
    },
    lists: {
      calls: calls.peek().toReversed(),
      events: events.peek().toReversed(),
      logs: Array.isArray(lines) ? lines : [],
    },
  });
}

export function Support() {
  const text = useSignal<string | null>(null);
  const busy = useSignal(false);
  const source = useRef<HTMLPreElement>(null);
  const start = async () => {
    busy.value = true;
    text.value = await collect();
    busy.value = false;
  };
  return (
    <Card title={t('bundle')}>
      <div class="stack">
        <p>{t('supportSentence')}</p>
        <div class="row">
          <Button kind={text.value === null ? 'primary' : undefined} icon="refresh" disabled={busy.value} onClick={() => void start()}>
            {busy.value ? t('collecting') : t('collect')}
          </Button>
          {text.value !== null && (
            <>
              <Button icon="copy" onClick={() => void copyText(text.value ?? '', source.current)}>
                {t('copyBundle')}
              </Button>
              <Button icon="download" onClick={() => download(`openclaw-support-${new Date().toISOString().slice(0, 10)}.json`, 'application/json', text.value ?? '')}>
                {t('downloadBundle')}
              </Button>
              <span class="small muted">{t('collected', { size: bytes(new TextEncoder().encode(text.value).length) })}</span>
            </>
          )}
        </div>
        {text.value !== null && (
          <pre ref={source} class="block" tabIndex={0} role="region" aria-label={t('bundle')}>
            {visible(text.value, { lines: true })}
          </pre>
        )}
      </div>
    </Card>
  );
}
