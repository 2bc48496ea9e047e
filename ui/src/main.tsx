import './styles/index.css';
import { render } from 'preact';
import { App } from './app/app';
import { startRouter } from './app/router';
import { startShortcuts } from './app/shortcuts';
import { startWaiting } from './app/waiting';
import { startSession } from './gateway/session';
import { startUptime } from './gateway/uptime';

const mount = document.getElementById('app');
if (mount) {
  startRouter();
  startShortcuts();
  startUptime();
  startWaiting();
  startSession();
  render(<App />, mount);
  document.getElementById('fallback')?.remove();
}
