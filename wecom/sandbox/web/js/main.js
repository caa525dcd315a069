// The page: reads the company, puts the parts together and tells each what concerns it.

import * as api from './api.js';
import { Chat } from './chat.js';
import { Composer } from './composer.js';
import { Members } from './members.js';
import { Traffic } from './traffic.js';
import { Clock } from './clock.js';
import { Faults } from './faults.js';
import { Guide } from './guide.js';
import { Live } from './live.js';
import { Unread } from './unread.js';
import { Toasts } from './toast.js';
import { closePopupsOutside } from './popups.js';

const FIRST = 'zhaoliu'; // whom a newcomer plays first; anybody else if he is not in the company
const TITLES = { assistant: '规矩助手' };
const ROUND = 12; // chats looked at per poll while no hints come

const part = (id) => document.getElementById(id);

class Page {
  constructor() {
    this.user = null;
    this.app = null;
    this.apps = [];
    this.turn = 0;
    this.toasts = new Toasts(part('toasts'));
    const failed = (error) => this.toasts.failed(error);
    const told = (sentence) => this.toasts.told(sentence);
    this.unread = new Unread((counts) => this.showUnread(counts));
    this.members = new Members(part('members'), { choose: (userid) => this.choose(userid) });
    const name = (userid) => this.members.name(userid);
    this.clock = new Clock(part('clock'), part('top-now'), {
      failed,
      ticked: (now) => this.guide && this.guide.ticked(now),
      moved: (minutes) => { this.guide.notice({ advanced: minutes }); this.refreshAll(); },
    });
    this.chat = new Chat(part('phone'), {
      failed, name,
      now: () => this.clock.now(),
      choose: (userid) => this.choose(userid),
      chooseApp: (app) => this.chooseApp(app),
      seen: (userid, app, id) => this.unread.seen(userid, app, id),
      pressed: (user, label, answer) => { this.answered(answer); this.guide.notice({ user, pressed: label }); },
    });
    this.composer = new Composer(part('phone'), {
      failed,
      who: () => ({ user: this.user, app: this.app }),
      sent: (user, what, answer) => { this.answered(answer); this.guide.notice({ user, ...what }); },
      refresh: () => this.chat.refresh().then(() => this.chat.toEnd(), failed),
    });
    this.traffic = new Traffic(part('traffic'), { failed, told, name });
    this.faults = new Faults(part('faults'), { failed, told });
    part('phone').addEventListener('click', (event) => this.opened(event), true);
    for (const tab of document.querySelectorAll('button[data-view]')) tab.addEventListener('click', () => this.view(tab.dataset.view));
  }

  // opened sends links of a chat through the platform, which signs in the member who holds the phone.
  opened(event) {
    const anchor = event.target.closest?.('a[target=_blank]');
    if (!anchor || !this.user || anchor.pathname === '/sandbox/open') return;
    anchor.href = `/sandbox/open?${new URLSearchParams({ user: this.user, url: anchor.href })}`;
  }

  async start() {
    this.view('chat');
    try {
      await this.load();
    } catch (error) {
      this.toasts.failed(error);
      setTimeout(() => this.start(), 3000);
      return;
    }
    this.guide = new Guide(part('guide'), part('guide-open'), {
      name: (userid) => this.members.name(userid),
      knows: (userid) => Boolean(this.members.find(userid)),
      user: () => this.user,
      now: () => this.clock.now(),
      choose: (userid) => this.choose(userid),
      fill: (text) => { this.view('chat'); this.composer.fill(text); },
      advance: (minutes) => this.clock.advance(minutes),
      opening: () => this.clock.toOpening(),
    });
    await this.choose(this.user);
    this.live = new Live({
      hint: (hint) => this.hinted(hint),
      poll: () => this.refreshAll(true),
      state: (state) => this.showLive(state),
    });
    document.body.dataset.ready = 'true';
  }

  // load reads what every part needs before the first picture.
  async load() {
    const [apps] = await Promise.all([api.get('/apps'), this.loadCompany(), this.clock.refresh(), this.traffic.refresh(), this.faults.refresh()]);
    this.apps = (apps.apps || []).map((app) => ({ ...app, title: TITLES[app.name] || app.name }));
    if (this.apps.length === 0 || this.members.members.length === 0) throw new Error('沙箱里没有应用或没有成员。请检查启动参数，然后刷新。');
    this.app = this.apps[0].name;
    this.user = (this.members.find(FIRST) || this.members.members[0]).userid;
    await this.unread.start(this.app, this.members.members.map((m) => m.userid));
  }

