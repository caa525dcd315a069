// The sandbox's control API, and its errors as sentences a person can act on.

const BASE = '/sandbox/api';

// ApiError's message is a whole Chinese sentence, ready to show. status is 0 when nothing answered.
export class ApiError extends Error {
  constructor(message, status, field) {
    super(message);
    this.status = status;
    this.field = field;
  }
}

export const get = (path, query) => call('GET', path, query);
export const post = (path, body) => call('POST', path, null, body);
export const remove = (path, body) => call('DELETE', path, null, body);

// streamURL is where server-sent events come from; each is only a hint to read again.
export const streamURL = BASE + '/stream';

async function call(method, path, query, body) {
  const address = BASE + path + (query ? '?' + new URLSearchParams(query) : '');
  const options = { method, cache: 'no-store', headers: { Accept: 'application/json' } };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers['Content-Type'] = 'application/json';
  }
  let response;
  try {
    response = await fetch(address, options);
  } catch {
    throw new ApiError('连不上沙箱。请看看运行 guiju sandbox 的窗口是否还开着，开着的话刷新本页。', 0);
  }
  const answer = await readJSON(response);
  if (!response.ok) throw refusal(response.status, answer);
  return answer;
}

async function readJSON(response) {
  const text = await response.text();
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    if (!response.ok) return {};
    throw new ApiError('沙箱的回答看不懂（不是 JSON）。请确认页面和沙箱是同一个版本，然后刷新。', response.status);
  }
}

function refusal(status, answer) {
  const { error, field } = answer || {};
  return new ApiError(sentence(status, error, field), status, field);
}

function sentence(status, error, field) {
  const where = field ? `（${field}）` : '';
  const said = error ? String(error).replace(/[。.]$/, '') : '';
  if (status === 504) return '拨了 60 秒还没有安静下来：可能有任务一直在重试。请看通信记录里的红色行，处理后再拨一次。';
  if (said && /[\u4e00-\u9fff]/.test(said)) return `${said}${where}。`;
  if (said) return `沙箱没有接受：${said}${where}。`;
  if (status === 404) return '沙箱里没有这一项，可能已经被删除。请刷新本页。';
  if (status >= 500) return `沙箱内部出错（HTTP ${status}）。请看运行窗口里的日志。`;
  return `沙箱没有接受这次操作（HTTP ${status}）。`;
}
