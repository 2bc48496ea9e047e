import { setQuery } from '../../app/router';
import { Check, SelectField, TextField } from '../../parts/field';
import { LEVELS } from './entry';
import { SPANS, matcher } from './filter';
import type { Filter, Span } from './filter';
import { t } from './text';

export function clearFilters(): void {
  setQuery({ level: null, subsystem: null, q: null, regex: null, since: null });
}

export function Filters({ filter, subsystems }: { filter: Filter; subsystems: readonly string[] }) {
  // A link may name a subsystem that has not written anything yet.
  const known = filter.subsystem !== null && !subsystems.includes(filter.subsystem) ? [filter.subsystem, ...subsystems] : subsystems;
  const spans = Object.keys(SPANS) as Span[];
  return (
    <div class="filters" role="search" aria-label={t('filters')}>
      <TextField
        label={t('text')}
        search
        placeholder={t('textPlaceholder')}
        data-filter=""
        value={filter.text}
        error={matcher(filter.text, filter.regex) === null ? t('badExpression') : null}
        spellcheck={false}
        onInput={(event) => setQuery({ q: event.currentTarget.value })}
      />
      <Check label={t('expression')} checked={filter.regex} onChange={(regex) => setQuery({ regex: regex ? '1' : null })} />
      <SelectField
        label={t('level')}
        value={filter.level ?? ''}
        options={[['', t('allLevels')], ...LEVELS.map((level) => [level, t(`from.${level}`)] as const)]}
        onChange={(level) => setQuery({ level })}
      />
      <SelectField
        label={t('subsystem')}
        value={filter.subsystem ?? ''}
        options={[['', t('allSubsystems')], ...known.map((name) => [name, name] as const)]}
        onChange={(subsystem) => setQuery({ subsystem })}
      />
      <SelectField
        label={t('time')}
        value={filter.span ?? ''}
        options={[['', t('anyTime')], ...spans.map((span) => [span, t(`span.${span}`)] as const)]}
        onChange={(since) => setQuery({ since })}
      />
    </div>
  );
}
