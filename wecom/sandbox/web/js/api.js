// The sandbox's control API, and its errors as sentences a person can act on.

import { sentence } from './sentences.js';

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
