// Business time: what it is now, ways to move it forward, and what ran on the way.

import * as api from './api.js';
import { el, replace, button } from './dom.js';
import { fullTime, dayTime, clockTime, exactTime, fieldValue, fromField, nextWorkdayOpening, rfc3339, workingMinutesLeft } from './time.js';

const QUICK = [[1, '+1 分钟'], [10, '+10 分钟'], [20, '+20 分钟'], [31, '+31 分钟']];
const HISTORY = 20;

// Clock shows and moves business time. hooks: ticked(now) whenever the shown time changes; moved(minutes)
// after an advance; failed(error).
export class Clock {
  constructor(root, top, hooks) {
    this.hooks = hooks;
    this.top = top;
    this.base = Date.now();      // business time at the last reading
    this.readAt = this.base;     // page time of that reading
    this.running = false;
    this.moves = [];
    this.face = el('time', { class: 'clock-face', dataset: { testid: 'clock-now' } });
    this.state = el('span', { class: 'clock-state' });
    this.buttons = [
      ...QUICK.map(([minutes, label]) => button(label, 'quick', () => this.advance(minutes), { 'data-testid': `clock-advance-${minutes}m` })),
      button('到下一个工作日 9:00', 'quick wide', () => this.toOpening(), { 'data-testid': 'clock-next-workday' }),
    ];
    this.custom = el('input', { type: 'datetime-local', 'aria-label': '拨到什么时候（北京时间）', dataset: { testid: 'clock-custom' }, required: true });
    this.customButton = el('button', { type: 'submit', class: 'plain' }, '拨到这时');
    this.ran = el('ol', { class: 'clock-ran', 'aria-live': 'polite', 'aria-label': '拨时钟的结果', dataset: { testid: 'clock-ran' } });
    root.append(
      el('div', { class: 'panel-head' }, el('h2', {}, '时钟'), this.state),
      this.face,
      el('div', { class: 'clock-quick' }, this.buttons),
      el('details', { class: 'clock-custom' }, el('summary', {}, '自定义时间'),
        el('form', { on: { submit: (event) => { event.preventDefault(); this.set(fromField(this.custom.value)); } } }, this.custom, this.customButton)),
      this.ran);
    setInterval(() => this.show(), 1000);
  }

  now() { return this.base + (this.running ? Date.now() - this.readAt : 0); }

  async refresh() {
    this.take(await api.get('/clock'));
  }

  take(answer) {
    if (!answer.now) return;
    this.base = new Date(answer.now).getTime();
    this.readAt = Date.now();
    this.running = Boolean(answer.running) && !answer.moving;
    if (document.activeElement !== this.custom) this.custom.value = fieldValue(this.base + 3600e3);
    this.custom.min = fieldValue(this.base);
    this.show();
  }

  show() {
    const now = this.now();
    const text = `${fullTime(now)}`;
    if (text === this.shown) return;
    this.shown = text;
    this.face.textContent = text;
    this.face.setAttribute('datetime', rfc3339(now));
    this.top.textContent = dayTime(now);
    const left = workingMinutesLeft(now);
    this.state.textContent = left > 0 ? '工作时间' : '下班时间';
    this.state.classList.toggle('off', left === 0);
    this.hooks.ticked(now);
  }

  async advance(minutes) {
    if (await this.move({ advance: `${minutes}m` }, `快进 ${minutes} 分钟`)) this.hooks.moved(minutes);
  }

  toOpening() { return this.set(nextWorkdayOpening(this.now())); }

  async set(instant) {
    const minutes = (new Date(instant) - this.now()) / 60e3;
    if (await this.move({ set: instant }, `拨到 ${dayTime(instant)}`)) this.hooks.moved(minutes);
  }

  // move asks for one move and waits until the sandbox has worked through everything due on the way.
  async move(what, label) {
    this.lock(true);
    const from = this.now();
    try {
      const answer = await api.post('/clock', what);
      this.take(answer);
      this.record(label, from, answer);
      return true;
    } catch (error) {
      this.hooks.failed(error);
      await this.refresh().catch(() => {});
      return false;
    } finally {
      this.lock(false);
    }
  }

  lock(moving) {
    for (const b of [...this.buttons, this.customButton]) b.disabled = moving;
    this.face.classList.toggle('moving', moving);
    this.face.setAttribute('aria-busy', String(moving));
  }

  record(label, from, answer) {
    this.moves.unshift({ label, from, ...answer });
    this.moves.length = Math.min(this.moves.length, HISTORY);
    replace(this.ran, this.moves.map((m) => el('li', { class: m.failed > 0 ? 'bad' : '' },
      el('span', {}, `${clockTime(m.from)} → ${exactTime(m.now)}　${m.label}`),
      el('strong', {}, summary(m)))));
  }
}

function summary(m) {
  const parts = [m.ran > 0 ? `办了 ${m.ran} 件到期的事` : '没有到期的事'];
  if (m.failed > 0) parts.push(`${m.failed} 件失败`);
  if (m.waiting > 0) parts.push(`${m.waiting} 件还在等`);
  return parts.join('，');
}
