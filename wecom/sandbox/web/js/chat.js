// The phone's screen: one member's chat with one app, and the strip that says who else has news.

import * as api from './api.js';
import { el, replace, button } from './dom.js';
import { avatar } from './avatar.js';
import { renderBody } from './messages.js';
import { renderCard, lock } from './cards.js';
import { chatTime } from './time.js';

const DIVIDER_GAP = 5 * 60e3; // a quieter chat than this gets a new time above the next message
const KEEP = 300;             // messages kept on screen
const STRIP = 4;              // names shown in the news strip before "等 n 人"

// Chat draws into the phone. hooks: now() business time; name(userid); choose(userid) switches the member;
// pressed(userid, label) and failed(error) report what happened.
export class Chat {
  constructor(root, hooks) {
    this.hooks = hooks;
    this.user = null;
    this.app = null;
    this.lastID = 0;
    this.rows = new Map(); // message id → {node, version}
    this.log = el('ol', { class: 'log', role: 'log', 'aria-live': 'polite', 'aria-label': '聊天记录', tabindex: '0', dataset: { testid: 'messages' },
      on: { scroll: () => this.settlePill() } });
    this.head = el('div', { class: 'phone-head' });
    this.strip = el('div', { class: 'strip', hidden: true, dataset: { testid: 'news' } });
    this.silence = el('p', { class: 'silence', hidden: true }, '还没有消息。发送「帮助」，看看应用能做什么。');
    this.pill = button('有新消息 ↓', 'pill', () => this.toEnd(), { hidden: true });
    this.screen = el('div', { class: 'screen' }, this.log, this.silence, this.pill);
    root.append(this.head, this.strip, this.screen);
    // A sheet that opens below, or the news strip, must not push the newest message out of sight.
    this.resting = true;
    new ResizeObserver(() => {
      this.height = this.log.clientHeight;
      if (this.resting) this.toEnd();
    }).observe(this.log);
  }

  // open shows another member's chat. apps is the list for the switch in the head.
  async open(member, app, apps) {
    this.user = member.userid;
    this.app = app.name;
    this.lastID = 0;
    this.rows.clear();
    this.log.replaceChildren();
    this.drawHead(member, app, apps);
    await this.refresh();
    this.toEnd();
  }

  drawHead(member, app, apps) {
    replace(this.head,
      avatar(member.userid, member.name),
      el('div', { class: 'me' },
        el('strong', { dataset: { testid: 'me' } }, member.name),
        el('span', {}, `正在和「${app.title}」聊天`)),
      apps.length > 1 && el('select', { class: 'app-select', 'aria-label': '换一个应用', dataset: { testid: 'app' },
        on: { change: (event) => this.hooks.chooseApp(event.target.value) } },
      apps.map((one) => el('option', { value: one.name, selected: one.name === app.name }, one.title))));
  }

  // refresh reads the chat again and draws what is new or has changed. Unchanged rows are not touched, so a
  // half-made choice in a card survives. Two refreshes at once become one more afterwards.
  async refresh() {
    if (!this.user) return;
    if (this.reading) { this.again = true; return this.reading; }
    this.reading = this.read();
    try {
      await this.reading;
    } finally {
      this.reading = null;
    }
    if (this.again) {
      this.again = false;
      await this.refresh();
    }
  }

  async read() {
    const { user, app } = this;
    const answer = await api.get('/chat', { user, app, after: 0 });
    if (user !== this.user || app !== this.app) { this.again = true; return; }
    const messages = (answer.messages || []).slice(-KEEP).map((raw) => normalise(raw, user));
    const atEnd = this.atEnd();
    this.silence.hidden = messages.length > 0;
    const fresh = messages.some((m) => m.id > this.lastID);
    this.draw(messages);
    if (messages.length > 0) this.lastID = Math.max(this.lastID, messages[messages.length - 1].id);
    this.hooks.seen(user, app, this.lastID);
    if (atEnd) this.toEnd();
    else if (fresh) this.pill.hidden = false;
  }

