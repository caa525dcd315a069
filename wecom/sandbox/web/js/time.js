// Business time, always shown in Asia/Shanghai, which has had no clock changes since 1991: a fixed +08:00.

const OFFSET = 8 * 3600e3;
const DAYS = ['周日', '周一', '周二', '周三', '周四', '周五', '周六'];
const OPENING = 9 * 60;
const CLOSING = 18 * 60;

// parts splits an instant into what a Shanghai wall clock shows.
function parts(instant) {
  const d = new Date(new Date(instant).getTime() + OFFSET);
  return {
    year: d.getUTCFullYear(), month: d.getUTCMonth() + 1, day: d.getUTCDate(), weekday: d.getUTCDay(),
    minutes: d.getUTCHours() * 60 + d.getUTCMinutes(), seconds: d.getUTCSeconds(),
  };
}

const two = (n) => String(n).padStart(2, '0');
const hm = (p) => `${two(Math.floor(p.minutes / 60))}:${two(p.minutes % 60)}`;

export const clockTime = (instant) => hm(parts(instant));
export const exactTime = (instant) => { const p = parts(instant); return `${hm(p)}:${two(p.seconds)}`; };
export function dayTime(instant) { const p = parts(instant); return `${p.month}月${p.day}日 ${DAYS[p.weekday]} ${hm(p)}`; }
export function fullTime(instant) { const p = parts(instant); return `${p.year}年${dayTime(instant)}`; }
export const isoTime = (instant) => new Date(instant).toISOString();

// chatTime is the divider above a message: the hour today, the day and hour otherwise.
export function chatTime(instant, now) {
  const a = parts(instant);
  const b = parts(now);
  const today = a.year === b.year && a.month === b.month && a.day === b.day;
  return today ? hm(a) : dayTime(instant);
}

// workingMinutesLeft is 0 outside Monday–Friday 9:00–18:00. Public holidays are the app's rulebook's matter
// and unknown here.
export function workingMinutesLeft(instant) {
  const p = parts(instant);
  if (p.weekday === 0 || p.weekday === 6 || p.minutes < OPENING || p.minutes >= CLOSING) return 0;
  return CLOSING - p.minutes;
}

// nextWorkdayOpening is the first 9:00 of a Monday–Friday strictly after the instant, as RFC 3339.
export function nextWorkdayOpening(instant) {
  const local = new Date(new Date(instant).getTime() + OFFSET);
  const opening = new Date(Date.UTC(local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate(), 9));
  while (opening <= local || opening.getUTCDay() === 0 || opening.getUTCDay() === 6) opening.setUTCDate(opening.getUTCDate() + 1);
  return rfc3339(opening.getTime() - OFFSET);
}

// rfc3339 writes an instant with the +08:00 offset, to the second.
export function rfc3339(instant) {
  return new Date(new Date(instant).getTime() + OFFSET).toISOString().slice(0, 19) + '+08:00';
}

// fieldValue and fromField convert to and from <input type="datetime-local">, read as Shanghai time.
export const fieldValue = (instant) => rfc3339(instant).slice(0, 16);
export const fromField = (value) => `${value.length === 16 ? value + ':00' : value}+08:00`;
