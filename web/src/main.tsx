// Where the page begins: finds out where it came from, follows what is live there, and draws.
import { render } from 'preact';
import { App } from './app.tsx';
import { findHost } from './state/host.ts';
import { startFollowingNetwork } from './state/network.ts';
import { startFollowingPeer } from './state/peer.ts';
import { startRouting } from './state/route.ts';
import './styles/tokens.css';
import './styles/base.css';
import './styles/parts.css';
import './styles/views.css';

const place = document.getElementById('page');
if (place) {
  startRouting();
  startFollowingPeer();
  startFollowingNetwork();
  void findHost(new AbortController().signal);
  render(<App />, place);
}