  draw(messages) {
    const present = new Set();
    let before = null;
    let previous = null;
    for (const message of messages) {
      present.add(message.id);
      const { version } = message;
      const row = this.rows.get(message.id);
      let node = row && row.node;
      if (!row || row.version !== version) {
        node = this.row(message, before);
        if (row) row.node.replaceWith(node);
        this.rows.set(message.id, { node, version });
      }
      if (previous ? previous.nextSibling !== node : this.log.firstChild !== node) {
        this.log.insertBefore(node, previous ? previous.nextSibling : this.log.firstChild);
      }
      previous = node;
      before = message;
    }
    for (const [id, row] of this.rows) {
      if (present.has(id)) continue;
      row.node.remove();
      this.rows.delete(id);
    }
  }

  row(message, before) {
    const gap = !before || new Date(message.at) - new Date(before.at) > DIVIDER_GAP;
    const who = message.mine ? this.hooks.name(message.from) : message.from;
    return el('li', { class: `row ${message.mine ? 'mine' : 'theirs'} kind-${message.kind}`, dataset: { id: message.id, kind: message.kind, from: message.from } },
      gap && el('time', { class: 'divider', datetime: message.at }, chatTime(message.at, this.hooks.now())),
      message.recalled
        ? el('p', { class: 'recalled' }, '应用撤回了一条消息')
          : el('div', { class: 'line' },
            message.mine ? avatar(message.from, who) : el('span', { class: 'avatar app', 'aria-hidden': 'true' }, '规'),
            el('span', { class: 'sr' }, `${who}：`),
            el('div', { class: 'content' },
              message.card ? this.card(message) : renderBody(message),
              (message.notes || []).map((note) => el('p', { class: 'note' }, note)))));
  }

  card(message) {
    const press = (key, selected, label) => this.press(message, { key, selected }, label);
    press.menu = (key, label) => this.press(message, { key, menu: true }, label);
    return renderCard(message.card, press, message.id);
  }

  async press(message, what, label) {
    const row = this.rows.get(message.id);
    const user = this.user;
    if (row) lock(row.node, true);
    try {
      const answer = await api.post('/click', { user, message_id: message.id, ...what });
      this.hooks.pressed(user, label, answer);
    } catch (error) {
      this.hooks.failed(error);
    } finally {
      if (row) lock(row.node, false);
    }
    await this.refresh().catch(this.hooks.failed);
    this.toEnd();
  }

  // news shows who else has unread messages; one press switches to them.
  news(unread) {
    const others = unread.filter((one) => one.userid !== this.user);
    this.strip.hidden = others.length === 0;
    replace(this.strip,
      el('span', { class: 'strip-label' }, '新消息'),
      others.slice(0, STRIP).map((one) => el('button', { type: 'button', class: 'chip', dataset: { testid: `news-${one.userid}` },
        'aria-label': `${one.name} 有 ${one.count} 条新消息，换成 ${one.name}`, on: { click: () => this.hooks.choose(one.userid) } },
      one.name, el('b', { class: 'badge' }, one.count > 99 ? '99+' : one.count))),
      others.length > STRIP && el('span', { class: 'strip-label' }, `等 ${others.length} 人`));
  }

  atEnd() { return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 60; }

  toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
    this.resting = true;
    this.pill.hidden = true;
  }

  // settlePill follows a scroll by hand; one that a change of height caused says nothing about where to rest.
  settlePill() {
    if (this.log.clientHeight !== this.height) return;
    this.resting = this.atEnd();
    if (this.resting) this.pill.hidden = true;
  }
}

// normalise turns an entry of /sandbox/api/chat into what the drawing needs. version is the whole entry:
// updated_at is business time, which may stand still while a card changes.
function normalise(raw, user) {
  return { ...raw, version: JSON.stringify(raw), mine: String(raw.from).toLowerCase() === user.toLowerCase() };
}
