// The control API speaks to programs; here its refusals become what a person should read.

const KNOWN = [
  [/never goes backwards/, '时钟只能往前拨，不能往回。'],
  [/button is dead/, '这张卡片已经处理过，按钮不能再按了。'],
  [/choose one option/, '请先选一项再提交。'],
  [/choice is disabled/, '这张卡片的选项已经锁定，不能再提交。'],
  [/no such (submit )?button|no such entry|no question|no option/, '卡片刚刚变了，没有这一项了。请看看它现在的样子再按。'],
  [/no such message/, '这条消息已经不在了，可能被撤回。'],
  [/进入应用事件 is not ticked/, '这个应用没有勾选「上报进入应用事件」，所以收不到。'],
  [/地理位置 is not ticked/, '这个应用没有勾选「上报地理位置」，所以收不到。'],
  [/outside its visible range/, '应用已停用，或者这位成员不在它的可见范围里。'],
  [/is not active/, '这位成员没有激活或已经离职，不能发消息。'],
  [/no member/, '公司里没有这位成员，可能已经改名或离职。'],
  [/no app/, '沙箱里没有这个应用。'],
  [/within ±/, '纬度要在 ±90 之间，经度要在 ±180 之间。'],
  [/longer than/, '内容太长，请缩短后再发。'],
  [/too many callbacks/, '排队的回调太多了，请等几秒再试。'],
  [/too many listeners/, '打开的沙箱页面太多了，请关掉一些。'],
  [/platform is stopping/, '沙箱正在停止。'],
];

// sentence is what to show for a refused call: status is the HTTP status, error and field are the API's own.
export function sentence(status, error, field) {
  const said = String(error || '').replace(/[。.]$/, '');
  const known = KNOWN.find(([pattern]) => pattern.test(said));
  if (known) return known[1];
  if (status === 504) return '拨了 60 秒还没有安静下来：可能有任务一直在重试。请看通信记录里的红色行，处理后再拨一次。';
  const where = field ? `（${field}）` : '';
  if (said && /[\u4e00-\u9fff]/.test(said)) return `${said}${where}。`;
  if (said) return `沙箱没有接受：${field ? field + ' ' : ''}${said}。`;
  if (status === 404) return '沙箱里没有这一项，可能已经被删除。请刷新本页。';
  if (status >= 500) return `沙箱内部出错（HTTP ${status}）。请看运行窗口里的日志。`;
  return `沙箱没有接受这次操作（HTTP ${status}）。`;
}
