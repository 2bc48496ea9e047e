import { commandPieces } from '../text/command';

/** A command in full: what cannot be seen is marked and written by its number, ends of lines are shown. */
export function CommandText({ text }: { text: string }) {
  return (
    <pre class="command-text" dir="ltr">
      <code>
        {commandPieces(text).map(({ kind, text }, index) =>
          kind === 'text' ? (
            text
          ) : kind === 'hidden' ? (
            <mark key={index} class="hidden-character">
              {text}
            </mark>
          ) : (
            <span key={index}>
              <span class="line-end" aria-hidden="true">
                ↵
              </span>
              {'\n'}
            </span>
          ),
        )}
      </code>
    </pre>
  );
}
