// Live updates: server-sent hints while they flow, polling while they do not.

import { streamURL } from './api.js';

const POLL = 2000;
const FIRST_RETRY = 1000;
const LAST_RETRY = 10000;

// Live opens the stream. hooks: hint(hint) for each; poll() in its place while the stream is down, and once
// when it comes back, because hints were missed; state('live' | 'polling').
export class Live {
  constructor(hooks) {
    this.hooks = hooks;
    this.retry = FIRST_RETRY;
    this.polling = null;
    document.addEventListener('visibilitychange', () => { if (!document.hidden) hooks.poll(); });
    this.connect();
  }

  connect() {
    const source = new EventSource(streamURL);
    source.onopen = () => {
      this.retry = FIRST_RETRY;
      clearInterval(this.polling);
      this.polling = null;
      this.hooks.state('live');
      this.hooks.poll();
    };
    source.onmessage = (event) => {
      try {
        this.hooks.hint(JSON.parse(event.data));
      } catch {
        this.hooks.poll(); // a hint that cannot be read still says that something changed
      }
    };
    source.onerror = () => {
      source.close();
      this.hooks.state('polling');
      this.polling ??= setInterval(() => this.hooks.poll(), POLL);
      setTimeout(() => this.connect(), this.retry * (0.75 + Math.random() / 2));
      this.retry = Math.min(this.retry * 2, LAST_RETRY);
    };
  }
}
