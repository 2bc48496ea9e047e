import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { useResource } from '../../gateway/resource';
import { call, hello, machine } from '../../gateway/session';
import { Button } from '../../parts/button';
import { SelectField } from '../../parts/field';
import { Card, Page } from '../../parts/page';
import { AsOf, Load } from '../../parts/states';
import { Tabs } from '../../parts/tabs';
import { Console } from './console';
import { Json } from './json';
import { startRecording } from './record';
import { Stream } from './stream';
import { Support } from './support';
import { t } from './text';
import './debug.css';

const TABS = ['call', 'events', 'handshake', 'snapshots', 'support'] as const;

export function Debug() {
  useEffect(startRecording, []);
  return (
    <Page title={t('title')} sentence={t('sentence')}>
      <Tabs label={t('tabs')} tabs={TABS.map((key) => ({ key, title: t(key) }))}>
        {(tab) => {
          switch (tab) {
            case 'call':
              return <Console />;
            case 'events':
              return <Stream />;
            case 'handshake':
              return <Handshake />;
            case 'snapshots':
              return <Snapshots />;
            case 'support':
              return <Support />;
          }
        }}
      </Tabs>
    </Page>
  );
}

function Handshake() {
  const { snapshot: _, ...greeting } = hello.value ?? { snapshot: {} };
  return (
    <div class="debug-columns">
      <Card title={t('sent')}>
        <Json value={greeting} label={t('sent')} />
      </Card>
      <Card title={t('connectionState')}>
        <Json value={machine.value} label={t('connectionState')} />
      </Card>
    </div>
  );
}

const SOURCES = {
  hello: null,
  presence: 'system-presence',
  nodes: 'node.list',
  remote: 'remote.status',
  status: 'status',
} as const;
type Source = keyof typeof SOURCES;

function Snapshots() {
  const source = useSignal<Source>('hello');
  const method = SOURCES[source.value];
  return (
    <>
      <div class="filters">
        <SelectField
          label={t('source')}
          value={source.value}
          options={(Object.keys(SOURCES) as Source[]).map((one) => [one, t(`source.${one}`)] as const)}
          onChange={(next) => (source.value = next)}
        />
      </div>
      {method === null ? (
        <Card>
          <Json value={hello.value?.snapshot ?? null} label={t('source.hello')} />
        </Card>
      ) : (
        <Asked key={method} method={method} label={t(`source.${source.value}`)} />
      )}
    </>
  );
}

function Asked({ method, label }: { method: string; label: string }) {
  const answer = useResource<unknown>({
    key: `debug:${method}`,
    method: method as Parameters<typeof call>[0],
    scope: 'operator.read',
    load: () => call(method as Parameters<typeof call>[0], {} as never),
  });
  return (
    <Card
      side={
        <>
          <Button size="small" icon="refresh" onClick={answer.reload}>
            {t('refresh')}
          </Button>
          <AsOf of={answer} />
        </>
      }
    >
      <Load of={answer}>{(value) => <Json value={value} label={label} />}</Load>
    </Card>
  );
}
