// The first visit: three steps, each telling the next thing to do and noticing when it was done.

import { el, replace, button } from './dom.js';
import { workingMinutesLeft } from './time.js';

const ASK = '咨询 报销发票抬头';
const URGENT = '咨询 差旅报销标准 紧急';
const REMEMBER = 'guiju.sandbox.guide';

// A task is done when its `done` accepts an act. `as` is whom to play, `work` how many working minutes must
// be left today for the result to show.
const STEPS = [
  { title: '问', tasks: [
    { as: 'zhaoliu', work: 60, say: ASK, text: (n) => [`扮演销售部的${n('zhaoliu')}，发送`, code(ASK), '。'],
      done: (act) => act.text && act.text.startsWith('咨询') },
  ] },
  { title: '换人答', tasks: [
    { as: 'hejing', text: (n) => [`${n('hejing')}收到了卡片。按卡片上的`, code('回复'), '。'], done: (act) => act.pressed === '回复' },
    { as: 'hejing', say: '抬头写：规矩科技有限公司', text: () => ['应用在等回答。发送', code('抬头写：规矩科技有限公司'), '。'], done: (act) => Boolean(act.text) },
    { as: 'zhaoliu', text: (n) => [`回答到了${n('zhaoliu')}这里。按`, code('已解决'), '，这件事就结了。'], done: (act) => act.pressed === '已解决' },
  ] },
  { title: '拨时钟看超时', tasks: [
    { as: 'zhaoliu', work: 40, say: URGENT, text: (n) => [`再以${n('zhaoliu')}的身份发一条急的：`, code(URGENT), '。这次没人回答。'],
      done: (act) => act.text && act.text.startsWith('咨询') },
    { work: 1, advance: 31, text: () => ['急事要在 30 分钟内回应。按时钟的', code('+31 分钟'), '。'], done: (act) => act.advanced >= 31 },
    { as: 'hejing', text: (n) => [`看看${n('hejing')}收到的提醒和超时通知；她的上级和提问的人也收到了消息，手机上方能看到是谁。`], look: true, done: (act) => act.looked },
  ] },
];
const TASKS = STEPS.flatMap((step, at) => step.tasks.map((task) => ({ ...task, step: at })));

const code = (text) => el('kbd', {}, text);

// Guide draws the steps. hooks: user() and now() tell the present; knows(userid), name(userid); choose(userid), fill(text),
// advance(minutes) and opening() do what a step's button offers.
export class Guide {
  constructor(root, opener, hooks) {
    this.root = root;
    this.hooks = hooks;
    this.at = 0;
    opener.hidden = TASKS.some((task) => task.as && !hooks.knows(task.as)); // another company than the example
    opener.addEventListener('click', () => this.open());
    if (!opener.hidden && recall() !== 'closed') this.open();
  }

  open() {
    if (this.at >= TASKS.length) this.at = 0;
    this.root.hidden = false;
    remember('open');
    this.draw();
  }

  close() {
    this.root.hidden = true;
    remember('closed');
  }

  // notice takes what the person did: {user, text} sent, {user, pressed}, {user, looked}, {advanced} minutes,
  // or {user} alone after a switch to another member.
  notice(act) {
    const task = TASKS[this.at];
    if (task && (!task.as || act.advanced !== undefined || act.user.toLowerCase() === task.as) && task.done(act)) this.at++;
    if (!this.root.hidden) this.draw();
  }

  // ticked redraws when working time begins or ends, since that changes what a step asks.
  ticked(now) {
    const working = workingMinutesLeft(now) > 0;
    if (working !== this.working && !this.root.hidden) this.draw();
    this.working = working;
  }

  draw() {
    const task = TASKS[this.at];
    const step = task ? task.step : STEPS.length;
    replace(this.root,
      el('ol', { class: 'guide-steps' }, STEPS.map((one, i) => el('li', { class: i < step ? 'done' : i === step ? 'now' : '', 'aria-current': i === step ? 'step' : undefined },
        el('span', { class: 'guide-number', 'aria-hidden': 'true' }, i < step ? '✓' : i + 1), one.title))),
      el('div', { class: 'guide-task', 'aria-live': 'polite', dataset: { testid: 'guide-task' } }, task ? this.task(task) : this.end()),
      el('button', { type: 'button', class: 'guide-close', 'aria-label': '收起引导', dataset: { testid: 'guide-close' }, on: { click: () => this.close() } }, '×'));
  }

  task(task) {
    const { text, act } = this.next(task);
    return [el('p', {}, text),
      el('div', { class: 'guide-acts' },
        act && button(act.label, 'primary', act.run, { 'data-testid': 'guide-do' }),
        button('跳过', 'plain', () => { this.at++; this.draw(); }, { 'data-testid': 'guide-skip' }))];
  }

  // next is the sentence and the button for a task, or first for what it still lacks.
  next(task) {
    const left = workingMinutesLeft(this.hooks.now());
    if (task.work && left < task.work) {
      return { text: ['回应时限只算工作时间，现在', left === 0 ? '已经下班' : '快下班了', '。先按时钟的', code('到下一个工作日 9:00'), '。'],
        act: { label: '到下一个工作日', run: () => this.hooks.opening() } };
    }
    const text = task.text(this.hooks.name);
    if (task.as && this.hooks.user().toLowerCase() !== task.as) {
      return { text, act: { label: `换成${this.hooks.name(task.as)}`, run: () => this.hooks.choose(task.as) } };
    }
    if (task.say) return { text, act: { label: '填好这句', run: () => this.hooks.fill(task.say) } };
    if (task.advance) return { text, act: { label: `+${task.advance} 分钟`, run: () => this.hooks.advance(task.advance) } };
    if (task.look) return { text, act: { label: '看完了', run: () => this.notice({ user: this.hooks.user(), looked: true }) } };
    return { text, act: null };
  }

  end() {
    return [el('p', {}, '三步走完了。接着可以按手机底部的菜单，发送 ', code('帮助'), '，在「制造故障」里让接口出错，或者看通信记录里每一条的明文。'),
      el('div', { class: 'guide-acts' },
        button('完成', 'primary', () => this.close(), { 'data-testid': 'guide-finish' }),
        button('从头再来', 'plain', () => { this.at = 0; this.draw(); }))];
  }
}

// Storage may be refused by the browser; the guide then simply opens again next time.
function recall() {
  try { return localStorage.getItem(REMEMBER); } catch { return null; }
}

function remember(state) {
  try { localStorage.setItem(REMEMBER, state); } catch { /* see above */ }
}
