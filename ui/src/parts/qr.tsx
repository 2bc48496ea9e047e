import { useEffect, useState } from 'preact/hooks';
import { Skeleton } from './states';
import { t } from './text';

/** Light margin that scanners need, in modules. */
const MARGIN = 4;

/** Text as a QR code: dark on light in every theme, because scanners want it so. */
export function Qr({ text, label }: { text: string; label: string }) {
  const [made, setMade] = useState<{ text: string; path: string; size: number } | 'failed' | null>(null);
  useEffect(() => {
    let open = true;
    import('uqr')
      .then(({ encode }) => {
        const { data, size } = encode(text, { ecc: 'M', border: 0 });
        if (open) setMade({ text, path: qrPath(data), size });
      })
      .catch(() => open && setMade('failed'));
    return () => {
      open = false;
    };
  }, [text]);
  if (made === 'failed') return <p class="muted small">{t('qrFailed')}</p>;
  if (made === null || made.text !== text) {
    return (
      <div class="qr">
        <Skeleton lines={3} />
      </div>
    );
  }
  const side = made.size + 2 * MARGIN;
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`${-MARGIN} ${-MARGIN} ${side} ${side}`} shape-rendering="crispEdges">
      <path d={made.path} />
    </svg>
  );
}

/** One rectangle per run of dark modules. */
export function qrPath(rows: readonly (readonly boolean[])[]): string {
  let path = '';
  rows.forEach((row, y) => {
    for (let x = 0; x < row.length; x += 1) {
      if (!row[x]) continue;
      const from = x;
      while (row[x + 1]) x += 1;
      path += `M${from} ${y}h${x - from + 1}v1h${from - x - 1}z`;
    }
  });
  return path;
}
