// The five template cards (模板卡片), drawn part by part as the WeCom client draws them. Part names are those
// of message/send [90236]; which part may stand in which card is the sandbox server's concern.

import { el, link, button, icon, safeURL } from './dom.js';
import { picture } from './picture.js';

const MORE = 'M5 12h.01M12 12h.01M19 12h.01';
const FILE = 'M7 3h7l4 4v14H7zM14 3v4h4';

// renderCard draws a card in its present state for one member.
// press(key, selected, label) submits a button, press.menu(key, label) a top-right menu entry.
export function renderCard(card, press, id) {
  const choices = new Choices(id);
  const dead = Boolean(card.replace_text);
  const root = el('article', { class: 'card', dataset: { cardType: card.card_type || '' }, 'aria-label': cardName(card) },
    header(card, press),
    pictureArea(card),
    mainTitle(card.main_title),
    imageText(card.image_text_area),
    quote(card.quote_area),
    emphasis(card.emphasis_content),
    card.sub_title_text && el('p', { class: 'card-sub' }, card.sub_title_text),
    vertical(card.vertical_content_list),
    horizontal(card.horizontal_content_list),
    jumps(card.jump_list),
    selection(card.button_selection, choices, dead),
    checkbox(card.checkbox, choices, dead),
    list(card.select_list).map((one) => selection(one, choices, dead)),
    foot(card, choices, press, dead),
    wholeCardLink(card.card_action),
  );
  return root;
}

// lock makes every control of a drawn card inert while a press is on its way.
export function lock(node, locked) {
  node.classList.toggle('busy', locked);
  for (const control of node.querySelectorAll('button, select, input')) {
    if (!control.dataset.dead) control.disabled = locked;
  }
}

function cardName(card) {
  const title = card.main_title && card.main_title.title;
  return `卡片：${title || card.sub_title_text || (card.source && card.source.desc) || '无标题'}`;
}

function header(card, press) {
  const source = card.source || {};
  const menu = actionMenu(card.action_menu, press);
  if (!source.desc && !source.icon_url && !menu) return null;
  return el('header', { class: 'card-source' },
    source.icon_url && picture(source.icon_url, 'card-icon', ''),
    el('span', { class: `source-desc color-${colour(source.desc_color)}` }, source.desc || ''),
    menu);
}

const colour = (n) => ([1, 2, 3].includes(Number(n)) ? Number(n) : 0);

function actionMenu(menu, press) {
  const actions = list(menu && menu.action_list);
  if (actions.length === 0) return null;
  const details = el('details', { class: 'card-menu' },
    el('summary', { 'aria-label': '更多操作', dataset: { testid: 'card-menu' } }, icon(MORE)),
    el('div', { class: 'card-menu-sheet' },
      menu.desc && el('p', { class: 'card-menu-desc' }, menu.desc),
      actions.map((action) => button(action.text, 'card-menu-entry', () => {
        details.open = false;
        press.menu(action.key, action.text);
      }, { 'data-key': action.key }))));
  return details;
}

function pictureArea(card) {
  return card.card_image && picture(card.card_image.url, 'card-image', '卡片图片');
}

function mainTitle(title) {
  if (!title || (!title.title && !title.desc)) return null;
  return el('div', { class: 'card-title' },
    title.title && el('h3', {}, title.title),
    title.desc && el('p', {}, title.desc));
}

function imageText(area) {
  if (!area) return null;
  return target(area, 'card-image-text',
    el('div', {}, area.title && el('strong', {}, area.title), area.desc && el('p', {}, area.desc)),
    picture(area.image_url, 'card-thumb', ''));
}

function emphasis(content) {
  if (!content || (!content.title && !content.desc)) return null;
  return el('div', { class: 'card-emphasis' },
    content.title && el('strong', {}, content.title),
    content.desc && el('span', {}, content.desc));
}

function quote(area) {
  if (!area || (!area.title && !area.quote_text)) return null;
  return target(area, 'card-quote',
    area.title && el('strong', {}, area.title),
    area.quote_text && el('p', {}, area.quote_text));
}

function vertical(rows) {
  return list(rows).map((row) => el('div', { class: 'card-vertical' },
    el('strong', {}, row.title), row.desc && el('p', {}, row.desc)));
}

function horizontal(rows) {
  if (list(rows).length === 0) return null;
  return el('dl', { class: 'card-rows' }, list(rows).map((row) => el('div', {},
    el('dt', {}, row.keyname),
    el('dd', {}, rowValue(row)))));
}

