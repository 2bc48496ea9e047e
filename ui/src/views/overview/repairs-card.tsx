// What should be mended, worst first: one sentence each, and the way.

import { href } from '../../app/router';
import type { Finding, RemoteStatus, Severity } from '../../gateway/remote';
import type { Resource } from '../../gateway/resource';
import { Command } from '../../parts/copy';
import { Card } from '../../parts/page';
import { AsOf, Chip, Load } from '../../parts/states';
import type { Tone } from '../../parts/states';
import { duration } from '../../text/time';
import { visible } from '../../text/visible';
import { fixOf } from './repairs';
import { t } from './text';

const TONE: Readonly<Record<Severity, Tone>> = { critical: 'bad', warn: 'warn', info: 'info' };
/** Clocks this far apart are worth a word. */
const SKEW_MS = 60_000;

export function RepairsCard({ remote }: { remote: Resource<RemoteStatus> }) {
  return (
    <Card title={t('repairs')} side={<AsOf of={remote} />}>
      {remote.missing ? <p class="muted">{t('unknownHealth')}</p> : <Load of={remote} lines={2}>{(status) => <Found findings={all(status)} />}</Load>}
    </Card>
  );
}

/** Findings of the gateway, and what only this page can see. */
function all(status: RemoteStatus): readonly Finding[] {
  const own: Finding[] = [];
  if (Math.abs(status.skewMs) > SKEW_MS) {
    own.push({ id: 'clock', severity: 'warn', title: t('skewTitle'), detail: t('skewDetail', { time: duration(Math.abs(status.skewMs)) }), fix: null });
  }
  for (const detail of status.degraded) own.push({ id: `degraded ${detail}`, severity: 'warn', title: t('degradedTitle'), detail, fix: null });
  const critical = status.findings.filter(({ severity }) => severity === 'critical');
  return [...critical, ...own, ...status.findings.filter(({ severity }) => severity !== 'critical')];
}

function Found({ findings }: { findings: readonly Finding[] }) {
  const serious = findings.filter(({ severity }) => severity !== 'info');
  const notes = findings.filter(({ severity }) => severity === 'info');
  return (
    <>
      {serious.length === 0 ? (
        <p class="row">
          <Chip tone="ok">{t('healthy')}</Chip>
        </p>
      ) : (
        <Rows findings={serious} />
      )}
      {notes.length > 0 && (
        <details class="fold">
          <summary>{t('notes', { n: notes.length })}</summary>
          <Rows findings={notes} />
        </details>
      )}
    </>
  );
}

function Rows({ findings }: { findings: readonly Finding[] }) {
  return (
    <ul class="plain repairs">
      {findings.map((finding) => (
        <Row key={finding.id} finding={finding} />
      ))}
    </ul>
  );
}

function Row({ finding }: { finding: Finding }) {
  const fix = fixOf(finding);
  return (
    <li>
      <Chip tone={TONE[finding.severity]}>{t(finding.severity)}</Chip>
      <div class="stack tight grow">
        <strong>{visible(finding.title)}</strong>
        <span class="small muted break">{visible(finding.detail.split('\n')[0] ?? '')}</span>
        {fix?.kind === 'words' && <span class="small">{visible(fix.words)}</span>}
        {fix?.kind === 'command' && <Command text={fix.command} />}
      </div>
      {fix?.kind === 'view' && (
        <a class="button small" href={href(fix.path)} aria-label={t('fixNamed', { title: finding.title })}>
          {t('fix')}
        </a>
      )}
    </li>
  );
}
