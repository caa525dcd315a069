// Who has messages that nobody has looked at. What was there when the page opened counts as seen.

import * as api from './api.js';

// Unread counts per member for one app. changed(counts) gets a Map of folded userid → count.
export class Unread {
  constructor(changed) {
    this.changed = changed;
    this.app = null;
    this.seenID = new Map();  // folded userid → id of the last message seen
    this.counts = new Map();
    this.reading = new Map(); // folded userid → true while read, 'again' if asked meanwhile
  }

  // start takes the present end of every chat as seen.
  async start(app, userids) {
    this.app = app;
    this.seenID.clear();
    this.counts.clear();
    await Promise.all(userids.map(async (userid) => {
      const { messages = [] } = await api.get('/chat', { user: userid, app, after: 0 });
      if (app === this.app) this.seenID.set(fold(userid), last(messages));
    }));
    this.changed(this.counts);
  }

  // seen marks a member's chat as read up to id.
  seen(userid, app, id) {
    if (app !== this.app) return;
    const key = fold(userid);
    this.seenID.set(key, Math.max(id, this.seenID.get(key) || 0));
    if (this.counts.delete(key)) this.changed(this.counts);
  }

  // check reads what a member has got since and counts what others wrote.
  async check(userid) {
    const key = fold(userid);
    if (this.reading.has(key)) { this.reading.set(key, 'again'); return; }
    this.reading.set(key, true);
    const app = this.app;
    try {
      const { messages = [] } = await api.get('/chat', { user: userid, app, after: this.seenID.get(key) || 0 });
      const count = messages.filter((m) => fold(m.from) !== key && m.id > (this.seenID.get(key) || 0)).length;
      if (app === this.app && count !== (this.counts.get(key) || 0)) {
        if (count > 0) this.counts.set(key, count);
        else this.counts.delete(key);
        this.changed(this.counts);
      }
    } finally {
      const again = this.reading.get(key) === 'again';
      this.reading.delete(key);
      if (again) await this.check(userid);
    }
  }
}

const fold = (userid) => String(userid).toLowerCase();
const last = (messages) => messages.reduce((max, m) => Math.max(max, m.id), 0);
