import { useEffect } from 'preact/hooks';
import { loadWordList, wordList, wordListFailed, wordsFrom } from '../gateway/words';
import { t } from './text';

function useWords(id: string): readonly string[] | null {
  useEffect(() => {
    // The failure is shown from the signal.
    loadWordList().catch(() => undefined);
  }, []);
  const list = wordList.value;
  return list && wordsFrom(list, id);
}

/** The six words of a device, three and three. `large` where people compare them. */
export function Words({ id, large }: { id: string; large?: boolean }) {
  const words = useWords(id);
  const classes = large ? 'words large' : 'words';
  // Without the list there is still the id, which the command line shows as well.
  if (words === null && wordListFailed.value) return <code class="break">{id}</code>;
  return (
    <span class={classes} data-words={id} aria-busy={words === null}>
      {(words ?? ['', '', '', '', '', '']).map((word, index) => (
        <span key={index}>{word === '' ? '\u00a0' : index < 5 ? `${word} ` : word}</span>
      ))}
    </span>
  );
}

/** The first two words: a label, never something to check by. */
export function ShortWords({ id }: { id: string }) {
  const words = useWords(id);
  if (words === null) return <code class="nowrap">{id.slice(0, 8)}…</code>;
  return (
    <span class="mono nowrap" title={t('allWords', { words: words.join(' ') })}>
      {words.slice(0, 2).join(' ')}
    </span>
  );
}
