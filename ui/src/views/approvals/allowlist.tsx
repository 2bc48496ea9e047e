// Programs that an agent may run without a question.

import { useState } from 'preact/hooks';
import { allowlist, covers, patternProblem, withPattern, withoutPattern } from '../../gateway/policy';
import type { PolicyFile } from '../../gateway/policy';
import { Button } from '../../parts/button';
import { TextField } from '../../parts/field';
import { Chip } from '../../parts/states';
import { Ago } from '../../parts/time';
import { commandLine } from '../../text/command';
import { visible } from '../../text/visible';
import { t } from './text';

interface AllowlistProps {
  file: PolicyFile['file'];
  agent: string;
  name: string;
  disabled: boolean;
  onChange: (file: PolicyFile['file']) => void;
}

export function Allowlist({ file, agent, name, disabled, onChange }: AllowlistProps) {
  const [pattern, setPattern] = useState('');
  const [path, setPath] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const list = allowlist(file, agent);
  const covering = path.trim() === '' ? [] : list.filter((entry) => !entry.restricted && covers(entry.pattern, path));
  return (
    <section class="stack" aria-label={t('allowlistOf', { name })}>
      <h3>{t('allowlistOf', { name })}</h3>
      {list.length === 0 ? (
        <p class="muted">{t('allowlistEmpty')}</p>
      ) : (
        <ul class="plain allowlist">
          {list.map((entry, index) => (
            <li key={`${entry.pattern} ${index}`} class={covering.includes(entry) ? 'row between covering' : 'row between'}>
              <div class="stack tight grow">
                <code class="break">{visible(entry.pattern)}</code>
                <span class="small muted">
                  {entry.lastUsedAt === null ? (
                    t('neverUsed')
                  ) : (
                    <>
                      {t('lastUsed')} <Ago at={entry.lastUsedAt} />
                      {entry.lastCommand && (
                        <>
                          {': '}
                          <code class="break">{commandLine(entry.lastCommand)}</code>
                        </>
                      )}
                    </>
                  )}
                </span>
                {entry.restricted && <Chip tone="warn">{t('restricted')}</Chip>}
                {patternProblem(entry.pattern) && <Chip tone="warn">{t('coversNothing')}</Chip>}
              </div>
              <Button kind="quiet" icon="trash" iconOnly disabled={disabled} onClick={() => onChange(withoutPattern(file, agent, index))}>
                {t('removePattern', { pattern: visible(entry.pattern) })}
              </Button>
            </li>
          ))}
        </ul>
      )}
      <form
        class="input-row"
        onSubmit={(event) => {
          event.preventDefault();
          const found = patternProblem(pattern);
          if (found) {
            setProblem(t(`pattern.${found}`));
            return;
          }
          onChange(withPattern(file, agent, pattern.trim()));
          setPattern('');
        }}
      >
        <TextField
          label={t('addPattern')}
          help={t('addPatternHelp')}
          error={problem}
          class="input mono"
          spellcheck={false}
          autocapitalize="off"
          placeholder="/usr/bin/rsync"
          disabled={disabled}
          value={pattern}
          onInput={(event) => {
            setPattern(event.currentTarget.value);
            setProblem(null);
          }}
        />
        <Button type="submit" icon="plus" disabled={disabled}>
          {t('add')}
        </Button>
      </form>
      <div class="stack tight">
        <TextField
          label={t('testPath')}
          help={t('testHelp')}
          class="input mono"
          spellcheck={false}
          autocapitalize="off"
          placeholder="/usr/bin/rsync"
          value={path}
          onInput={(event) => setPath(event.currentTarget.value)}
        />
        <p class="small" role="status">
          {path.trim() === '' ? '' : covering.length === 0 ? t('testNo') : t('testYes', { pattern: covering.map((entry) => visible(entry.pattern)).join(', ') })}
        </p>
      </div>
    </section>
  );
}