  async loadCompany() {
    const [members, departments] = await Promise.all([api.get('/members'), api.get('/departments')]);
    this.members.set(members.members || [], departments.departments || []);
  }

  // choose plays another member.
  async choose(userid) {
    const member = this.members.find(userid);
    if (!member) {
      this.toasts.failed(new Error(`公司里没有 ${userid}。可能已经改名或离职。`));
      return;
    }
    this.user = member.userid;
    this.composer.toggleSheet(false);
    this.view('chat');
    await this.openChat(member);
    this.guide.notice({ user: member.userid });
  }

  async chooseApp(app) {
    this.app = app;
    await this.unread.start(app, this.members.members.map((m) => m.userid)).catch((error) => this.toasts.failed(error));
    await this.openChat(this.members.find(this.user));
  }

  async openChat(member) {
    this.members.mark(member.userid, this.unread.counts);
    const app = this.apps.find((one) => one.name === this.app);
    const results = await Promise.allSettled([this.chat.open(member, app, this.apps), this.composer.loadMenu()]);
    for (const r of results) if (r.status === 'rejected') this.toasts.failed(r.reason);
    this.showUnread(this.unread.counts);
  }

  hinted({ type, user, app }) {
    const mine = user && this.user && user.toLowerCase() === this.user.toLowerCase();
    if (type === 'message' && user && !mine) {
      if (!app || app === this.app) this.watch(this.unread.check(user));
    } else if (type === 'message' || type === 'card') this.watch(this.chat.refresh());
    else if (type === 'traffic') {
      this.watch(this.traffic.refresh());
      if (this.faults.inForce) this.watch(this.faults.refresh()); // the call may have used one up
    } else if (type === 'clock') this.watch(this.clock.refresh());
    else if (type === 'faults') this.watch(this.faults.refresh());
    else if (type === 'contacts') this.watch(this.loadCompany());
    else if (type === 'menu') this.watch(this.composer.loadMenu());
  }

  // refreshAll reads everything that hints would have told; around also looks at some other members' chats.
  refreshAll(around) {
    if (!this.user) return;
    for (const reading of [this.chat.refresh(), this.traffic.refresh(), this.clock.refresh(), this.faults.refresh()]) this.watch(reading);
    if (around) for (let i = 0; i < ROUND; i++) {
      const one = this.members.members[this.turn++ % this.members.members.length];
      if (one && one.userid !== this.user) this.watch(this.unread.check(one.userid));
    }
  }

  watch(reading) {
    reading.then(() => this.toasts.connected(), (error) => { if (error.status !== 0 || this.offline) this.toasts.failed(error); });
  }

  // answered says what went wrong between platform and app, which a real member would only feel as silence.
  answered({ status, error, reply }) {
    if (status === 0) this.toasts.failed(new Error(`应用没有应答${error ? `（${error}）` : ''}，企业微信会再投递几次。请看看应用是否在运行。`));
    else if (status !== undefined && status !== 200) this.toasts.failed(new Error(`应用答了 HTTP ${status}，企业微信会再投递几次。请看通信记录最上面的红色行。`));
    else if (reply && reply.applied === false) this.toasts.failed(new Error(`企业微信没有采用应用的被动回复${reply.note ? `：${reply.note}` : ''}。`));
  }

  showUnread(counts) {
    this.members.mark(this.user, counts);
    this.chat.news([...counts].map(([key, count]) => ({ userid: this.members.find(key)?.userid || key, name: this.members.name(key), count })));
    const total = [...counts].reduce((sum, [key, count]) => sum + (this.user && key === this.user.toLowerCase() ? 0 : count), 0);
    const badge = part('tab-unread');
    badge.hidden = total === 0;
    badge.textContent = total > 99 ? '99+' : String(total);
  }

  showLive(state) {
    this.offline = state !== 'live';
    const sign = part('live');
    sign.dataset.state = state;
    sign.textContent = state === 'live' ? '实时' : '正在重连';
  }

  // view picks what a narrow screen shows, and on a wide one which of log and faults stands beside the phone.
  view(name) {
    document.body.dataset.view = name;
    if (name === 'traffic' || name === 'faults') document.body.dataset.side = name;
    document.body.dataset.side ||= 'traffic';
    for (const tab of document.querySelectorAll('button[data-view]')) {
      const on = tab.closest('.side-tabs') ? tab.dataset.view === document.body.dataset.side : tab.dataset.view === name;
      tab.setAttribute('aria-pressed', String(on));
    }
  }
}

closePopupsOutside();
new Page().start();