function rowValue(row) {
  switch (Number(row.type)) {
    case 1: return link(row.url, 'card-link', row.value || row.url);
    case 2: return el('span', { class: 'card-link card-file', title: `附件 ${row.media_id || ''}` }, icon(FILE), row.value || '附件');
    case 3: return el('span', { class: 'card-link', title: `成员 ${row.userid || ''}` }, row.value || row.userid);
    default: return row.value || '';
  }
}

function jumps(rows) {
  if (list(rows).length === 0) return null;
  return el('div', { class: 'card-jumps' }, list(rows).map((row) => target(row, 'card-jump', el('span', {}, row.title))));
}

// target is a part that may lead somewhere: 1 a web address, 2 a mini program (not run here), else nowhere.
function target(part, className, ...children) {
  if (Number(part.type) === 1) return link(part.url, className + (safeURL(part.url) ? ' leads' : ''), children);
  if (Number(part.type) === 2) return el('div', { class: className, title: `小程序 ${part.appid || ''}（沙箱里打不开）` }, children);
  return el('div', { class: className }, children);
}

// selection is button_selection or one entry of select_list: a drop-down; without a valid selected_id the
// first option stands, as WeCom does it.
function selection(part, choices, dead) {
  if (!part) return null;
  const fixed = dead || Boolean(part.disable);
  const options = list(part.option_list);
  const chosen = options.some((o) => o.id === part.selected_id) ? part.selected_id : options[0] && options[0].id;
  const select = el('select', { class: 'card-select', disabled: fixed, 'aria-label': part.title || '请选择',
    dataset: { question: part.question_key, ...(fixed && { dead: '1' }) } },
  options.map((o) => el('option', { value: o.id, selected: o.id === chosen }, o.text)));
  choices.add(part.question_key, () => (select.value === '' ? [] : [select.value]));
  return el('label', { class: 'card-question' }, part.title && el('span', {}, part.title), select);
}

// checkbox is the vote: mode 0 one option, mode 1 any number.
function checkbox(part, choices, dead) {
  if (!part) return null;
  const fixed = dead || Boolean(part.disable);
  const many = Number(part.mode) === 1;
  const inputs = list(part.option_list).map((o) => el('input', {
    type: many ? 'checkbox' : 'radio', name: choices.group(part.question_key), value: o.id,
    checked: o.is_checked === true, disabled: fixed, dataset: { question: part.question_key, ...(fixed && { dead: '1' }) },
  }));
  choices.add(part.question_key, () => inputs.filter((i) => i.checked).map((i) => i.value));
  return el('fieldset', { class: 'card-vote' },
    el('legend', {}, many ? '可多选' : '单选'),
    list(part.option_list).map((o, i) => el('label', {}, inputs[i], el('span', {}, o.text))));
}

// foot holds the buttons: the dead grey one after an update with replace_text, else those of the card.
function foot(card, choices, press, dead) {
  if (dead) {
    return el('div', { class: 'card-foot' },
      button(card.replace_text, 'card-button dead', null, { disabled: true, 'data-dead': '1', 'data-testid': 'card-dead' }));
  }
  const buttons = list(card.button_list).map((b) => cardButton(b, choices, press));
  if (card.submit_button) buttons.push(cardButton({ text: '提交', ...card.submit_button, style: 1 }, choices, press));
  if (buttons.length === 0) return null;
  return el('div', { class: 'card-foot' + (buttons.length > 2 ? ' many' : '') }, buttons);
}

function cardButton(spec, choices, press) {
  const style = [1, 2, 3, 4].includes(Number(spec.style)) ? Number(spec.style) : 1;
  const look = `card-button style-${style}`;
  if (Number(spec.type) === 1) return link(spec.url, look, spec.text);
  return button(spec.text, look, () => press(spec.key, choices.selected(), spec.text), { 'data-key': spec.key });
}

function wholeCardLink(action) {
  if (!action || Number(action.type) === 0 || !action.type) return null;
  if (Number(action.type) === 2) return el('div', { class: 'card-jump card-open' }, el('span', {}, '打开小程序（沙箱里打不开）'));
  return safeURL(action.url) && link(action.url, 'card-jump card-open leads', el('span', {}, '查看详情'));
}

const list = (value) => (Array.isArray(value) ? value : []);

// Choices collects what is selected in one card when a button is pressed: {question_key: [option id]}.
class Choices {
  constructor(id) {
    this.id = id;
    this.readers = new Map();
  }

  add(question, read) { this.readers.set(question, read); }

  // group names the radio group of a question; it differs between two copies of one card in a chat.
  group(question) { return `card-${this.id}-${question}`; }

  selected() {
    if (this.readers.size === 0) return undefined;
    return Object.fromEntries([...this.readers].map(([question, read]) => [question, read()]));
  }
}
