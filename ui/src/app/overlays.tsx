// Palette, help and the sheet of views: one chunk, loaded when one of them is first opened.

import { Help } from './help';
import { More } from './more';
import { overlay } from './overlay';
import { Palette } from './palette';
import './overlays.css';

export function Overlays() {
  switch (overlay.value) {
    case 'palette':
      return <Palette />;
    case 'help':
      return <Help />;
    case 'more':
      return <More />;
    case null:
      return null;
  }
}
